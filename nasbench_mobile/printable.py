"""Text of others, made fit to be shown: nothing in it steers a terminal or turns what is read."""

from __future__ import annotations

import unicodedata
from typing import Any

_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of control and format characters (of direction too), lone surrogates, and
separators of lines and paragraphs."""

_KEPT = "\n\t\u200c\u200d"
"""Line ends and tabs, and the two joiners without which some scripts and emoji are misspelt."""


def printable(text: str) -> str:
    """The text with escapes in place of what steers a terminal or a reader's eye."""
    if text.isprintable():
        return text
    return "".join(_escape(one) if _steers(one) else one for one in text)


def json_printable(text: str) -> str:
    """The same for a JSON text, which still means the same value."""
    if text.isprintable():
        return text
    return "".join(_json_escape(one) if _steers(one) else one for one in text)


def repr_of(value: object) -> str:
    """What `repr` gives or, where that fails, the kind of the value in words."""
    try:
        return repr(value)
    except RecursionError:
        return f"a {type(value).__name__} nested too deep"
    except Exception as error:
        if isinstance(value, int):
            return "a number of thousands of digits"
        return f"a {type(value).__name__} whose repr raises {type(error).__name__}"


def page_value(value: Any) -> Any:
    """A page's value: plain text made fit to be shown, everything else as it is.

    Text that is a page's own markup is a subclass of `str`.
    """
    return printable(value) if type(value) is str else value


def _steers(one: str) -> bool:
    return unicodedata.category(one) in _STEERING and one not in _KEPT


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode()


def _json_escape(one: str) -> str:
    """The escape that JSON has for a character, which beyond U+FFFF is two surrogates."""
    pairs = one.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[i]:02x}{pairs[i + 1]:02x}" for i in range(0, len(pairs), 2))
