"""What a table has to tell, as numbers: its size, its spread, its noise, its costs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Collection
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.surrogates.fit_table import LEAST as LEAST_FITTED
from nasbench_mobile.tables.noise_study import noise_study
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import Tokens


def table_facts(table: Table, among: Collection[Tokens] | None = None) -> dict[str, Any]:
    """JSON values about the architectures of a table (`among` keeps those), and its references.

    Accuracies are means over seeds, fractions; `noise` is that of `noise_study`, or says why there
    is none.
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
            column: _spread([rows[0].latency_ms[column] for rows in trained.values()])
            for column in table.header.latency
        },
        "cost_s": round(sum(row.cost_s for row in every), 1),
        "noise": _noise(list(trained.values())),
        "training": table.header.training,
    }


def mean_accuracy(rows: list[Row]) -> float:
    """Over the seeds of one network."""
    return statistics.fmean(row.accuracy for row in rows if row.accuracy is not None)


def _noise(groups: list[list[Row]]) -> dict[str, Any]:
    accuracies = [[row.accuracy for row in g if row.accuracy is not None] for g in groups]
    try:
        return noise_study(accuracies).record()
    except UsageError as error:
        return {"unknown": str(error)}


def _spread(values: list[Any]) -> dict[str, float] | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {
        "least": round(min(known), 6),
        "median": round(statistics.median(known), 6),
        "most": round(max(known), 6),
    }
