"""Networks of NASNet's kind: two cells, repeated (Zoph et al. 2018; tensorflow/models slim).

Layers are slim's (research/slim/nets/nasnet): ReLU, convolution, batch norm; separable convolutions
twice, with nothing between depthwise and pointwise; pools without batch norm; a 1x1 convolution
wherever channels differ. At stride 2 only operations on states 0 and 1 stride.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.cells import Branch, Cell, CellBlock, CellOp
from nasbench_mobile.networks.graph import IMAGE, Add, Concat, Network, Pair
from nasbench_mobile.networks.layers import LayerWriter, scaled, start

_POOLS: dict[CellOp, tuple[Literal["average", "max"], int]] = {
    "avg3": ("average", 3), "max3": ("max", 3), "max5": ("max", 5), "max7": ("max", 7),
}  # fmt: skip
_SEPARABLE: dict[CellOp, int] = {"sep3": 3, "sep5": 5, "sep7": 7}


@dataclass(frozen=True, slots=True)
class CellFrame:
    """What stands around the cells.

    A 3x3 VALID convolution of stride 2 with `stem` filters and no ReLU, two reduction cells of a
    quarter and half of `filters`, then three stacks of `repeats` normal cells of `filters`, twice
    and four times as many, with a reduction cell before the second and third: beside the normal
    cells, or (`counted`) as one of them. `bottleneck`: plain convolutions wider than 1x1 work on a
    quarter of the filters (3/8 for 1x3 then 3x1), between two 1x1 convolutions (tensorflow/tpu,
    models/official/amoeba_net/network_utils.py).
    """

    filters: int
    repeats: int
    stem: int = 32
    dropout: float = 0.5
    counted: bool = False
    bottleneck: bool = False

    def __post_init__(self) -> None:
        if self.filters < 8 or self.stem < 1 or self.repeats < 1 + self.counted:
            raise InvalidNetworkError(
                f"cell network has {self.filters} filters, stem {self.stem} and {self.repeats} "
                "cells a stack; it needs at least 8, 1 and one normal cell"
            )

    def widened(self, multiplier: float) -> CellFrame:
        """At a width multiplier: stem and cells scale (no source has one: our choice)."""
        return CellFrame(
            scaled(self.filters, multiplier, 2, least=8), self.repeats,
            scaled(self.stem, multiplier, 8), self.dropout, self.counted, self.bottleneck,
        )  # fmt: skip

    def cells(self) -> list[tuple[str, bool, int]]:
        """(name, whether it reduces, filters) of every cell in order."""
        plan = [("stemcell1", True, self.filters // 4), ("stemcell2", True, self.filters // 2)]
        number = 0
        for stack in range(3):
            filters, repeats = self.filters * 2**stack, self.repeats
            if stack:
                plan.append((f"reduction{stack}", True, filters))
                repeats -= self.counted
            for _ in range(repeats):
                number += 1
                plan.append((f"cell{number}", False, filters))
        return plan


def build_cells(
    frame: CellFrame, normal: Cell, reduction: Cell, input_size: int = 224, classes: int = 1000
) -> Network:
    """The layer graph for `(3, input_size, input_size)` images.

    Names start with the segment: `stem/...`, `stemcell1/block2/left/sep5/1/depthwise`, ...,
    `cell1/...`, `reduction1/...`, `head/...`.
    """
    builder = start(input_size, classes)
    write = LayerWriter(builder)
    x = write.conv_bn("stem", frame.stem, (3, 3), IMAGE, stride=2, padding="valid")
    before: int | None = None
    for name, reduces, filters in frame.cells():
        writer = _CellWriter(write, name, filters, 2 if reduces else 1, frame.bottleneck)
        before, x = x, writer.cell(reduction if reduces else normal, x, before)
    write.classifier(write.relu("head", x), classes, dropout=frame.dropout)
    return builder.build()


@dataclass(frozen=True, slots=True)
class _CellWriter:
    """Writes one cell; every method returns the position of the last node."""

    write: LayerWriter
    name: str
    filters: int
    stride: int
    bottleneck: bool

    def cell(self, cell: Cell, x: int, before: int | None) -> int:
        """`before` is the output of the cell before `x`; None (x is then both) in the first."""
        add = self.write.builder.add
        states = [0, x if before is None else self._fit(before, x)]
        states[0] = self._relu_conv1(f"{self.name}/input", x)
        for number, block in enumerate(cell.blocks, 1):
            states.append(self._block(f"{self.name}/block{number}", block, states))
        height = self.write.builder.shape(states[-1])[1]
        joined = []
        for state in cell.joined:
            x = states[state]
            if self.write.builder.shape(x)[1] != height:
                x = self.write.factorized_reduction(f"{self.name}/output/{state}", self.filters, x)
            joined.append(x)
        return add(f"{self.name}/output", Concat(), *joined)

    def _fit(self, before: int, x: int) -> int:
        """The state 1: of as many pixels as the last output and as many channels as the cell."""
        shape, name = self.write.builder.shape(before), f"{self.name}/before"
        if shape[1] != self.write.builder.shape(x)[1]:
            before = self.write.relu(name, before)
            return self.write.factorized_reduction(name, self.filters, before)
        return before if shape[0] == self.filters else self._relu_conv1(name, before)

    def _relu_conv1(self, name: str, x: int, filters: int = 0, stride: int = 1) -> int:
        x = self.write.relu(name, x)
        return self.write.conv_bn(name, filters or self.filters, (1, 1), x, stride=stride)

    def _block(self, name: str, block: CellBlock, states: list[int]) -> int:
        left = self._branch(f"{name}/left", block.left, states)
        right = self._branch(f"{name}/right", block.right, states)
        combine = Add() if block.combination == "add" else Concat()
        return self.write.builder.add(f"{name}/{block.combination}", combine, left, right)

    def _branch(self, name: str, branch: Branch, states: list[int]) -> int:
        x, op, stride = states[branch.state], branch.op, self.stride if branch.state < 2 else 1
        fits = self.write.builder.shape(x)[0] == self.filters
        if op == "id" or op == "conv1":
            # An identity that must reduce or fit channels is a 1x1 convolution, by name too.
            if op == "id" and fits and stride == 1:
                return x
            return self._relu_conv1(f"{name}/conv1", x, stride=stride)
        name = f"{name}/{op}"
        if op in _POOLS:
            kind, kernel = _POOLS[op]
            x = self.write.pool(f"{name}/pool", kind, kernel, stride, x)
            return x if fits else self.write.conv_bn(name, self.filters, (1, 1), x)
        if op in _SEPARABLE:
            for turn in (1, 2):
                x = self._separable(f"{name}/{turn}", _SEPARABLE[op], stride, x)
                stride = 1
            return x
        return self._wide(name, op, stride, x)

    def _separable(self, name: str, kernel: int, stride: int, x: int) -> int:
        x = self.write.depthwise(
            f"{name}/depthwise", kernel, self.write.relu(name, x), stride=stride
        )
        return self.write.conv_bn(name, self.filters, (1, 1), x)

    def _wide(self, name: str, op: CellOp, stride: int, x: int) -> int:
        """A convolution wider than 1x1, with its 1x1 convolutions around it if any."""
        filters = self.filters
        if self.bottleneck:
            filters = max(1, 3 * filters // 8 if op == "conv1x3" else filters // 4)
            x = self._relu_conv1(f"{name}/pre", x, filters)
        x = self._wide_alone(name, op, filters, stride, x)
        return self._relu_conv1(f"{name}/post", x) if self.bottleneck else x

    def _wide_alone(self, name: str, op: CellOp, filters: int, stride: int, x: int) -> int:
        if op in ("conv1x3", "conv1x7"):
            length = 3 if op == "conv1x3" else 7
            pairs: tuple[tuple[Pair, Pair], ...] = (((1, length), (1, stride)),
                                                    ((length, 1), (stride, 1)))  # fmt: skip
            for turn, (kernel, strides) in enumerate(pairs, 1):
                x = self.write.relu(f"{name}/{turn}", x)
                x = self.write.conv_bn(f"{name}/{turn}", filters, kernel, x,
                                       stride=strides if stride > 1 else 1)  # fmt: skip
            return x
        if op not in ("conv3", "dil3"):
            raise InvalidNetworkError(f"operation {op!r} is none of NASNet's; it is DARTS' alone")
        return self.write.conv_bn(
            name, filters, (3, 3), self.write.relu(name, x), stride=stride,
            dilation=2 if op == "dil3" else 1,
        )  # fmt: skip
