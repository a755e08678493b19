"""Accuracy from tokens: a fitted additive model with pairwise interactions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from operator import itemgetter, le
from pathlib import Path
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.text_files import DAMAGE
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.surrogates.pairwise import BlockTables, PairwiseModel
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity, Tokens

MODEL, SCHEMA = "pairwise-accuracy", 1
"""What a model file says it is."""


class SurrogateAccuracy:
    """Accuracy evaluator of one search space; `from_file` reads what `fit accuracy` made.

    Accuracy is a sum over blocks and pairs of blocks of `tables`, which are not clipped. A reading
    is clipped to [0, 1], which a measurement has to keep, and marked `extrapolated` where the sum
    lies outside the accuracies the model was fitted to; there alone can clipping change it.
    Deterministic; every number of a batch is bit-equal to that of asking alone.
    """

    def __init__(
        self,
        model: PairwiseModel,
        space_name: str,
        training_range: tuple[float, float],
        fidelity: Fidelity,
        label: str = "surrogate",
    ) -> None:
        self.model = model
        self.space_name = space_name
        self.training_range = training_range
        self._fidelity = fidelity
        self._label = label
        self._spaces: list[SearchSpace] = []
        self._compile()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> SurrogateAccuracy:
        """Read a model file; `UsageError` where it is not one, or damaged."""
        record = fitted_files.read(path, MODEL, SCHEMA)
        model = PairwiseModel.from_record(record)
        try:
            low, high = record["training_range"]
            return cls(
                model,
                str(record["space"]),
                (float(low), float(high)),
                Fidelity(**record["fidelity"]),
                f"surrogate {Path(path).stem}",
            )
        except DAMAGE as error:
            raise UsageError(f"damaged accuracy model {path}: {error!r}; fit it again") from error

    def _compile(self) -> None:
        tables = self.model.tables
        self._getters: list[Callable[[Tokens], Any]] = [itemgetter(*b) for b in tables.positions]
        self._states = [
            {getter(_spread(block, state)): index for index, state in enumerate(states)}
            for getter, block, states in zip(
                self._getters, tables.positions, tables.states, strict=True
            )
        ]
        self._unary = [table.tolist() for table in tables.unary]
        self._pair = [(a, b, matrix.tolist()) for (a, b), matrix in tables.pair.items()]

    @property
    def label(self) -> str:
        return self._label

    @property
    def fidelity(self) -> Fidelity:
        """How the networks were trained that the model was fitted to."""
        return self._fidelity

    @property
    def tables(self) -> BlockTables:
        """Accuracy (fraction) by blocks: base, unary and pair tables, for exact solvers."""
        return self.model.tables

    def to_json(self) -> str:
        """What the evaluator needs as a model file's content (provenance is the fit's to add)."""
        record = {
            "model": MODEL,
            "schema": SCHEMA,
            "space": self.space_name,
            "fidelity": asdict(self._fidelity),
            "training_range": list(self.training_range),
            **self.model.to_record(),
        }
        return fitted_files.to_json(record)

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """One reading per architecture; `UsageError` for one of another space."""
        return [self._reading(architecture) for architecture in architectures]

    def predict_one(self, tokens: Tokens) -> float:
        """The unclipped sum for canonical tokens of the model's space."""
        # Plain lists, not numpy: strategies that ask one at a time give batches of one, where
        # numpy's overhead is ten times the sum, and in batches making the array costs as much.
        states = [
            table[getter(tokens)] for getter, table in zip(self._getters, self._states, strict=True)
        ]
        total = self.model.intercept
        for table, state in zip(self._unary, states, strict=True):
            total += table[state]
        for a, b, matrix in self._pair:
            total += matrix[states[a]][states[b]]
        return total

    def _reading(self, architecture: Architecture) -> AccuracyReading:
        space = architecture.space
        if not any(space is known for known in self._spaces):
            self._admit(space)
        value = self.predict_one(space.canonical(architecture.tokens))
        low, high = self.training_range
        if low <= value <= high:
            return AccuracyReading(value, fidelity=self._fidelity)
        clipped = min(max(value, 0.0), 1.0)
        return AccuracyReading(clipped, extrapolated=True, fidelity=self._fidelity)

    def _admit(self, space: SearchSpace) -> None:
        cardinalities = tuple(decision.cardinality for decision in space.decisions)
        known = self.model.cardinalities
        # a space restricted by an option keeps the first values of its decisions
        within = len(cardinalities) == len(known) and all(map(le, cardinalities, known))
        if space.name != self.space_name or not within:
            raise UsageError(
                f"{self._label} was fitted to space {self.space_name!r} with "
                f"{len(self.model.cardinalities)} decisions, but the architecture is of "
                f"{space.name!r} with {len(cardinalities)} (cardinalities {cardinalities}); "
                "use that space, or fit a model to yours"
            )
        self._spaces.append(space)


def _spread(positions: tuple[int, ...], state: Tokens) -> Tokens:
    """Tokens that have `state` at `positions` (zeros elsewhere), for building look-up keys."""
    tokens = [0] * (max(positions) + 1)
    for position, token in zip(positions, state, strict=True):
        tokens[position] = token
    return tuple(tokens)
