"""Files of text and JSON that somebody may have damaged: what is wrong with them, in words."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import UsageError

DAMAGE = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip
"""What taking a damaged record apart can raise."""

_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have, of 300 letters say, has none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_text(path: Path, what: str = "file") -> str:
    """The text of a UTF-8 file, a byte order mark left out; `UsageError` where it is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {what} {path}: {error.strerror or error}") from None
    return text_of(data, f"{what} {path}")


def text_of(data: bytes, what: str) -> str:
    """Bytes as UTF-8; `UsageError` names the encoding, or the line, that is another."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            raise UsageError(f"{what} is {encoding} text; save it as UTF-8")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise UsageError(
            f"{what} is not UTF-8: line {line} has the byte 0x{byte:02x} (Latin-1 or cp1252, "
            "perhaps); save it as UTF-8"
        ) from None


def parse_json(text: str | bytes, what: str) -> Any:
    """The value of a JSON text; `UsageError` where it is none, or is nested without end."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError too
        raise UsageError(f"{what} is not JSON: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Why a parser gave up, in words of ours where its own speak of Python."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if "integer string conversion" in str(error):
        return "it has a number of thousands of digits"
    return str(error)
