"""A recipe's values as the words that `--set` takes: `batch_size=64`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nasbench_mobile.errors import UsageError


def read_values(words: Iterable[str]) -> dict[str, Any]:
    """Names of a recipe's values, and the values; of two under one name the last counts.

    A value is read as JSON where it is that, and else stands for itself.

    >>> read_values(["batch_size=64", "optimizer=sgd"])
    {'batch_size': 64, 'optimizer': 'sgd'}
    """
    values: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--set {word!r} is not of the form name=value")
        values[key] = _read(value)
    return values


def value_words(values: Mapping[str, Any]) -> list[str]:
    """The words that `read_values` reads back as these values.

    >>> value_words({"batch_size": 64, "optimizer": "sgd", "flip": False})
    ['batch_size=64', 'optimizer=sgd', 'flip=false']
    """
    return [f"{key}={_word(value)}" for key, value in values.items()]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _word(value: Any) -> str:
    return value if isinstance(value, str) and _read(value) == value else json.dumps(value)
