"""Which values a JSON file gives back as they were: what options and plans are made of."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import shown


def changed_by_json(value: Any) -> str | None:
    """Why a JSON file would not give `value` back as it is, in words; None where it would.

    >>> changed_by_json({"rates": [0.5, 1]}) is None
    True
    >>> changed_by_json((1, 2))
    'a tuple would come back as a list'
    """
    match value:
        case None | bool():
            return None
        case str():
            return _changed_text(value)
        case float() if type(value) is float:
            return None if math.isfinite(value) else "JSON has no such number"
        case int() if type(value) is int:
            return None
        case tuple():
            return "a tuple would come back as a list"
        case list() if type(value) is list:
            return next(filter(None, map(changed_by_json, value)), None)
        case dict() if type(value) is dict:
            if wrong := [key for key in value if type(key) is not str]:
                return f"its key {wrong[0]!r} would come back as text, or not at all"
            parts = [*value, *value.values()]
            return next(filter(None, map(changed_by_json, parts)), None)
    return f"JSON has nothing for a {type(value).__name__}"


def _changed_text(value: str) -> str | None:
    if type(value) is not str:
        return f"a {type(value).__name__} would come back as plain text"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "it is not text that can be written as UTF-8"
    return None


def kept_options(who: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of options that are to be written down; `UsageError` names the first that cannot be.

    `who` says whose they are, such as `strategy 'ppo'`.
    """
    for name, value in options.items():
        reason = changed_by_json(value)
        if type(name) is not str or not name.isidentifier():
            raise UsageError(f"{who} has an option {name!r}; an option's name is an identifier")
        if reason is not None:
            raise UsageError(
                f"{who} has option {name} = {value!r}, which the study's files cannot keep: "
                f"{reason}; give finite numbers, text, True, False, None, or lists and maps of them"
            )
    return copy.deepcopy(dict(options))


def checked_whole_number(name: str, value: Any, least: int, most: int | None = None) -> int:
    """`value` as an int, numpy's ints included; `UsageError` where it is none or out of range."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{name} is {shown(value)}; it must be a whole number")
    number = int(value.__index__())
    if number < least:
        raise UsageError(f"{name} is {shown(number)}; it must be at least {least}")
    if most is not None and number > most:
        raise UsageError(f"{name} is {shown(number)}; it must be at most {most:,}")
    return number
