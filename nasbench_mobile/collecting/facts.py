"""What a table has to tell, as numbers: its size, its spread, its noise, its costs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, TypedDict, final

from nasbench_mobile.errors import UsageError
from nasbench_mobile.surrogates.fit_table import LEAST as LEAST_FITTED
from nasbench_mobile.tables.noise_study import NoiseRecord, noise_study
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import Tokens


class Spread(TypedDict):
    """Of some values, six digits."""

    least: float
    median: float
    most: float


@final
class UnknownNoise(TypedDict):
    """Why the noise of a table cannot be told."""

    unknown: str


class TableFacts(TypedDict):
    """A table in numbers. Accuracies are means over seeds, fractions."""

    space: str
    architectures: int
    pilot: bool
    """Whether there are too few architectures to fit a surrogate to."""
    trainings: int
    seeds: dict[int, int]
    """How many architectures were trained with so many seeds."""
    failed: int
    references: int
    accuracy: Spread
    latency_ms: dict[str, Spread | None]
    """By the table's column; None where no architecture has one."""
    cost_s: float
    noise: NoiseRecord | UnknownNoise
    training: dict[str, Any]
    """How the networks were trained, as the table's header says it."""


def table_facts(table: Table, among: Collection[Tokens] | None = None) -> TableFacts:
    """JSON values about the architectures of a table (`among` keeps those), and its references.

    `UsageError` where none of them is trained.
    """
    trained = table.architectures(among)
    if not trained:
        raise UsageError("the table has no trained architecture to tell of")
    means = [mean_accuracy(rows) for rows in trained.values()]
    every = [row for rows in trained.values() for row in rows]
    return {
        "space": table.header.space["name"],
        "architectures": len(trained),
        "pilot": len(trained) < LEAST_FITTED,
        "trainings": len(every),
        "seeds": dict(sorted(Counter(len(rows) for rows in trained.values()).items())),
        "failed": len(table.failures),
        "references": sum(tokens is None for tokens, *_ in table.trained()),
        "accuracy": _spread(means),
        "latency_ms": {
            column: _known_spread([rows[0].latency_ms[column] for rows in trained.values()])
            for column in table.header.latency
        },
        "cost_s": round(sum(row.cost_s for row in every), 1),
        "noise": _noise(list(trained.values())),
        "training": table.header.training,
    }


def mean_accuracy(rows: list[Row]) -> float:
    """Figures over the seeds of one network."""
    return statistics.fmean(row.accuracy for row in rows if row.accuracy is not None)


def _noise(groups: list[list[Row]]) -> NoiseRecord | UnknownNoise:
    accuracies = [[row.accuracy for row in g if row.accuracy is not None] for g in groups]
    try:
        return noise_study(accuracies).record()
    except UsageError as error:
        return {"unknown": str(error)}


def _known_spread(values: Sequence[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    return _spread(known) if known else None


def _spread(values: Sequence[float]) -> Spread:
    return {
        "least": round(min(values), 6),
        "median": round(statistics.median(values), 6),
        "most": round(max(values), 6),
    }
