"""Cells: small graphs of blocks that a network repeats, and the readable line that says one.

    sep5(0)+sep3(1) sep5(1)+sep3(1) avg3(0)+id(1) avg3(1)+avg3(1) sep3(0)+id(0) join(1,2,3,4,5,6)

A cell's states are 0, the output of the cell before it, 1, that of the cell before that, and from
2 on its blocks in order. A block applies one operation to each of two earlier states and adds the
results (`+`) or concatenates them (`|`); `join` lists the states whose concatenation is the output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from nasbench_mobile.errors import InvalidNetworkError

CellOp: TypeAlias = Literal[
    "id", "conv1x3", "conv1x7", "dil3", "avg3", "max3", "max5", "max7", "conv1", "conv3",
    "sep3", "sep5", "sep7", "dilsep3",
]  # fmt: skip
"""Identity; 1xk then kx1 convolutions; dilated 3x3 convolution; pools; plain and separable
convolutions of k x k; DARTS' dilated separable convolution."""

Combination: TypeAlias = Literal["add", "concat"]

_SIGNS: dict[Combination, str] = {"add": "+", "concat": "|"}
_BLOCK = re.compile(r"(\w+)\((\d{1,9})\)([+|])(\w+)\((\d{1,9})\)")
_JOIN = re.compile(r"join\((\d{1,9}(?:,\d{1,9})*)\)")


@dataclass(frozen=True, slots=True)
class Branch:
    """One operation on one state."""

    op: CellOp
    state: int

    def __str__(self) -> str:
        return f"{self.op}({self.state})"


@dataclass(frozen=True, slots=True)
class CellBlock:
    """Two branches, added or concatenated."""

    left: Branch
    right: Branch
    combination: Combination = "add"

    def __str__(self) -> str:
        return f"{self.left}{_SIGNS[self.combination]}{self.right}"


@dataclass(frozen=True, slots=True)
class Cell:
    """Blocks in order, and the states (ascending) whose concatenation is the cell's output."""

    blocks: tuple[CellBlock, ...]
    joined: tuple[int, ...]

    def __post_init__(self) -> None:
        for number, block in enumerate(self.blocks):
            for branch in (block.left, block.right):
                if branch.op not in get_args(CellOp):
                    known = ", ".join(get_args(CellOp))
                    raise InvalidNetworkError(f"unknown cell operation {branch.op!r}; {known}")
                if not 0 <= branch.state < number + 2:
                    raise InvalidNetworkError(
                        f"block {number + 1} of a cell reads state {branch.state}; before it there "
                        f"are 0..{number + 1}"
                    )
        states = range(len(self.blocks) + 2)
        if not self.joined or tuple(sorted(set(self.joined) & set(states))) != self.joined:
            raise InvalidNetworkError(
                f"a cell of {len(self.blocks)} blocks joins states {self.joined}; it needs some "
                f"of 0..{len(self.blocks) + 1}, each once, ascending"
            )

    def __str__(self) -> str:
        words = [str(block) for block in self.blocks]
        return " ".join([*words, f"join({','.join(map(str, self.joined))})"])

    @property
    def unread(self) -> tuple[int, ...]:
        """The states that no block reads."""
        read = {branch.state for b in self.blocks for branch in (b.left, b.right)}
        return tuple(state for state in range(len(self.blocks) + 2) if state not in read)


def parse_cell(text: str) -> Cell:
    """The cell a line means; `InvalidNetworkError` names a word that means nothing."""
    *words, last = text.split() or [""]
    blocks = []
    for word in words:
        found = _BLOCK.fullmatch(word)
        if found is None:
            raise InvalidNetworkError(f"word {word!r} is no block; one looks like 'sep5(0)+id(1)'")
        sign = next(name for name, written in _SIGNS.items() if written == found[3])
        left, right = Branch(found[1], int(found[2])), Branch(found[4], int(found[5]))  # type: ignore[arg-type]
        blocks.append(CellBlock(left, right, sign))
    joined = _JOIN.fullmatch(last)
    if joined is None:
        raise InvalidNetworkError(
            f"word {last!r} stands where a cell says what it joins, as in 'join(2,3,4)'"
        )
    return Cell(tuple(blocks), tuple(map(int, joined[1].split(","))))


def format_cells(normal: Cell, reduction: Cell) -> str:
    """`normal ... reduction ...`: both cells of a network in one line."""
    return f"normal {normal} reduction {reduction}"


def parse_cells(text: str) -> tuple[Cell, Cell]:
    """Read the (normal, reduction) cells of what `format_cells` wrote."""
    found = re.fullmatch(r"\s*normal\s(.*)\sreduction\s(.*)", text, re.DOTALL)
    if found is None:
        raise InvalidNetworkError(f"{text!r} is not 'normal BLOCKS join(..) reduction BLOCKS ..'")
    return parse_cell(found[1]), parse_cell(found[2])
