"""Accuracy looked up in a table of trained architectures: real trainings, none made up."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table, read_table, space_record
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity, Tokens


class TabularAccuracy:
    """Accuracy evaluator of the architectures in a table; `from_file` reads what `collect` made.

    An architecture's accuracy is the mean over the seeds it was trained with, `sd` that of its
    seeds where there are two or more, `cost_s` the mean seconds of a training. One that is not in
    the table, or whose trainings all failed, is a failure. Serves the table's space and those whose
    networks are a part of it.
    """

    def __init__(self, table: Table, name: str = "table") -> None:
        self.table = table
        training = table.header.training
        self._fidelity = Fidelity(
            training["epochs"], training["data"], training["width"], training["input_size"]
        )
        rows = table.architectures()
        self._readings = {tokens: self._reading(found) for tokens, found in rows.items()}
        self._failures = {
            row.tokens: row.failure or "" for row in table.failures if row.tokens is not None
        }
        self._label = f"{name}: {len(rows)} trained architectures"
        self._spaces: list[SearchSpace] = []
        if not rows:
            raise UsageError("the table has no trained architecture; collect some first")

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> TabularAccuracy:
        """Read a table; `UsageError` where the file is none."""
        return cls(read_table(Path(path)), Path(path).name.partition(".")[0])

    @property
    def label(self) -> str:
        return self._label

    @property
    def fidelity(self) -> Fidelity:
        """How the architectures were trained."""
        return self._fidelity

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """One reading or failure per architecture; `UsageError` for one of another space."""
        return [self._find(architecture) for architecture in architectures]

    def _find(self, architecture: Architecture) -> AccuracyReading | Failure:
        home = architecture.home
        if not any(home.space is known for known in self._spaces):
            self._admit(home.space)
        tokens: Tokens = home.tokens
        if tokens in self._readings:
            return self._readings[tokens]
        if tokens in self._failures:
            return Failure(f"its training failed: {self._failures[tokens]}")
        return Failure(
            f"it is not among the {len(self._readings)} architectures of the table; collect it, "
            "or search a space that the table covers"
        )

    def _admit(self, space: SearchSpace) -> None:
        wanted = self.table.header.space
        if space_record(space) != wanted:
            raise UsageError(
                f"{self._label} is of space {wanted['name']!r} with options {wanted['options']}, "
                f"but the architecture is of {space.name!r} with {space.options}; use that space"
            )
        self._spaces.append(space)

    def _reading(self, rows: list[Row]) -> AccuracyReading:
        accuracies = [row.accuracy for row in rows if row.accuracy is not None]
        return AccuracyReading(
            statistics.fmean(accuracies),
            sd=statistics.stdev(accuracies) if len(accuracies) > 1 else None,
            cost_s=statistics.fmean(row.cost_s for row in rows),
            fidelity=self._fidelity,
        )
