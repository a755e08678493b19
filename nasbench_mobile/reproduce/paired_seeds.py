"""Runs compared seed by seed: what each picked, and how sure a mean difference is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_mobile.errors import EvaluationError
from nasbench_mobile.metrics.anytime import best, best_within_target, truth
from nasbench_mobile.metrics.columns import Floats, columns
from nasbench_mobile.metrics.statistics import bootstrap_interval
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Measurement


@dataclass(frozen=True, slots=True)
class Gain:
    """Values of all seeds, their mean, and its 95 % bootstrap interval (None for too few seeds)."""

    values: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None

    @property
    def above(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.interval is not None and self.interval[0] > 0.0

    @property
    def below(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.interval is not None and self.interval[1] < 0.0

    def words(self, form: str = "+.4f") -> str:
        """`+0.0123 [+0.0101, +0.0144]`, or `+0.0123 (3 seeds, too few for an interval)`."""
        text = format(self.mean, form)
        if self.interval is None:
            seeds = "1 seed" if len(self.values) == 1 else f"{len(self.values)} seeds"
            return f"{text} ({seeds}, too few for an interval)"
        low, high = (format(end, form) for end in self.interval)
        return f"{text} [{low}, {high}]"


def gain(values: Sequence[float]) -> Gain:
    """The mean over seeds with its interval."""
    interval = bootstrap_interval([values], statistic=_mean)
    return Gain(tuple(values), float(np.mean(values)), interval)


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=-1))


def picked(run: Run) -> Measurement:
    """What the network that the run would pick is truly worth: that of its best reward."""
    table = columns(run)
    position = best(table)
    if position is None:
        raise EvaluationError(f"{run.header.strategy.label} seed {run.header.seed} found nothing")
    return truth(table, position)


def accuracy_within(run: Run, latency_ms: float) -> float | None:
    """Accuracy of the best network that the run saw within a latency; None where it saw none."""
    return best_within_target(columns(run), latency_ms)
