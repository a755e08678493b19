"""DARTS' network for ImageNet (Liu et al. 2019; quark0/darts, cnn/model.py and operations.py)."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.cells import Branch, Cell
from nasbench_mobile.networks.graph import IMAGE, Add, Concat, Network, Padding
from nasbench_mobile.networks.layers import TORCH_3X3, LayerWriter, scaled, start


def build_darts(
    normal: Cell, reduction: Cell, *, filters: int = 48, cells: int = 14,
    width: float = 1.0, input_size: int = 224, classes: int = 1000,
) -> Network:  # fmt: skip
    """The layer graph: three 3x3 convolutions of stride 2, then cells.

    The defaults are the paper's ImageNet setting. Every state a cell reads is first a ReLU, 1x1
    convolution and batch norm, or a factorized reduction after a cell (or stem) that reduced.
    Names: `stem/...`, `cell1/...` to `cell14/...`, `head/...`. The width multiplier scales all of
    it (the source has none: our choice).
    """
    filters = scaled(filters, width, 2, least=8)
    builder = start(input_size, classes)
    write = LayerWriter(builder)

    def halve(name: str, outputs: int, source: int, *, activate: bool) -> int:
        return write.conv_bn(
            name, outputs, (3, 3), source, stride=2, padding=TORCH_3X3, activate=activate
        )

    x = halve("stem/1", filters // 2, IMAGE, activate=True)
    before = halve("stem/2", filters, x, activate=False)
    x = halve("stem/3", filters, write.relu("stem/3/input", before), activate=False)
    reduced = True
    for number in range(cells):
        reduces = number in (cells // 3, 2 * cells // 3)
        filters *= 2 if reduces else 1
        writer = _CellWriter(write, f"cell{number + 1}", filters, 2 if reduces else 1)
        before, x = x, writer.cell(reduction if reduces else normal, x, before, reduced)
        reduced = reduces
    write.classifier(x, classes)
    return builder.build()


@dataclass(frozen=True, slots=True)
class _CellWriter:
    """Writes one cell; every method returns the position of the last node."""

    write: LayerWriter
    name: str
    filters: int
    stride: int

    def cell(self, cell: Cell, x: int, before: int, reduced: bool) -> int:
        states = [self._relu_conv1(f"{self.name}/input", x)]
        if reduced:
            name = f"{self.name}/before"
            states.append(self._reduce(name, before))
        else:
            states.append(self._relu_conv1(f"{self.name}/before", before))
        for number, block in enumerate(cell.blocks, 1):
            if block.combination != "add":
                raise InvalidNetworkError(f"block {number} is {block}; DARTS' blocks only add")
            name = f"{self.name}/block{number}"
            left = self._branch(f"{name}/left", block.left, states)
            right = self._branch(f"{name}/right", block.right, states)
            states.append(self.write.builder.add(f"{name}/add", Add(), left, right))
        joined = [states[state] for state in cell.joined]
        return self.write.builder.add(f"{self.name}/output", Concat(), *joined)

    def _relu_conv1(self, name: str, x: int) -> int:
        return self.write.conv_bn(name, self.filters, (1, 1), self.write.relu(name, x))

    def _reduce(self, name: str, x: int) -> int:
        return self.write.factorized_reduction(name, self.filters, self.write.relu(name, x))

    def _branch(self, name: str, branch: Branch, states: list[int]) -> int:
        x, stride = states[branch.state], self.stride if branch.state < 2 else 1
        name = f"{name}/{branch.op}"
        match branch.op:
            case "id":
                return x if stride == 1 else self._reduce(name, x)
            case "max3" | "avg3":
                kind = "max" if branch.op == "max3" else "average"
                return self.write.pool(name, kind, 3, stride, x, TORCH_3X3)  # type: ignore[arg-type]
            case "sep3" | "sep5" | "sep7":
                for turn, step in ((1, stride), (2, 1)):
                    x = self._separable(f"{name}/{turn}", int(branch.op[3:]), step, 1, x)
                return x
            case "dilsep3":
                return self._separable(name, 3, stride, 2, x)
            case _:
                raise InvalidNetworkError(f"operation {branch.op!r} is none of DARTS'")

    def _separable(self, name: str, kernel: int, stride: int, dilation: int, x: int) -> int:
        side = dilation * (kernel // 2)
        padding: Padding = ((side, side), (side, side))
        x = self.write.depthwise(
            f"{name}/depthwise", kernel, self.write.relu(name, x), stride=stride,
            dilation=dilation, padding=padding,
        )  # fmt: skip
        return self.write.conv_bn(name, self.filters, (1, 1), x)
