"""Blocks of mobile networks: what a chain network is made of, and how it becomes a graph.

A `MobileSpec` is a chain: stem, blocks, head. `expand_block` works out a block's layers (what they
really do, once input filters are known), `build` writes them as a graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    GlobalPool,
    Multiply,
    Network,
    NetworkBuilder,
    Pool,
)
from nasbench_mobile.networks.layers import check_multiplier, start

Op: TypeAlias = Literal["conv", "sepconv", "mbconv", "dsconv"]
Skip: TypeAlias = Literal["none", "identity", "avgpool", "maxpool"]
NonLinearity: TypeAlias = Literal["relu", "relu6"]


MOST_LAYERS = 1000
"""The most layers of one block: our choice, far above any network that was ever trained."""


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """`layers` alike layers; the first has the block's stride, the others stride 1.

    op: `conv` is conv-BN-act; `mbconv` 1x1 expand-BN-act, depthwise-BN-act, 1x1 project-BN;
    `sepconv` is that without the expand part (its expansion is 1); `dsconv` is MobileNetV1's,
    depthwise-BN-act, pointwise-BN-act.
    se: ratio of squeeze-and-excitation to the layer's *input* filters, 0 for none. It stands after
    the depthwise activation (tensorflow/tpu, models/official/mnasnet), on `conv` after conv-BN-act
    (no source found: our choice, because it is the one place that sees the layer's features).
    skip: what is added to a layer's output, only where its stride is 1 and its input filters equal
    its output filters, else nothing: the input (`identity`), or a 3x3 SAME pooling at stride 1 of
    it (no source found: our choice, because it keeps the shape as identity does).
    """

    op: Op
    kernel: int
    stride: int
    filters: int
    expansion: int = 1
    se: float = 0.0
    skip: Skip = "none"
    layers: int = 1

    def __post_init__(self) -> None:
        if self.op not in get_args(Op) or self.skip not in get_args(Skip):
            raise InvalidNetworkError(
                f"block has op {self.op!r} and skip {self.skip!r}; ops are {get_args(Op)}, "
                f"skips {get_args(Skip)}"
            )
        for name in ("kernel", "stride", "filters", "expansion", "layers"):
            if getattr(self, name) < 1:
                raise InvalidNetworkError(f"block's {name} is {getattr(self, name)}; needs >= 1")
        if self.layers > MOST_LAYERS:
            raise InvalidNetworkError(f"block's layers is {self.layers}; at most {MOST_LAYERS}")
        if not (math.isfinite(self.se) and self.se >= 0):
            raise InvalidNetworkError(f"block's se is {self.se}; it needs a ratio >= 0")
        if (self.op == "mbconv") != (self.expansion > 1):
            raise InvalidNetworkError(
                f"{self.op} has expansion {self.expansion}; an mbconv expands by 2 or more, and "
                "with 1 it is a sepconv: say so"
            )


@dataclass(frozen=True, slots=True)
class MobileSpec:
    """Stem (3x3 conv, stride 2), blocks, head (1x1 conv; None for no such conv), classifier."""

    stem: int
    blocks: tuple[BlockSpec, ...]
    head: int | None = 1280
    dropout: float = 0.2
    activation: NonLinearity = "relu"

    def __post_init__(self) -> None:
        if self.stem < 1 or (self.head is not None and self.head < 1):
            raise InvalidNetworkError(
                f"stem has {self.stem} and head {self.head} filters; both need 1 or more"
            )
        if not self.blocks:
            raise InvalidNetworkError("a network needs at least one block; none was given")
        if not 0.0 <= self.dropout < 1.0:
            raise InvalidNetworkError(f"dropout is {self.dropout}; it must be in [0, 1)")
        if self.activation not in get_args(NonLinearity):
            raise InvalidNetworkError(
                f"activation is {self.activation!r}; known are {get_args(NonLinearity)}"
            )


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer as it really is, everything resolved that depends on its input filters.

    `width` is the filters of its depthwise conv (0 for `conv`), `squeeze` those of its SE (0 for
    none), `skip` is `none` where a skip would add nothing. Equal layers are equal graphs.
    """

    op: Op
    kernel: int
    stride: int
    filters: int
    width: int
    squeeze: int
    skip: Skip


def expand_block(block: BlockSpec, input_filters: int) -> tuple[Layer, ...]:
    """The block's layers in order, for its input's filters."""
    layers, filters, stride = [], input_filters, block.stride
    for _ in range(block.layers):
        layers.append(
            Layer(
                op=block.op,
                kernel=block.kernel,
                stride=stride,
                filters=block.filters,
                width=0 if block.op == "conv" else filters * block.expansion,
                squeeze=max(1, int(block.se * filters)) if block.se else 0,
                skip=block.skip if stride == 1 and filters == block.filters else "none",
            )
        )
        filters, stride = block.filters, 1
    return tuple(layers)


def round_filters(filters: int, multiplier: float) -> int:
    """Filters times a width multiplier, to a multiple of 8 (tensorflow/tpu, mnasnet).

    n = max(8, int(f m + 4) // 8 * 8), plus 8 where n < 0.9 f m. A multiplier of 1 changes nothing
    (as in the released code, which then skips the rule): 12 stays 12.
    """
    check_multiplier(multiplier)
    if multiplier == 1.0:
        return filters
    wanted = filters * multiplier
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def scale(spec: MobileSpec, multiplier: float, *, head_grows: bool = False) -> MobileSpec:
    """The spec at a width multiplier: stem and blocks scale, the head stays (MnasNet's rule).

    `head_grows`: the head scales too for multipliers above 1 (MobileNetV2's rule). A spec without
    head conv (MobileNetV1) scales everywhere.
    """
    blocks = tuple(replace(b, filters=round_filters(b.filters, multiplier)) for b in spec.blocks)
    head = spec.head
    if head is not None and head_grows and multiplier > 1:
        head = round_filters(head, multiplier)
    return replace(spec, stem=round_filters(spec.stem, multiplier), blocks=blocks, head=head)


def build(spec: MobileSpec, input_size: int = 224, classes: int = 1000) -> Network:
    """The layer graph for `(3, input_size, input_size)` images.

    Names start with the segment: `stem/...`, `block1/layer1/expand/conv`, ..., `head/...`.
    """
    blocks, filters = [], spec.stem
    for block in spec.blocks:
        blocks.append(expand_block(block, filters))
        filters = block.filters
    return build_layers(spec, blocks, input_size, classes)


def build_layers(
    frame: MobileSpec, blocks: Sequence[Sequence[Layer]], input_size: int, classes: int
) -> Network:
    """The graph of resolved blocks between the stem and head of `frame` (its blocks unread)."""
    writer = _Writer(frame.activation, start(input_size, classes))
    x = writer.conv_bn("stem", frame.stem, 3, IMAGE, stride=2)
    for number, layers in enumerate(blocks, 1):
        for position, layer in enumerate(layers, 1):
            x = writer.layer(f"block{number}/layer{position}", layer, x)
    writer.head(frame, x, classes)
    return writer.builder.build()


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes layers to a builder; every method returns the position of the last node."""

    activation: NonLinearity
    builder: NetworkBuilder

    def conv_bn(
        self, name: str, filters: int, kernel: int, x: int, *, stride: int = 1, groups: int = 1,
        activate: bool = True,
    ) -> int:  # fmt: skip
        conv = Conv(filters, (kernel, kernel), stride=stride, groups=groups)
        x = self.builder.add(f"{name}/conv", conv, x)
        x = self.builder.add(f"{name}/bn", BatchNorm(), x)
        if activate:
            x = self.builder.add(f"{name}/activation", Activation(self.activation), x)
        return x

    def squeeze_excite(self, name: str, squeeze: int, x: int) -> int:
        """Scales channels by a gate; its convs have biases, its inner activation is ReLU."""
        channels = self.builder.shape(x)[0]
        gate = self.builder.add(f"{name}/pool", GlobalPool(), x)
        gate = self.builder.add(f"{name}/reduce", Conv(squeeze, bias=True), gate)
        gate = self.builder.add(f"{name}/activation", Activation("relu"), gate)
        gate = self.builder.add(f"{name}/expand", Conv(channels, bias=True), gate)
        gate = self.builder.add(f"{name}/gate", Activation("sigmoid"), gate)
        return self.builder.add(f"{name}/scale", Multiply(), x, gate)

    def layer(self, name: str, layer: Layer, source: int) -> int:
        x = source
        if layer.op == "mbconv":
            x = self.conv_bn(f"{name}/expand", layer.width, 1, x)
        if layer.op == "conv":
            x = self.conv_bn(f"{name}/conv", layer.filters, layer.kernel, x, stride=layer.stride)
        else:
            x = self.conv_bn(
                f"{name}/depthwise", layer.width, layer.kernel, x,
                stride=layer.stride, groups=layer.width,
            )  # fmt: skip
        if layer.squeeze:
            x = self.squeeze_excite(f"{name}/se", layer.squeeze, x)
        if layer.op != "conv":
            activate = layer.op == "dsconv"
            x = self.conv_bn(f"{name}/project", layer.filters, 1, x, activate=activate)
        return self.skip(f"{name}/skip", layer.skip, source, x)

    def skip(self, name: str, skip: Skip, source: int, x: int) -> int:
        if skip == "none":
            return x
        if skip != "identity":
            kind: Literal["average", "max"] = "average" if skip == "avgpool" else "max"
            source = self.builder.add(f"{name}/pool", Pool(kind, (3, 3)), source)
        return self.builder.add(f"{name}/add", Add(), source, x)

    def head(self, frame: MobileSpec, x: int, classes: int) -> int:
        if frame.head is not None:
            x = self.conv_bn("head", frame.head, 1, x)
        x = self.builder.add("head/pool", GlobalPool(), x)
        if frame.dropout:
            x = self.builder.add("head/dropout", Dropout(frame.dropout), x)
        return self.builder.add("head/dense", Dense(classes), x)
