"""JSON values of an event log's lines, each looked at before it is used."""

from __future__ import annotations

import sys
from typing import Any

from nasbench_mobile.errors import LogError
from nasbench_mobile.files.json_files import shown


def whole(value: Any, what: str) -> int:
    """A JSON whole number that 64 bits hold; `LogError` where it is none."""
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise LogError(f"{what} is {shown(value)}; it is a whole number")
    return value


def real(value: Any, what: str) -> float:
    """A finite JSON number; `LogError` where it is none."""
    if type(value) is not float and type(value) is not int:
        raise LogError(f"{what} is {shown(value)}; it is a number")
    if not -_LARGEST <= value <= _LARGEST:
        raise LogError(f"{what} is {shown(value)}; it is finite")
    return value


_LARGEST = sys.float_info.max


def checked_tokens(tokens: Any) -> None:
    """`LogError` where these are no JSON list of token values."""
    if type(tokens) is not list or not set(map(type, tokens)) <= {int}:
        raise LogError(f"tokens are {shown(tokens)}; they are a list of whole numbers")
    if tokens and not (min(tokens) >= 0 and max(tokens) < 2**31):
        raise LogError(f"tokens are {shown(tokens)}; they are whole numbers from 0 to 2**31 - 1")


def not_negative(value: Any, what: str) -> float:
    if real(value, what) < 0:
        raise LogError(f"{what} is {value!r}; it is not below 0")
    return value  # type: ignore[no-any-return]  # `real` has looked


def listed(record: dict[str, Any], key: str) -> list[Any]:
    value = record[key]
    if type(value) is not list:
        raise LogError(f"{key} is {shown(value)}; it is a list")
    return value


def mapped(value: Any, what: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise LogError(f"{what} is {shown(value)}; it is a map")
    return value


def words(value: Any, what: str) -> str | None:
    if value is not None and type(value) is not str:
        raise LogError(f"{what} is {shown(value)}; it is text")
    return value
