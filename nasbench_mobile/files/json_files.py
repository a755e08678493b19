"""JSON in files: one reader, for files that this project wrote and for the user's own.

Every damage is told as a sentence. What was written here is a `LogError` and comes back from a copy
of the folder; what the user gave is a `UsageError`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.files.text_files import DamagedText, decoded, reason, text_of
from nasbench_mobile.printable import repr_of

Form = Literal["text", "a number", "a whole number", "a map", "a list"]

LARGEST_WHOLE = 2**63 - 1
"""The largest whole number that files are read with: what 64 bits hold."""

RESTORE = "restore the file from a copy of the folder"


def parsed(text: str, *, nan: bool = False) -> Any:
    """The value of a JSON text; `DamagedText` where it is none.

    NaN and infinities, which are no JSON, are taken with `nan` alone.
    """
    try:
        return (_LAX if nan else _STRICT).decode(text)
    except (ValueError, RecursionError) as error:
        raise DamagedText(f"is not JSON: {reason(error)}") from None


def parse_json(data: bytes, what: str, *, nan: bool = False) -> Any:
    """The JSON value in bytes of a user's; `UsageError` where there is none."""
    text = text_of(data, what)
    try:
        return parsed(text, nan=nan)
    except DamagedText as damage:
        raise UsageError(f"{what} {damage}") from None


def read_own_text(path: Path, remedy: str = RESTORE) -> str:
    """The text of a file that this project wrote; `LogError`, with the remedy, where it is none."""
    try:
        return decoded(path.read_bytes())
    except DamagedText as damage:
        raise damaged(path, f"it {damage}", remedy) from None
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}; {remedy}") from None


def read_json(path: Path, remedy: str = RESTORE, *, nan: bool = False) -> Any:
    """The value in a JSON file that this project wrote.

    `LogError` where there is none: what is wrong with the file, and the remedy.
    """
    try:
        return parsed(read_own_text(path, remedy), nan=nan)
    except DamagedText as damage:
        raise damaged(path, f"it {damage}", remedy) from None


def read_json_map(path: Path, remedy: str = RESTORE, *, nan: bool = False) -> dict[str, Any]:
    """Read a JSON file as `read_json` does; `LogError` too where its value is no map."""
    data = read_json(path, remedy, nan=nan)
    if type(data) is not dict:
        raise damaged(path, f"it holds {shown(data)}, not a map", remedy)
    return data


def damaged(path: Path, reason: str, remedy: str = RESTORE) -> LogError:
    """The error that says what is wrong with a file."""
    return LogError(f"{path} is damaged: {reason}; {remedy}")


def checked(
    path: Path, data: Mapping[str, Any], key: str, form: Form, *,
    none: bool = False, remedy: str = RESTORE,
) -> Any:  # fmt: skip
    """The value of a key, which has the form or, with `none`, may be null; `LogError` else.

    Where it may be null it may be missing too. Whole numbers are those that 64 bits hold.
    """
    if none and data.get(key) is None:
        return None
    if key not in data:
        raise damaged(path, f"key {key!r} is missing", remedy)
    value = data[key]
    if not _is(value, form):
        raise damaged(path, f"key {key!r} is {shown(value)}; it is {form}", remedy)
    return value


def _is(value: Any, form: Form) -> bool:
    match form:
        case "text":
            return type(value) is str
        case "a number":
            return type(value) in (int, float) and abs(value) <= sys.float_info.max
        case "a whole number":
            return type(value) is int and -LARGEST_WHOLE - 1 <= value <= LARGEST_WHOLE
        case "a map":
            return type(value) is dict
        case "a list":
            return type(value) is list


def shown(value: Any) -> str:
    """A value as a message shows it, however large it is."""
    text = repr_of(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


_STRICT, _LAX = json.JSONDecoder(parse_constant=_no_number), json.JSONDecoder()
