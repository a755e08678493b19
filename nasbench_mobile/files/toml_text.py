"""Text in TOML: what a reader of TOML gives back as it was."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import changed_by_json

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(values: Mapping[str, Any]) -> str:
    """A file's text: plain values first, then a table for every map, maps within maps likewise.

    Values are text, numbers, True and False, and lists and maps of them. `UsageError` names the
    key of one that TOML has no form for, None among them.

    >>> print(toml_text({"version": 1, "space": {"name": "mnasnet", "blocks": 7}}), end="")
    version = 1
    <BLANKLINE>
    [space]
    name = "mnasnet"
    blocks = 7
    """
    return "\n".join(_table((), values)).removeprefix("\n") + "\n"


def _table(place: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a table whose name is `place`, and of those within it."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    if place and (plain or not tables):
        yield from ("", f"[{'.'.join(map(_key, place))}]")
    for key, value in plain.items():
        yield f"{_key(key)} = {_value((*place, key), value)}"
    for key, table in tables.items():
        yield from _table((*place, key), table)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _value(place: tuple[str, ...], value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() if changed_by_json(value) is None:
            return _quoted(value)
        case int():
            return str(int(value))
        case float():
            return _number(float(value))
        case list() | tuple():
            return f"[{', '.join(_value(place, item) for item in value)}]"
        case Mapping():
            items = (f"{_key(key)} = {_value(place, item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
    name = ".".join(map(str, place))
    raise UsageError(f"{name} is {value!r}, which a TOML file cannot hold; give another value")


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _quoted(text: str) -> str:
    """A basic string: TOML escapes as JSON does, and beside that the control character 127."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
