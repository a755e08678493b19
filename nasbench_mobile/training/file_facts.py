"""What an exported file says of itself: its classes, how to prepare an image, its training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.files.schemas import this_version
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.preparing_code import Axes, preparing_code

ENTRY = "nasbench_mobile.json"
"""Under this name the facts lie in a file, whatever its format."""

SCHEMA = 1

EVALUATED = "it is what the training's evaluation did"
UNRECORDED = (
    "it is what trainings on photographs do, as the version that trained this network did not "
    "record its own"
)
DEFAULT = (
    "it is a default, what trainings on photographs do, as nothing is known of how these weights "
    "were trained"
)
"""Where a preparation comes from."""

TRAINING_KEYS = (
    "data", "data_content", "recipe", "seed", "width", "stem_stride", "precision", "accuracy",
    "test_accuracy", "weights_sha256",
)  # fmt: skip
"""What is told of a training's record."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What an application needs to know that has nothing but a network's file.

    `class_names` is None where they are not known, `training` a training's record.
    """

    model: str
    input_size: int
    classes: int
    class_names: tuple[str, ...] | None
    preparation: Preparation
    preparation_source: str
    training: Mapping[str, Any] | None = None

    def record(self, axes: Axes, *, int8: bool = False) -> dict[str, Any]:
        """All facts as JSON values; `prepare` is Python source that prepares images so."""
        training = None
        if self.training is not None:
            training = {key: self.training.get(key) for key in TRAINING_KEYS}
        return {
            "schema": SCHEMA,
            "written_by": f"nasbench-mobile {this_version()}",
            "model": self.model,
            "input_size": self.input_size,
            "classes": self.classes,
            "class_names": None if self.class_names is None else list(self.class_names),
            "preparation": self.preparation.record(),
            "preparation_source": self.preparation_source,
            "prepare": preparing_code(self.preparation, axes, int8=int8),
            "training": training,
        }

    def metadata(self, axes: Axes, *, int8: bool = False) -> dict[str, str]:
        """The record as JSON, by the name under which a file holds it."""
        return {ENTRY: json.dumps(self.record(axes, int8=int8), indent=2)}
