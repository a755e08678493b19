"""Files of text that somebody may have damaged: what is wrong with them, in words."""

from __future__ import annotations

import codecs
from pathlib import Path

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


class DamagedText(ValueError):
    """What is wrong with a text, to be read after its file's name: `is UTF-16 text`."""


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have, of 300 letters say, has none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def decoded(data: bytes) -> str:
    """Bytes as UTF-8, a byte order mark left out.

    `DamagedText` names the encoding, or the line, that is another.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            raise DamagedText(f"is {encoding} text")
    if b"\0" in data[:4]:
        raise DamagedText("is UTF-16 or UTF-32 text, or no text at all")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise DamagedText(
            f"is not UTF-8: line {line} has the byte 0x{byte:02x} (Latin-1 or cp1252, perhaps)"
        ) from None


def read_bytes(path: Path, what: str = "file") -> bytes:
    """What is in a user's file; `UsageError` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {what} {path}: {error.strerror or error}") from None


def read_text(path: Path, what: str = "file") -> str:
    """The text of a user's file, as `decoded`; `UsageError` where it is none."""
    return text_of(read_bytes(path, what), f"{what} {path}")


def text_of(data: bytes, what: str) -> str:
    """The text in bytes of a user's, as `decoded`; `UsageError` where it is none."""
    try:
        return decoded(data)
    except DamagedText as damage:
        raise UsageError(f"{what} {damage}; save it as UTF-8") from None


def reason(error: Exception) -> str:
    """Why a parser gave up, in words of ours where its own speak of Python."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if "integer string conversion" in str(error):
        return "it has a number of thousands of digits"
    return str(error)
