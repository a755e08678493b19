"""What made a result: a strategy's code, and every option of it with its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.files.json_values import changed_by_json
from nasbench_mobile.plugins.code_files import Code
from nasbench_mobile.types import StrategySpec

BUILT_IN = "built-in"
"""The code of a strategy of this package, whose version is among those of a run's libraries."""


@dataclass(frozen=True, slots=True)
class Made:
    """What makes a strategy's results, beside its explicit options.

    `code` is `sha256:HEX` of a file and the modules beside it that it imports (`code_files`),
    `DISTRIBUTION VERSION` of an installed package, or `built-in`; None where a study began before
    code was recorded. `defaults` are the options that were not given, with their values; one that
    JSON would change is left out, as its code stands for it.
    """

    code: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


def made_now(spec: StrategySpec) -> Made:
    """What would make results of a strategy now; `UsageError` where there is no such strategy."""
    return Made(code_now(spec.name), defaults_now(spec))


def code_now(name: str, kind: catalog.CatalogKind = "strategy") -> str:
    """The code behind the name of a strategy, or of another part, as `Made.code` says it."""
    behind = catalog.code_behind(kind, name)
    if behind is None:
        return BUILT_IN
    if isinstance(behind, Code):
        return f"sha256:{behind.sha256}"
    return f"{behind.name} {behind.version}"


def defaults_now(spec: StrategySpec) -> dict[str, Any]:
    """Keyword options of a strategy that `spec` does not give, and their values.

    None of them is known of a strategy that takes any option (`**options`).
    """
    known = catalog.known_defaults(catalog.load("strategy", spec.name))
    return {
        name: value
        for name, value in known.items()
        if name not in spec.options and changed_by_json(value) is None
    }


def with_defaults(spec: StrategySpec, defaults: Mapping[str, Any]) -> StrategySpec:
    """The spec with the recorded defaults among its options: what a run is built from."""
    return StrategySpec(spec.name, {**defaults, **spec.options})


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Installed distributions by the modules they bring; a third of a second to find out."""
    return metadata.packages_distributions()


def needed_by(kind: catalog.CatalogKind, name: str) -> tuple[str, ...]:
    """The distributions behind a name: its own and what that needs, or those a file imports.

    A built-in name has none. Some may not be installed.
    """
    behind = catalog.code_behind(kind, name)
    if behind is None:
        return ()
    if isinstance(behind, Code):
        by_module = _distributions()
        return tuple(sorted({one for top in behind.outside for one in by_module.get(top, ())}))
    needed = [text for text in behind.requires or () if "extra ==" not in text]
    found = (re.match(r"[\w.-]+", text) for text in needed)
    return (behind.name, *(one[0] for one in found if one))
