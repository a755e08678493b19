"""The documentation page of the strategies, written from what their classes say."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.types import StrategyCard

HEAD = """\
# Strategies

What `nasbench-mobile list strategies` knows, as a page; it is written by
`nasbench-mobile list strategies --page > docs/strategies.md` and a test keeps it equal.
Options are given after the name, as in `--strategies ppo:learning_rate=8e-4,random`. Every strategy
says in its class's docstring which of its defaults are its authors' and what it does with failed
trials. *Starts warm* says which can be started from known architectures.
"""


def strategy_rows() -> list[dict[str, Any]]:
    """One row per strategy: name, family, library, options with defaults, source and so on."""
    return [_row(name) for name in catalog.names("strategy")]


def strategy_page() -> str:
    """The page in Markdown: a table of the built-in strategies, then a paragraph each."""
    built_in = {*catalog.BUILT_IN["strategy"], *catalog.VARIANTS}
    rows = [row for row in strategy_rows() if row["name"] in built_in]
    lines = [HEAD, "| strategy | family | library | starts warm |", "|---|---|---|---|"]
    for row in rows:
        warm = "yes" if row["starts_warm"] else "-"
        lines.append(f"| `{row['name']}` | {row['family']} | {row['library']} | {warm} |")
    for row in rows:
        lines += ["", f"## {row['name']}", "", _paragraph(row)]
        if row["options"]:
            listed = ", ".join(f"`{key}={value}`" for key, value in row["options"].items())
            lines += ["", _wrapped(f"Options and defaults: {listed}.")]
        lines += ["", _wrapped(f"Source: {row['source']}.")]
    return "\n".join(lines) + "\n"


def _row(name: str) -> dict[str, Any]:
    factory = catalog.load("strategy", name)
    card: StrategyCard | None = getattr(factory, "card", None)
    return {
        "name": name,
        "family": card.family if card else None,
        "library": card.library if card else None,
        "options": catalog.default_options(factory),
        "starts_warm": hasattr(factory, "start"),
        "source": card.source if card else None,
        "shines": card.shines if card else None,
        "summary": summary(name, factory),
    }


def summary(name: str, factory: Any) -> str:
    """A variant's sentence from the catalogue, else the first paragraph of the class."""
    if name in catalog.VARIANTS:
        return catalog.VARIANTS[name][2]
    return " ".join((inspect.getdoc(factory) or "").partition("\n\n")[0].split())


def _paragraph(row: dict[str, Any]) -> str:
    return _wrapped(row["summary"]) + "\n\n" + _wrapped(f"**Shines:** {row['shines']}")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)
