"""How an image is prepared for a network: the one definition that evaluation, calibration and
exported files share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import checked_whole_number

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Per channel, of values in [0, 1] (tensorflow/tpu, models/official/mnasnet/mnasnet_main.py)."""

SHARE = 224 / (224 + 32)
"""The share of the shorter side that the central crop takes (tensorflow/tpu,
models/official/mnasnet/preprocessing.py)."""

Rounded: TypeAlias = Literal["side", "edges"]
Depth: TypeAlias = Literal["float32", "uint8"]

_FIXED = {"resampling": "bilinear", "antialias": True}
"""What every preparation of this package has; a record says it for those who read it."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Cut the middle out of an RGB image, resize it bilinearly, normalise each channel.

    The crop is a square of `share` of the shorter side, in whole pixels: its `side` is rounded, or
    each of its `edges`. It becomes `size` x `size` pixels, antialiased where it shrinks, kept as
    `depth` (uint8: rounded to whole numbers). Then values in [0, 1] lose their channel's `mean` and
    are divided by its `deviation`.
    """

    size: int
    share: float = SHARE
    rounded: Rounded = "edges"
    depth: Depth = "uint8"
    mean: tuple[float, float, float] = MEAN
    deviation: tuple[float, float, float] = DEVIATION

    def __post_init__(self) -> None:
        checked_whole_number("a preparation's size", self.size, 1)
        if not 0 < self.share <= 1:
            raise UsageError(f"a preparation's share is {self.share}; it is above 0, at most 1")
        if self.rounded not in ("side", "edges") or self.depth not in ("float32", "uint8"):
            raise UsageError(
                f"a preparation rounds {self.rounded!r} and keeps {self.depth!r}; known are side, "
                "edges and float32, uint8"
            )
        for name in ("mean", "deviation"):
            values = getattr(self, name)
            if len(values) != 3 or not all(map(math.isfinite, values)):
                raise UsageError(f"a preparation's {name} is {values}; it has three numbers")
        if min(self.deviation) <= 0:
            raise UsageError(f"a preparation's deviation is {self.deviation}; all are above 0")

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the central crop of an image, at least one pixel."""
        if self.rounded == "side":
            side = max(round(self.share * min(width, height)), 1)
            left, top = (width - side) // 2, (height - side) // 2
            return left, top, left + side, top + side
        left, top, right, bottom = map(round, central_box(self.share, width, height))
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def record(self) -> dict[str, Any]:
        """All values as JSON values, for files."""
        return {
            **asdict(self), "mean": list(self.mean), "deviation": list(self.deviation), **_FIXED
        }  # fmt: skip

    @classmethod
    def from_record(cls, record: Any) -> Preparation:
        """What `record` gave; `UsageError` says what is missing or unknown."""
        names = set(cls.__dataclass_fields__)
        if not isinstance(record, Mapping) or set(record) != names | set(_FIXED):
            seen = sorted(record) if isinstance(record, Mapping) else record
            raise UsageError(
                f"this is no record of a preparation: {seen}; it has {sorted(names | set(_FIXED))}"
            )
        for name, value in _FIXED.items():
            if record[name] != value:
                raise UsageError(
                    f"a preparation with {name} {record[name]!r} is not known here, only {value!r}"
                )
        try:
            return cls(
                record["size"], float(record["share"]), record["rounded"], record["depth"],
                _three(record["mean"]), _three(record["deviation"]),
            )  # fmt: skip
        except (TypeError, ValueError) as error:
            raise UsageError(f"a record of a preparation has another type: {error}") from None


def central_box(share: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the central square of `share` of the shorter side."""
    side = share * min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _three(values: Any) -> tuple[float, float, float]:
    first, second, third = values
    return float(first), float(second), float(third)
