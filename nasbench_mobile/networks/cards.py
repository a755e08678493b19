"""Cards of reference models: how a model is built, and what sources print of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks import blocks
from nasbench_mobile.networks.blocks import MobileSpec, scale
from nasbench_mobile.networks.graph import Network

TABLE_1 = "Tan et al. 2019, Table 1"
TOLERANCE = 0.02
"""How far a published count may be from ours without a finding, as a share of the published: our
choice, because tables print two or three digits."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a source prints of a model: millions of parameters and multiply-adds, ImageNet
    accuracies (fractions), Pixel 1 milliseconds; None where it prints nothing.

    `label` is what the source calls the row, where that is needed to find it. `finding` says why
    a figure here is not ours, or not this model's, with the arithmetic; it is there wherever a
    count is off by more than `TOLERANCE`.
    """

    source: str
    parameters_m: float | None = None
    multiply_adds_m: float | None = None
    top1: float | None = None
    top5: float | None = None
    pixel1_latency_ms: float | None = None
    width: float = 1.0
    input_size: int = 224
    label: str | None = None
    finding: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A reference model: where it comes from, what was printed of it, how it is built.

    A chain of mobile blocks has a `spec` (`head_grows`: its head scales too at width multipliers
    above 1, MobileNetV2's rule). Any other network has a `builder`, of width multiplier, input
    size (pixels) and classes; `cells` are its cells in one line (see `cells`) where it has any.
    """

    name: str
    display_name: str
    spec: MobileSpec | None
    source: str
    published: tuple[Published, ...]
    builder: Callable[[float, int, int], Network] | None = None
    head_grows: bool = False
    cells: str | None = None

    def __post_init__(self) -> None:
        if (self.spec is None) == (self.builder is None):
            raise UsageError(f"model {self.name!r} needs a spec or a builder, and not both")

    def scaled(self, width: float = 1.0) -> MobileSpec:
        """The chain at a width multiplier (any above 0); `UsageError` where it is no chain."""
        if self.spec is None:
            raise UsageError(
                f"model {self.name!r} is no chain of mobile blocks, so it has no block string; "
                "build its network instead"
            )
        return scale(self.spec, width, head_grows=self.head_grows)

    def build(self, width: float = 1.0, input_size: int = 224, classes: int = 1000) -> Network:
        """The graph at any width multiplier above 0 and input size from 32 pixels."""
        if self.builder is not None:
            return self.builder(width, input_size, classes)
        return blocks.build(self.scaled(width), input_size, classes)
