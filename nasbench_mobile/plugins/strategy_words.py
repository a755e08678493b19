"""Strategies as people write them on a command line: name, options after a colon, label."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.types import StrategySpec


def parse_strategies(text: str) -> list[StrategySpec]:
    """Read `random,ppo:learning_rate=8e-4,entropy=1e-4,my.py:Mine` as specs, in order.

    A piece with `=` but no name before it continues the options of the strategy to its left.

    >>> [spec.label for spec in parse_strategies("random,ppo:clip=0.1,epochs=2")]
    ['random', 'ppo:clip=0.1,epochs=2']
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for piece in (piece.strip() for piece in text.split(",")):
        head, equals, _ = piece.partition("=")
        if equals and ":" not in head and found:
            _add(piece, *found[-1])
            continue
        name, option = piece, ""
        if equals:
            name, _, key = head.rpartition(":")
            option = piece[len(name) + 1 :]
            if not key:
                raise UsageError(f"strategy {piece!r} has an option without a name")
        if not name:
            raise UsageError(f"an empty strategy name in {text!r}; separate names by one comma")
        found.append((name, {}))
        if option:
            _add(option, *found[-1])
    specs = [StrategySpec(name, options) for name, options in found]
    check_labels(specs)
    return specs


def check_labels(specs: Sequence[StrategySpec]) -> None:
    """`UsageError` where two strategies have one label."""
    labels = [spec.label for spec in specs]
    for label in labels:
        if labels.count(label) > 1:
            raise UsageError(f"strategy {label!r} is listed twice; name each once")


def parse_labelled(text: str) -> StrategySpec:
    """Read `LABEL=SPEC`, which is split at the first `=`, as a spec with that label.

    SPEC is one name with its options, in which commas within brackets and quotes part nothing.

    >>> parse_labelled("small=ppo:batch_size=5,clip=0.1").options
    {'batch_size': 5, 'clip': 0.1}
    """
    label, equals, words = text.partition("=")
    found = _SPEC.fullmatch(words.strip())
    if not equals or not label.strip() or found is None:
        raise UsageError(
            f"--strategy is {text!r}; write LABEL=SPEC, like mine=my_strategy.py:MyStrategy or "
            "small=ppo:batch_size=5,clip=0.1"
        )
    options: dict[str, Any] = {}
    for piece in _pieces(found["options"]) if found["options"] is not None else ():
        _add(piece, found["name"], options)
    return StrategySpec(found["name"], options, alias=label.strip())


_SPEC = re.compile(r"(?P<name>.*?\.py:\w+|[^:=,]+)(?::(?P<options>.*))?", re.DOTALL)
"""Matches the name of a strategy: a file's path, or a name without characters of the grammar."""


def spec_words(spec: StrategySpec) -> str:
    """The name and options of a spec, as `parse_labelled` reads them after the first `=`."""
    given = ",".join(f"{key}={_value(value)}" for key, value in spec.options.items())
    return f"{spec.name}:{given}" if given else spec.name


def labelled_words(spec: StrategySpec) -> str:
    """A spec as `parse_labelled` reads it; a label that is not an alias loses its `=`."""
    return f"{spec.label.replace('=', ' ')}={spec_words(spec)}"


def means_itself(spec: StrategySpec) -> bool:
    """Whether a spec's label means it in a list of strategies, so that it can be said there."""
    try:
        return parse_strategies(spec.label) == [spec]
    except UsageError:
        return False


def _value(value: Any) -> str:
    """A value as `option_value` reads it: text as it is where that means itself, else quoted."""
    plain = isinstance(value, str) and re.fullmatch(r"[\w./+-]+", value)
    return str(value) if plain and option_value(str(value)) == value else repr(value)


def _pieces(text: str) -> Iterator[str]:
    """A text cut at its commas, but for those within quotes and brackets."""
    piece, depth = "", 0
    for part in re.findall(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.""", text, re.DOTALL):
        depth += (part in "([{") - (part in ")]}") if len(part) == 1 else 0
        if part == "," and depth <= 0:
            yield piece.strip()
            piece = ""
        else:
            piece += part
    yield piece.strip()


def _add(text: str, name: str, options: dict[str, Any]) -> None:
    """Put the option of a text like `clip=0.1` to those of a strategy."""
    key, value = _option(text)
    if key in options:
        raise UsageError(f"strategy {name!r} is given option {key!r} twice; give it once")
    options[key] = value


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise UsageError(f"strategy option {text!r} is not of the form name=value")
    return key, option_value(value)


WORDS = {"true": True, "false": False, **dict.fromkeys(("nan", "inf", "infinity"), math.nan)}
"""Words that do not mean themselves; the last three are numbers that no option may have."""


def option_value(text: str) -> Any:
    """What the text of an option means: a Python literal, true, false, or the text itself.

    >>> option_value("8e-4"), option_value("true"), option_value("adam")
    (0.0008, True, 'adam')
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # on escapes in quotes that mean nothing
            return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return WORDS.get(text.lower().lstrip("+-"), text)
