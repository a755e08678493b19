"""What a search is asked for: checked, and in the words of the command."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.files.json_values import checked_whole_number, kept_options
from nasbench_mobile.shell_words import command
from nasbench_mobile.training.recipe_words import value_words

DIGITS = "digits"
"""The one data set with a name of its own; any other is a place."""

_WORDS = ("data", "space", "latency", "strategy", "objective", "recipe", "accelerator")
_LEAST = {
    "budget": 1, "batch": 1, "seed": 0, "input_size": 32, "stem_stride": 1,
    "validation_images": 1, "train_images": 1, "split_seed": 0, "loaders": 0, "threads": 1,
}  # fmt: skip
_NUMBERS = ("target_ms", "epochs", "width", "time_limit_s", "memory_limit_mb")
_CHOICES = {"broken": ("fail", "skip"), "precision": ("auto", "32", "bf16")}


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that decides what a search finds; `UsageError` says what is wrong with a value.

    `data` is `digits` or a place of images, which is kept as a full path. `options` are values of
    the recipe beside `epochs`. A value of None is left to what the data or the strategy asks for.
    """

    data: str
    space: str = "mnasnet"
    latency: str = "pixel1"
    strategy: str = "ppo"
    objective: str = "soft"
    target_ms: float | None = None
    budget: int = 100
    batch: int | None = None
    start_from: str | None = None
    seed: int = 0
    recipe: str = "proxy"
    epochs: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    width: float = 1.0
    input_size: int | None = None
    stem_stride: int | None = None
    validation_images: int | None = None
    train_images: int | None = None
    split_seed: int = 0
    broken: str = "fail"
    accelerator: str = "auto"
    precision: str = "auto"
    loaders: int = 0
    threads: int = 1
    time_limit_s: float | None = None
    memory_limit_mb: float | None = None

    def __post_init__(self) -> None:
        for name in (*_WORDS, "start_from"):
            if name != "start_from" or self.start_from is not None:
                _check_word(name, getattr(self, name))
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                known = ", ".join(choices)
                raise UsageError(f"{name} is {getattr(self, name)!r}; known are {known}")
        for name, least in _LEAST.items():
            if not self._left(name):
                self._set(name, checked_whole_number(name, getattr(self, name), least))
        for name in _NUMBERS:
            if not self._left(name):
                self._set(name, finite(name, getattr(self, name)))
        if not isinstance(self.options, Mapping):
            raise UsageError(
                f"options is {self.options!r}; give a map from names of the recipe's values to "
                'values, such as {"batch_size": 32}'
            )
        self._set("options", kept_options("the recipe", self.options))
        if self.data != DIGITS:
            self._set("data", str(Path(self.data).resolve()))

    def _left(self, name: str) -> bool:
        """Whether a value that may be left out is."""
        default = next(one.default for one in fields(self) if one.name == name)
        return default is None and getattr(self, name) is None

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def record(self) -> dict[str, Any]:
        """Give the values of the command's options as JSON values, for the folder of the search."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["options"]
        values["device"] = values.pop("accelerator")  # its name in all records
        return {**values, "set_": value_words(self.options) or None}

    def command(self, folder: Path, top: int | None = None) -> str:
        """Give the command that does the same search, quoted for a shell."""
        return command("search", *self._words(), *_option("top", top), "--out", folder)

    def _words(self) -> Iterator[str]:
        yield from _option("data", self.data)
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name not in ("data", "options") and value != one.default:
                yield from _option(one.name, value)
        for word in value_words(self.options):
            yield from _option("set", word)


def _option(name: str, value: Any) -> Iterator[str]:
    """Write `--name value`, in one word where the value begins with a dash; nothing for None."""
    word, text = f"--{name.replace('_', '-')}", repr(value).removesuffix(".0")
    text = value if isinstance(value, str) else text
    if value is not None:
        yield from (f"{word}={text}",) if text.startswith("-") else (word, text)


def _check_word(name: str, value: object) -> None:
    if name == "latency" and not isinstance(value, str):
        raise UsageError(
            f"latency is a {type(value).__name__}; a search is gone on with from its folder, which "
            "cannot keep an object, so name it: pixel1, host, host-lookup[:FILE] or android:SERIAL"
        )
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"{name} is {value!r}; it must be text, as the command takes it")


def finite(name: str, value: object) -> float:
    """Give a number as a float; `UsageError` says that it is none, or not finite."""
    number = math.nan
    if not isinstance(value, bool):
        with suppress(OverflowError):  # of a whole number that no float can be
            number = float(value) if isinstance(value, Real) else math.nan
    if math.isfinite(number):
        return number
    raise UsageError(f"{name} is {shown(value)}; it must be a finite number")
