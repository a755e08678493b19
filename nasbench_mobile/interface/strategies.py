"""Strategies as Python users give them, each with a name under which it can be found again."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any, TypeAlias

from nasbench_mobile import catalog
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.plugins.session_code import session_source
from nasbench_mobile.plugins.strategy_words import parse_strategies
from nasbench_mobile.types import StrategySpec

StrategyLike: TypeAlias = str | StrategySpec | Callable[..., Any]
"""A name (options after a colon), a spec, or a class or factory built as
`strategy(decisions, seed, budget, **options)`; a `functools.partial` of one fixes options."""

CODE = "code"
"""Folder, beside results, of classes that were written in a notebook or a script."""


@dataclass(frozen=True, slots=True)
class NamedStrategy:
    """A strategy's spec and, of a class that a session alone has, its text for the spec's file."""

    spec: StrategySpec
    source: str | None = None

    @property
    def file(self) -> Path:
        """The file in the spec's name, of one with a source."""
        return Path(self.spec.name.rpartition(":")[0])

    @property
    def sha256(self) -> str | None:
        """That of the source, where there is one."""
        return None if self.source is None else hashlib.sha256(self.source.encode()).hexdigest()


def named(strategy: StrategyLike, folder: Path, label: str | None = None) -> NamedStrategy:
    """A strategy by a name that finds its code again; code of a session goes into `folder`.

    `label` is what tables call it; classes in files go by their own name unless they have one.
    `UsageError` says why there is no such name, or what is wrong with what was given.
    """
    if isinstance(strategy, str | StrategySpec):
        spec = parsed(strategy) if isinstance(strategy, str) else strategy
        return NamedStrategy(spec if label is None else replace(spec, alias=label))
    thing, options = unwrapped(strategy)
    known = catalog.name_of("strategy", thing)
    if known is not None:
        return NamedStrategy(StrategySpec(known, options, alias=label))
    alias = label or thing.__name__
    if (file := _importable_file(thing)) is not None:
        return NamedStrategy(StrategySpec(f"{file}:{thing.__name__}", options, alias))
    place = folder.resolve() / f"{thing.__name__}.py"
    return NamedStrategy(
        StrategySpec(f"{place}:{thing.__name__}", options, alias), session_source(thing)
    )


def parsed(words: str) -> StrategySpec:
    """One strategy as the command line writes it, `ppo:learning_rate=8e-4` for instance."""
    specs = parse_strategies(words)
    if len(specs) != 1:
        raise UsageError(f"{words!r} names {len(specs)} strategies; give a list of single names")
    return specs[0]


def unwrapped(strategy: Callable[..., Any]) -> tuple[Any, dict[str, Any]]:
    """The class or function of a strategy, and the options that a `partial` gives it."""
    options: dict[str, Any] = {}
    thing: Any = strategy
    while isinstance(thing, partial) and not thing.args:
        options = {**thing.keywords, **options}
        thing = thing.func
    if not isinstance(thing, type | FunctionType):
        built = hasattr(thing, "ask") and hasattr(thing, "tell")
        remedy = (
            "give its class, because every run needs a strategy of its own"
            if built
            else "give a name, a class or a function that builds a strategy"
        )
        raise UsageError(f"a strategy is {thing!r}, a {type(thing).__name__}; {remedy}")
    if inspect.isclass(thing):
        missing = [name for name in ("ask", "tell") if not hasattr(thing, name)]
        if missing:
            raise UsageError(
                f"the class {thing.__name__} has no method `{missing[0]}`; a strategy has "
                "`ask(count)` and `tell(trials)`"
            )
    return thing, options


def _importable_file(thing: Any) -> Path | None:
    """The file that defines a class at its top; None where it has none, or is a script's."""
    module = sys.modules.get(thing.__module__)
    file = getattr(module, "__file__", None)
    if thing.__module__ == "__main__" or file is None or getattr(
        module, thing.__qualname__, None
    ) is not thing:  # fmt: skip
        return None
    return Path(file).resolve() if file.endswith(".py") else None


def write_code(strategies: Mapping[str, NamedStrategy], keep: bool, remedy: str = "") -> None:
    """Write the files of those with a source, by label.

    With `keep` a file that is there with other code is a `UsageError`, which ends with the remedy,
    and nothing is written.
    """
    files: dict[Path, str] = {}
    for label, one in strategies.items():
        if one.source is None:
            continue
        if files.setdefault(one.file, one.source) != one.source:
            raise UsageError(
                f"two classes of the name {one.file.stem} are compared; give one another name"
            )
        there = one.file.read_text(encoding="utf-8") if one.file.is_file() else one.source
        if keep and there != one.source:
            raise UsageError(other_code(label, remedy))
    for file, source in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, source)


def other_code(label: str, remedy: str) -> str:
    """What is said where results of other code of a strategy are there."""
    return (
        f"the code of {label!r} has changed since its results there were made, and old and new "
        f"results would stand under one label; {remedy}"
    )
