"""Files that hold one JSON map: read whole, and every damage told as a sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from nasbench_mobile.errors import LogError

Form = Literal["text", "a number", "a whole number", "a map", "a list"]

_RESTORE = "restore the file from a copy of the folder"


def read_json_map(path: Path) -> dict[str, Any]:
    """The map in a file of UTF-8 text, with a byte order mark or without.

    `LogError` where there is none: what a file of this kind is damaged by, and what to do.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise damaged(path, f"byte {error.start} is not UTF-8 text") from None
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise damaged(path, "its lists and maps are nested too deep") from None
    except ValueError as error:
        raise damaged(path, f"it is not JSON ({error})") from None
    if type(data) is not dict:
        raise damaged(path, f"it holds {shown(data)}, not a map")
    return data


def damaged(path: Path, reason: str) -> LogError:
    """The error that says what is wrong with a file."""
    return LogError(f"{path} is damaged: {reason}; {_RESTORE}")


def checked(
    path: Path, data: Mapping[str, Any], key: str, form: Form, *, none: bool = False
) -> Any:
    """The value of a key, which has the form or, with `none`, may be null; `LogError` else.

    Where it may be null it may be missing too. Whole numbers are those that 64 bits hold.
    """
    if none and data.get(key) is None:
        return None
    if key not in data:
        raise damaged(path, f"key {key!r} is missing")
    value = data[key]
    if not _is(value, form):
        raise damaged(path, f"key {key!r} is {shown(value)}; it is {form}")
    return value


def _is(value: Any, form: Form) -> bool:
    match form:
        case "text":
            return type(value) is str
        case "a number":
            return type(value) in (int, float) and abs(value) <= sys.float_info.max
        case "a whole number":
            return type(value) is int and -(2**63) <= value < 2**63
        case "a map":
            return type(value) is dict
        case "a list":
            return type(value) is list


def shown(value: Any) -> str:
    """A value as a message shows it, however large it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, or a deep nest
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number that it can hold")
