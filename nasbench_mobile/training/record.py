"""A training's record: what its weights are weights of, and what it came to (`training.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_kept
from nasbench_mobile.files.json_files import checked, damaged, read_json_map, shown
from nasbench_mobile.files.schemas import schema_of, this_version
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.types import Tokens

WEIGHTS, RECORD, CHECKPOINT = "weights.pt", "training.json", "checkpoint.pt"
"""Files in the folder of a training."""

SCHEMA = 2
"""The schema of the record. Schema 1, which had no number, lacks what `LATER` names."""

LATER = {
    "weights_sha256": "the hash of its weights",
    "preparation": "how images were prepared",
    "block_string": "the network's block string",
}
"""The keys that schema 1 has not, in words."""

REMEDY = "the same `nasbench-mobile train` command writes it anew"


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """All that `export`, `measure` and `describe` need to know of a training.

    The network is `tokens` of `space` (with `space_code`, as `identity.code_now` says it), or else
    the reference model of the name `model`, or else `block_string` or `cells`; `block_string` is
    that at width 1. `stem_stride` None is the network's own. `recipe` is fitted to the number of
    images, `data` what the data set calls itself, `data_place` where it lay, `data_content`
    what is in its files, `split` what `load_data` was told of it, `images` what was read of it.
    What schema 1 had not is None.
    """

    model: str
    width: float
    input_size: int
    stem_stride: int | None
    classes: tuple[str, ...]
    seed: int
    data: str
    recipe: Mapping[str, Any]
    accuracy: float
    test_accuracy: float | None
    cost_s: float
    history: Sequence[Mapping[str, Any]]
    skipped_images: Sequence[str] = ()
    tokens: Tokens | None = None
    space: str | None = None
    space_code: str | None = None
    block_string: str | None = None
    cells: str | None = None
    preparation: Preparation | None = None
    precision: str | None = None
    weights_sha256: str | None = None
    data_place: str | None = None
    data_content: str | None = None
    split: Mapping[str, Any] | None = None
    images: Mapping[str, Any] | None = None
    schema: int = SCHEMA
    written_by: str | None = field(default_factory=this_version)

    def record(self) -> dict[str, Any]:
        """All values as JSON values, for the file and for `--json`."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        first = {name: values.pop(name) for name in ("schema", "written_by")}
        for name in ("classes", "history", "skipped_images", "tokens"):
            values[name] = None if values[name] is None else list(values[name])
        values["preparation"] = self.preparation and self.preparation.record()
        return {**first, **values}

    def write(self, folder: Path) -> None:
        """Write `training.json`; `OutsideError` where that cannot be."""
        write_kept(folder / RECORD, json.dumps(self.record(), indent=2) + "\n")

    @property
    def lacks(self) -> list[str]:
        """What the version that wrote the record left out, in words."""
        if self.schema >= SCHEMA:
            return []
        return [words for key, words in LATER.items() if getattr(self, key) is None]


def read_record(path: Path) -> TrainingRecord:
    """The record in a `training.json`, of this schema or an older one.

    `LogError` where it is damaged, `UsageError` where a newer version wrote it.
    """
    data = read_json_map(path, REMEDY)
    try:
        schema = schema_of(str(path), data, SCHEMA, _text(data.get("written_by")))
    except TypeError as error:
        raise damaged(path, f"its {error}", REMEDY) from None

    def of(key: str, form: Any, none: bool = False) -> Any:
        return checked(path, data, key, form, none=none, remedy=REMEDY)

    preparation = of("preparation", "a map", none=True)
    try:
        return TrainingRecord(
            model=of("model", "text"),
            width=_above_zero(of("width", "a number"), "width"),
            input_size=int(_above_zero(of("input_size", "a whole number"), "input_size")),
            stem_stride=_stride(of("stem_stride", "a whole number", none=True)),
            classes=_texts(of("classes", "a list"), "classes", least=1),
            seed=of("seed", "a whole number"),
            data=of("data", "text"),
            recipe=of("recipe", "a map"),
            accuracy=of("accuracy", "a number"),
            test_accuracy=of("test_accuracy", "a number", none=True),
            cost_s=of("cost_s", "a number"),
            history=of("history", "a list"),
            skipped_images=_texts(of("skipped_images", "a list"), "skipped_images"),
            tokens=_tokens(of("tokens", "a list", none=True)),
            **{key: of(key, "text", none=True) for key in _TEXTS},
            images=of("images", "a map", none=True),
            split=_split(of("split", "a map", none=True)),
            preparation=None if preparation is None else Preparation.from_record(preparation),
            schema=schema,
        )
    except (ValueError, UsageError) as error:
        raise damaged(path, str(error), REMEDY) from None


_TEXTS = (
    "space", "space_code", "block_string", "cells", "precision", "weights_sha256", "data_place",
    "data_content", "written_by",
)  # fmt: skip


def _above_zero(value: float, key: str) -> float:
    if not value > 0:
        raise ValueError(f"key {key!r} is {value}; it is above 0")
    return value


def _stride(value: int | None) -> int | None:
    return None if value is None else int(_above_zero(value, "stem_stride"))


_SPLIT = {
    "validation_images": (int, type(None)),
    "train_images": (int, type(None)),
    "split_seed": (int,),
    "broken": (str,),
}
"""What a split says, and of which types."""


def _split(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    if values.keys() != _SPLIT.keys():
        raise ValueError(f"key 'split' has {shown(sorted(values))}; it has {sorted(_SPLIT)}")
    for name, types in _SPLIT.items():
        if type(values[name]) not in types:
            raise ValueError(f"key 'split' has {shown(values[name])} as {name}")
    if values["broken"] not in ("fail", "skip"):
        raise ValueError(f"key 'split' has {shown(values['broken'])} as broken")
    return values


def _texts(values: list[Any], key: str, least: int = 0) -> tuple[str, ...]:
    if len(values) < least:
        raise ValueError(f"key {key!r} is empty")
    for value in values:
        if type(value) is not str:
            raise ValueError(f"key {key!r} has {shown(value)}, which is no text")
    return tuple(values)


def _tokens(values: list[Any] | None) -> Tokens | None:
    for value in values or ():
        if type(value) is not int or value < 0:
            raise ValueError(f"key 'tokens' has {shown(value)}, which is no token")
    return None if values is None else tuple(values)


def _text(value: Any) -> str | None:
    return value if type(value) is str else None
