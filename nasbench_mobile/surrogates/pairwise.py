"""Additive models of tokens with pairwise interactions, and their tables by blocks of tokens."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.text_files import DAMAGE
from nasbench_mobile.types import Tokens

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DIGITS = 12
"""Coefficients and table entries are multiples of 10^-12 (1e-10 percent of accuracy): our choice,
so that a table can be read as integers and sums of it be exact.
"""


@dataclass(frozen=True)
class BlockTables:
    """value = base + sum over blocks of unary[b][s_b] + sum over b < c of pair[b, c][s_b, s_c].

    `positions[b]` are the token positions of block b, `states[b]` its token tuples in the order of
    the tables: unary[b] has shape (S_b,), pair[b, c] has shape (S_b, S_c).
    """

    positions: tuple[tuple[int, ...], ...]
    states: tuple[tuple[Tokens, ...], ...]
    base: float
    unary: tuple[Floats, ...]
    pair: Mapping[tuple[int, int], Floats]

    def block_states(self, tokens: npt.ArrayLike) -> Ints:
        """The indices of the states, shape (N, blocks), of tokens of shape (N, decisions)."""
        array = np.asarray(tokens, dtype=np.int64)
        columns = []
        for positions, states in zip(self.positions, self.states, strict=True):
            sizes = [max(column) + 1 for column in zip(*states, strict=True)]
            columns.append(np.ravel_multi_index(array[:, positions].T, sizes))
        return np.stack(columns, axis=1)

    def predict(self, tokens: npt.ArrayLike) -> Floats:
        """The values, shape (N,), of tokens of shape (N, decisions), unclipped."""
        states = self.block_states(tokens)
        total = np.full(len(states), self.base)
        for block, table in enumerate(self.unary):
            total += table[states[:, block]]
        for (first, second), matrix in self.pair.items():
            total += matrix[states[:, first], states[:, second]]
        return total


@dataclass(frozen=True)
class PairwiseModel:
    """value = intercept + sum of main[i][t_i] + sum over i < j of pair[i, j][t_i, t_j].

    One-hot with value 0 of each decision as the reference: `main[i]` has shape (c_i - 1,) and
    `pair[i, j]` shape (c_i - 1, c_j - 1), for values from 1 on. `blocks` are the token positions
    that belong together and partition all of them.
    """

    cardinalities: tuple[int, ...]
    blocks: tuple[tuple[int, ...], ...]
    intercept: float
    main: tuple[Floats, ...]
    pair: Mapping[tuple[int, int], Floats]

    def __post_init__(self) -> None:
        sizes = self.cardinalities
        positions = range(len(sizes))
        if sorted(itertools.chain.from_iterable(self.blocks)) != list(positions):
            raise UsageError(f"blocks {self.blocks} do not hold each of {len(sizes)} tokens once")
        if tuple(len(column) + 1 for column in self.main) != sizes:
            raise UsageError(f"main effects do not match the cardinalities {sizes}")
        for i, j in itertools.combinations(positions, 2):
            shape = self.pair[i, j].shape if (i, j) in self.pair else None
            if shape != (sizes[i] - 1, sizes[j] - 1):
                raise UsageError(
                    f"pair {i},{j} has shape {shape}, not {(sizes[i] - 1, sizes[j] - 1)}"
                )

    @property
    def coefficients(self) -> int:
        """How many numbers the model has, the intercept with them."""
        return 1 + sum(map(len, self.main)) + sum(matrix.size for matrix in self.pair.values())

    @cached_property
    def tables(self) -> BlockTables:
        """The model by blocks: main effects and pairs within a block become its unary table."""
        main = [np.concatenate([[0.0], column]) for column in self.main]
        pair = {key: np.pad(matrix, ((1, 0), (1, 0))) for key, matrix in self.pair.items()}
        states = tuple(
            tuple(itertools.product(*(range(self.cardinalities[i]) for i in block)))
            for block in self.blocks
        )
        values = [np.array(rows, dtype=np.int64) for rows in states]
        unary = []
        for block, rows in zip(self.blocks, values, strict=True):
            table = sum((main[i][rows[:, k]] for k, i in enumerate(block)), np.zeros(len(rows)))
            for (k, i), (m, j) in itertools.combinations(enumerate(block), 2):
                table = table + _ordered(pair, i, j)[rows[:, k], rows[:, m]]
            unary.append(np.round(table, DIGITS))
        between = {
            (a, b): self._between(pair, a, b, values[a], values[b])
            for a, b in itertools.combinations(range(len(self.blocks)), 2)
        }
        return BlockTables(self.blocks, states, self.intercept, tuple(unary), between)

    def _between(
        self, pair: Mapping[tuple[int, int], Floats], a: int, b: int, rows: Ints, columns: Ints
    ) -> Floats:
        table = np.zeros((len(rows), len(columns)))
        for k, i in enumerate(self.blocks[a]):
            for m, j in enumerate(self.blocks[b]):
                table += _ordered(pair, i, j)[np.ix_(rows[:, k], columns[:, m])]
        return np.round(table, DIGITS)

    def to_record(self) -> dict[str, Any]:
        """The model as JSON values; `from_record` reads them."""
        return {
            "cardinalities": list(self.cardinalities),
            "blocks": [list(block) for block in self.blocks],
            "intercept": self.intercept,
            "main": [column.tolist() for column in self.main],
            "pair": {f"{i},{j}": matrix.tolist() for (i, j), matrix in self.pair.items()},
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PairwiseModel:
        """The model of JSON values; `UsageError` where one is missing or has a wrong shape."""
        try:
            cardinalities = tuple(int(size) for size in record["cardinalities"])
            pair = {
                (i, j): np.array(record["pair"][f"{i},{j}"], dtype=float).reshape(
                    cardinalities[i] - 1, cardinalities[j] - 1
                )
                for i, j in itertools.combinations(range(len(cardinalities)), 2)
            }
            return cls(
                cardinalities,
                tuple(tuple(block) for block in record["blocks"]),
                float(record["intercept"]),
                tuple(np.array(column, dtype=float) for column in record["main"]),
                pair,
            )
        except DAMAGE as error:
            raise UsageError(
                f"damaged pairwise model ({type(error).__name__}: {error}); "
                "make it again with `nasbench-mobile fit accuracy`"
            ) from error


def _ordered(pair: Mapping[tuple[int, int], Floats], i: int, j: int) -> Floats:
    """The matrix of decisions i (rows) and j (columns), whichever comes first in the model."""
    return pair[i, j] if i < j else pair[j, i].T
