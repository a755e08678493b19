"""The page of the reproduction: every claim, every printed figure with ours, every picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from nasbench_mobile.report.wording import NOTHING


def page(
    *,
    claims: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    tables: Sequence[Mapping[str, Any]],
    experiments: Sequence[Mapping[str, Any]],
    cost: Mapping[str, float],
    quick: bool,
) -> str:
    """HTML of one page without network and scripts; all text is escaped, pictures are inside.

    `claims`: {id, section, statement, paper, check, tolerance, experiment, contradiction, status,
    detail, benchmark}. `counts`: claims by status. `tables`: {title, keys, columns, rows: [{key,
    cells: [{paper, ours, how}]}]}. `experiments`: records with `pictures` as {caption, base64}.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"figure": _figure, "slug": _slug, "duration": _duration}
    contradictions = sum(
        claim["contradiction"] and claim["status"] == "does not hold" for claim in claims
    )
    template = environment.from_string(_text("reproduction.html"))
    return template.render(
        claims=claims, counts=counts, tables=tables, experiments=experiments, cost=cost,
        quick=quick, contradictions=contradictions, css=Markup(_text("style.css")),
    )  # fmt: skip


def _text(name: str) -> str:
    return resources.files("nasbench_mobile.report").joinpath(name).read_text(encoding="utf-8")


def _figure(value: Any) -> str:
    """A cell: numbers to four digits, a dash for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _slug(status: str) -> str:
    """A status as a class name of the page."""
    return {"exact": "good", "holds on our benchmark": "good", "does not hold": "bad"}.get(
        status, "open"
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.1f} s"
