"""Reference networks trained on our own data, where the table of such trainings is there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from nasbench_mobile.benchmark import built_in_names, load_benchmark
from nasbench_mobile.reproduce.claims import ClaimVerdict, on
from nasbench_mobile.tables.noise_study import pooled_sd
from nasbench_mobile.tables.table import read_table

NAME = "mnasnet-cifar10-host"
"""The benchmark that looks accuracies up in a table of trainings of our own."""

OurKey: TypeAlias = tuple[str, float, int]
"""Model, width multiplier, input size (pixels, full size)."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Accuracies (fractions) of reference networks, one per seed, and how far seeds differ.

    `seed_sd` is pooled over everything in the table that has several seeds, architectures too; None
    where nothing has.
    """

    accuracies: dict[OurKey, tuple[float, ...]] = field(default_factory=dict)
    seed_sd: float | None = None

    def accuracy(self, name: str, multiplier: float, size: int) -> float | None:
        """The mean over seeds; None where the network is not in the table."""
        values = self.accuracies.get((name, multiplier, size))
        return sum(values) / len(values) if values else None

    def difference(
        self, first: OurKey, second: OurKey, factors: tuple[float, float] = (1.0, 1.0)
    ) -> tuple[float, float] | None:
        """Mean accuracy of `first` less that of `second`, and the standard error of that.

        Each is multiplied by its factor before (Eq. 2's reward is accuracy times one). The error is
        from `seed_sd`, infinite without one; None where either network is not in the table.
        """
        means, error = [], 0.0
        for key, factor in zip((first, second), factors, strict=True):
            mean = self.accuracy(*key)
            if mean is None:
                return None
            means.append(factor * mean)
            sd = math.inf if self.seed_sd is None else self.seed_sd
            error += (factor * sd) ** 2 / len(self.accuracies[key])
        return means[0] - means[1], math.sqrt(error)

    def said(self) -> str:
        """What there is, in a sentence."""
        if not self.accuracies:
            return f"no table of {NAME} is here yet: its half of the claims needs ImageNet"
        words = f"{len(self.accuracies)} reference networks are trained in the table of {NAME}"
        if self.seed_sd is None:
            return f"{words}, nothing of it with two seeds"
        return (
            f"{words}; two seeds of one network differ by {self.seed_sd:.2%} (standard deviation)"
        )


def decided(claim: str, holds: bool | None, detail: str) -> tuple[list[ClaimVerdict], list[str]]:
    """A verdict where these trainings decide (`holds` is not None), else a sentence that says so.

    So few images and seeds settle only large differences; where they do not, a claim goes on
    needing ImageNet, instead of being called wrong for want of seeds.
    """
    if holds is None:
        return [], [f"{detail}: {NAME} does not decide it"]
    return [on(NAME, claim, holds, detail)], []


def table_place() -> Path | None:
    """The table of the built-in benchmark of that name; None where there is no such benchmark."""
    if NAME not in built_in_names():
        return None
    return load_benchmark(NAME).accuracy.model


def trained_references() -> Trained:
    """The reference networks in the table; none where there is no table."""
    place = table_place()
    if place is None:
        return Trained()
    groups = {
        (name, multiplier, size, tokens): [row.accuracy for row in rows if row.accuracy is not None]
        for (tokens, name, multiplier, size), rows in read_table(place).trained().items()
    }
    references = {
        (name, multiplier, size): tuple(values)
        for (name, multiplier, size, _), values in groups.items()
        if name is not None
    }
    return Trained(references, pooled_sd(list(groups.values())))
