"""What families of networks share: a writer of common layers, checks, and scaled widths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import (
    Activation,
    BatchNorm,
    ChannelSelect,
    Concat,
    Conv,
    Dense,
    Dropout,
    GlobalPool,
    NetworkBuilder,
    Padding,
    Pair,
    Pool,
)

TORCH_3X3: Padding = ((1, 1), (1, 1))
"""PyTorch's padding of 1 for windows of 3 x 3: the same on both sides, also at stride 2."""


MOST_MULTIPLIER = 1000.0
"""The largest width multiplier: our choice, a network grows a millionfold there."""


MOST_UNITS = 10**7
"""Pixels of a side and classes: our choice, the largest data set of images has 21,841 classes."""


def start(input_size: int, classes: int) -> NetworkBuilder:
    """A builder for `(3, input_size, input_size)` images; checks what every classifier needs."""
    if input_size < 32:
        raise UsageError(f"input size is {input_size} pixels; networks of stride 32 need >= 32")
    if classes < 1:
        raise UsageError(f"classes is {classes}; a classifier needs at least 1")
    for name, value in (("input size", input_size), ("classes", classes)):
        if value > MOST_UNITS:
            raise UsageError(f"{name} is more than {MOST_UNITS:,}, which no memory holds")
    return NetworkBuilder((3, input_size, input_size))


def check_multiplier(multiplier: float) -> None:
    """`UsageError` where a width multiplier is not finite or not above 0."""
    if not (math.isfinite(multiplier) and multiplier > 0):
        raise UsageError(f"width multiplier is {multiplier}; it must be finite and above 0")
    if multiplier > MOST_MULTIPLIER:
        raise UsageError(
            f"width multiplier is {multiplier}; above {MOST_MULTIPLIER:g} no network of these "
            "families fits a memory"
        )


def scaled(filters: int, multiplier: float, divisor: int, least: int | None = None) -> int:
    """Filters times a width multiplier, to the nearest multiple of `divisor` from `least` up.

    For families whose sources know no width multiplier: our choice, because it changes nothing at
    1 and leaves widths that the family's groups and halves divide.
    """
    check_multiplier(multiplier)
    if multiplier == 1.0:
        return filters
    return max(least or divisor, round(filters * multiplier / divisor) * divisor)


@dataclass(frozen=True, slots=True)
class LayerWriter:
    """Writes layers to a builder; every method returns the position of the last node."""

    builder: NetworkBuilder

    def relu(self, name: str, x: int) -> int:
        return self.builder.add(f"{name}/activation", Activation(), x)

    def bn(self, name: str, x: int) -> int:
        return self.builder.add(f"{name}/bn", BatchNorm(), x)

    def conv_bn(
        self, name: str, filters: int, kernel: Pair, x: int, *, stride: int | Pair = 1,
        groups: int = 1, dilation: int = 1, padding: Padding = "same", activate: bool = False,
    ) -> int:  # fmt: skip
        """Convolution, batch norm and, with `activate`, ReLU."""
        conv = Conv(filters, kernel, stride, dilation, groups, padding)
        x = self.bn(name, self.builder.add(f"{name}/conv", conv, x))
        return self.relu(name, x) if activate else x

    def depthwise(
        self, name: str, kernel: int, x: int, *, stride: int = 1, dilation: int = 1,
        padding: Padding = "same",
    ) -> int:  # fmt: skip
        """A depthwise convolution alone."""
        channels = self.builder.shape(x)[0]
        conv = Conv(channels, (kernel, kernel), stride, dilation, channels, padding)
        return self.builder.add(name, conv, x)

    def pool(
        self, name: str, kind: Literal["average", "max"], kernel: int, stride: int, x: int,
        padding: Padding = "same",
    ) -> int:  # fmt: skip
        return self.builder.add(name, Pool(kind, (kernel, kernel), stride, padding), x)

    def factorized_reduction(self, name: str, filters: int, x: int) -> int:
        """Halve height and width by two strided 1x1 convolutions, the second one pixel further on.

        The odd filter of an odd number is the second's (tensorflow/models slim, nasnet_utils:
        there, 1x1 pools of stride 2 and then 1x1 convolutions, which is the same).
        """
        shifted: Padding = ((-1, 1), (-1, 1))
        halves = [
            self.builder.add(f"{name}/even", Conv(filters // 2, stride=2, padding="valid"), x),
            self.builder.add(f"{name}/odd", Conv(-(-filters // 2), stride=2, padding=shifted), x),
        ]
        return self.bn(name, self.builder.add(f"{name}/concat", Concat(), *halves))

    def shuffle(self, name: str, groups: int, x: int) -> int:
        """Channel shuffle: the channels, read as (groups, rest), become (rest, groups)."""
        channels = self.builder.shape(x)[0]
        size = channels // groups
        order = tuple(g * size + i for i in range(size) for g in range(groups))
        return self.builder.add(name, ChannelSelect(order), x)

    def classifier(self, x: int, classes: int, *, dropout: float = 0.0, bias: bool = True) -> int:
        """Global average pool, dropout where there is any, fully-connected layer."""
        x = self.builder.add("head/pool", GlobalPool(), x)
        if dropout:
            x = self.builder.add("head/dropout", Dropout(dropout), x)
        return self.builder.add("head/dense", Dense(classes, bias), x)
