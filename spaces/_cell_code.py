"""Tokens of one cell of NASNet's space: what they mean, and which lists mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.cells import Branch, Cell, CellBlock, CellOp, Combination
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.types import Decision, Tokens

OPS: tuple[CellOp, ...] = (
    "id", "conv1x3", "conv1x7", "dil3", "avg3", "max3", "max5", "max7", "conv1", "conv3",
    "sep3", "sep5", "sep7",
)  # fmt: skip
"""The 13 operations in the order of Zoph et al. 2018, section 3."""
COMBINATIONS: tuple[Combination, ...] = get_args(Combination)
BLOCKS = 5
_PER_BLOCK = 5
_ID, _CONV1 = OPS.index("id"), OPS.index("conv1")


@dataclass(frozen=True, slots=True)
class CellCode:
    """One cell's part of the tokens: 5 blocks of (input, input, op, op, combination).

    `reduces` says that it is the reduction cell. `kept` are states that it joins although blocks
    read them.
    """

    name: str
    reduces: bool
    kept: tuple[int, ...] = ()

    def decisions(self) -> list[Decision]:
        """The decisions of a block in the order of Zoph et al. 2018, Fig. 3 (steps 1 to 5)."""
        found = []
        for number in range(BLOCKS):
            block = f"{self.name}/block{number + 1}"
            states = tuple(str(state) for state in range(number + 2))
            found += [
                Decision(f"{block}/left/input", len(states), labels=states),
                Decision(f"{block}/right/input", len(states), labels=states),
                Decision(f"{block}/left/op", len(OPS), labels=OPS),
                Decision(f"{block}/right/op", len(OPS), labels=OPS),
                Decision(f"{block}/combination", len(COMBINATIONS), labels=COMBINATIONS),
            ]
        return found

    def canonical(self, tokens: Tokens) -> Tokens:
        """Give the tokens that stand for all which mean the same cell.

        In them an identity that must stride or fit channels is the 1x1 convolution that does it,
        and the two branches of a sum stand in ascending order.
        """
        found: list[int] = []
        fitting = {0, 1} if self.reduces else set()
        for number in range(BLOCKS):
            one, other, one_op, other_op, combination = self._block(tokens, number)
            left = (one, _CONV1 if one_op == _ID and one in fitting else one_op)
            right = (other, _CONV1 if other_op == _ID and other in fitting else other_op)
            if COMBINATIONS[combination] == "add":
                left, right = sorted((left, right))
            else:
                fitting.add(number + 2)  # as many channels twice
            found += [left[0], right[0], left[1], right[1], combination]
        return tuple(found)

    @property
    def distinct(self) -> int:
        """The number of canonical token lists, counted by block over the concatenations before it.

        A state of which identity and 1x1 convolution are one offers 12 branches, any other 13; n
        branches give n^2 concatenations and n (n + 1) / 2 sums.
        """
        ways = {2 if self.reduces else 0: 1}
        for number in range(BLOCKS):
            following: dict[int, int] = {}
            for fitting, count in ways.items():
                n = len(OPS) * (number + 2) - fitting
                following[fitting] = following.get(fitting, 0) + count * n * (n + 1) // 2
                following[fitting + 1] = following.get(fitting + 1, 0) + count * n * n
            ways = following
        return sum(ways.values())

    def cell(self, tokens: Tokens) -> Cell:
        """The cell of (valid) tokens."""
        blocks = []
        for number in range(BLOCKS):
            one, other, one_op, other_op, combination = self._block(tokens, number)
            branches = Branch(OPS[one_op], one), Branch(OPS[other_op], other)
            blocks.append(CellBlock(*branches, COMBINATIONS[combination]))
        return self._joining(tuple(blocks))

    def encode(self, cell: Cell) -> Tokens:
        """Give the tokens of a cell; `InvalidNetworkError` says that it is none of the space's."""
        if len(cell.blocks) != BLOCKS or any(
            branch.op not in OPS for block in cell.blocks for branch in (block.left, block.right)
        ):
            raise InvalidNetworkError(
                f"{self.name} cell is {cell}; cells here have {BLOCKS} blocks of {', '.join(OPS)}"
            )
        wanted = self._joining(cell.blocks).joined
        if cell.joined != wanted:
            raise InvalidNetworkError(
                f"{self.name} cell joins states {cell.joined}, here one of its blocks joins "
                f"{wanted}; see the space's option 'outputs'"
            )
        tokens: list[int] = []
        for block in cell.blocks:
            tokens += [
                block.left.state, block.right.state, OPS.index(block.left.op),
                OPS.index(block.right.op), COMBINATIONS.index(block.combination),
            ]  # fmt: skip
        return tuple(tokens)

    def read(self, network: Network, segment: str) -> Tokens:
        """Read the tokens of the cell in `segment` of a graph from the names of its layers.

        `KeyError` or `ValueError` says that the names are no cell's; the caller compares graphs.
        """
        places = {node.name: place for place, node in enumerate(network)}
        states = {places[f"{segment}/input/bn"]: 0}
        tokens: list[int] = []
        for number in range(BLOCKS):
            block = f"{segment}/block{number + 1}"
            combination = next(c for c in COMBINATIONS if f"{block}/{c}" in places)
            place = places[f"{block}/{combination}"]
            sides = [
                self._side(network, f"{block}/{side}/", source, states)
                for side, source in zip(("left", "right"), network.nodes[place].inputs, strict=True)
            ]
            inputs, ops = zip(*sides, strict=True)
            tokens += [*inputs, *ops, COMBINATIONS.index(combination)]
            states[place] = number + 2
        return tuple(tokens)

    def _side(
        self, network: Network, prefix: str, source: int, states: Mapping[int, int]
    ) -> tuple[int, int]:
        """Read the state and op of a branch.

        A branch without layers is an identity. State 1 has many names.
        """
        first = next((node for node in network if node.name.startswith(prefix)), None)
        if first is None:
            return states.get(source, 1), _ID
        op = first.name.removeprefix(prefix).split("/", 1)[0]
        return states.get(first.inputs[0], 1), OPS.index(op)

    def _joining(self, blocks: tuple[CellBlock, ...]) -> Cell:
        unread = Cell(blocks, (len(blocks) + 1,)).unread
        return Cell(blocks, tuple(sorted({*unread, *self.kept})))

    def _block(self, tokens: Tokens, number: int) -> Tokens:
        return tokens[_PER_BLOCK * number : _PER_BLOCK * (number + 1)]
