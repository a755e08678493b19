"""Reference networks trained on our own data, where the table of such trainings is there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from nasbench_mobile.benchmark import built_in_names, load_benchmark
from nasbench_mobile.tables.table import read_table

NAME = "mnasnet-cifar10-host"
"""The benchmark that looks accuracies up in a table of trainings of our own."""

Trained: TypeAlias = dict[tuple[str, float, int], tuple[float, ...]]
"""(model, depth multiplier, input size): accuracy (fraction) of every seed."""


def table_place() -> Path | None:
    """The table of the built-in benchmark of that name; None where there is no such benchmark."""
    if NAME not in built_in_names():
        return None
    return load_benchmark(NAME).accuracy.model


def trained_references() -> Trained:
    """Accuracies of the reference networks in the table; empty where there is no table."""
    place = table_place()
    if place is None:
        return {}
    return {
        (name, multiplier, size): tuple(row.accuracy for row in rows if row.accuracy is not None)
        for (_, name, multiplier, size), rows in read_table(place).trained().items()
        if name is not None
    }


def accuracy(trained: Trained, name: str, multiplier: float, size: int) -> float | None:
    """Mean over seeds; None where the network is not in the table."""
    values = trained.get((name, multiplier, size))
    return sum(values) / len(values) if values else None


def difference(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Mean of `first` less that of `second`, and its standard error (inf below two seeds each)."""
    gain = sum(first) / len(first) - sum(second) / len(second)
    return gain, math.sqrt(_squared_error(first) + _squared_error(second))


def _squared_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.inf
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return variance / len(values)


def said(trained: Trained) -> str:
    """What there is, in a sentence."""
    if not trained:
        return f"no table of {NAME} is here yet: its half of the claims needs ImageNet until then"
    return f"{len(trained)} reference networks are trained in the table of {NAME}"
