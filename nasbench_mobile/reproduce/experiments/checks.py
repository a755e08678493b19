"""Section 7.1 of MnasNet as checks: what hard and soft latency constraints do to a search.

Each check is a figure per seed, its mean with a 95 % bootstrap interval over seeds, and an answer:
`yes` where the whole interval satisfies the statement, `no` where none of it does, else
`undecided`. The thresholds are ours, and each says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt

from nasbench_mobile.metrics.columns import columns
from nasbench_mobile.metrics.pareto import run_front
from nasbench_mobile.metrics.statistics import bootstrap_interval
from nasbench_mobile.runs.run import Run

Floats = npt.NDArray[np.float64]

MODE_TOLERANCE = 0.1
"""The mode counts as near T within a tenth of T: our choice, half a tick of Fig. 6's axis."""

SEVERAL = 3
"""Several Pareto-optimal models are three or more: our choice, two could be the ends of one."""

DISTINCT_MS = 5.0
"""Front models count as of different latency when they are this far apart: our choice, the
error of the latency model is some 3 % of 75 ms and 5 ms is twice that."""

FAST_MS, SLOW_MS = 40.0, 110.0
"""Section 7.1: the soft search samples below 40 ms and above 110 ms."""

BIN_MS = 5.0
"""Width of the bins in which the mode is looked for: our choice, 15 bins up to T."""


class CheckRecord(TypedDict):
    """A `StatementCheck` as JSON; `check` is its number."""

    check: int
    statement: str
    figure: str
    mean: float
    ci95: list[float] | None
    per_seed: list[float]
    answer: str


@dataclass(frozen=True, slots=True)
class StatementCheck:
    """One statement of section 7.1, its figure with interval, and the answer."""

    number: int
    statement: str
    figure: str
    mean: float
    interval: tuple[float, float] | None
    per_seed: tuple[float, ...]
    answer: Literal["yes", "no", "undecided"]

    def to_json(self) -> CheckRecord:
        return {
            "check": self.number,
            "statement": self.statement,
            "figure": self.figure,
            "mean": self.mean,
            "ci95": None if self.interval is None else list(self.interval),
            "per_seed": list(self.per_seed),
            "answer": self.answer,
        }


def section_7_1(hard: Sequence[Run], soft: Sequence[Run], target_ms: float) -> list[StatementCheck]:
    """The five checks on runs of one strategy, paired by seed."""
    hard_ms, soft_ms = [latencies(run) for run in hard], [latencies(run) for run in soft]
    pairs = list(zip(hard_ms, soft_ms, strict=True))
    near = MODE_TOLERANCE * target_ms
    return [
        _check(
            1,
            "hard concentrates on faster models: more of its samples meet T than of soft's",
            "share of samples within T, hard minus soft",
            [float(np.mean(a <= target_ms) - np.mean(b <= target_ms)) for a, b in pairs],
            lambda low, high: (low > 0, high <= 0),
        ),
        _check(
            2,
            "soft spreads wider in latency",
            "standard deviation of latency (ms), soft minus hard",
            [float(np.std(b) - np.std(a)) for a, b in pairs],
            lambda low, high: (low > 0, high <= 0),
        ),
        _check(
            3,
            f"soft's most sampled latency is near T (within {near:g} ms)",
            "mode of soft's latency minus T (ms)",
            [mode_ms(b) - target_ms for b in soft_ms],
            lambda low, high: (-near <= low and high <= near, high < -near or low > near),
        ),
        _check(
            4,
            f"soft samples models both below {FAST_MS:g} ms and above {SLOW_MS:g} ms",
            f"share of soft's samples on the rarer side of [{FAST_MS:g}, {SLOW_MS:g}] ms",
            [float(min(np.mean(b < FAST_MS), np.mean(b > SLOW_MS))) for b in soft_ms],
            lambda low, high: (low > 0, high <= 0),
        ),
        _check(
            5,
            f"one soft run gives several ({SEVERAL} or more) Pareto-optimal models of "
            "different latency",
            f"models on a soft run's front at least {DISTINCT_MS:g} ms apart",
            [float(spaced_front(run)) for run in soft],
            lambda low, high: (low >= SEVERAL, high < SEVERAL),
        ),
    ]


def _check(
    number: int,
    statement: str,
    figure: str,
    per_seed: list[float],
    judge: Callable[[float, float], tuple[bool, bool]],
) -> StatementCheck:
    interval = bootstrap_interval([per_seed], statistic=_mean)
    holds, fails = (False, False) if interval is None else judge(*interval)
    answer: Literal["yes", "no", "undecided"] = "yes" if holds else "no" if fails else "undecided"
    mean = float(np.mean(per_seed))
    return StatementCheck(number, statement, figure, mean, interval, tuple(per_seed), answer)


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=-1))


def latencies(run: Run) -> Floats:
    """Latency in ms of every sample of a run that did not fail, repeats too."""
    table = columns(run)
    return table.latency_ms[table.ok]


def mode_ms(latencies_ms: Floats) -> float:
    """Middle of the fullest bin of `BIN_MS`."""
    edges = np.arange(0.0, latencies_ms.max() + 2 * BIN_MS, BIN_MS)
    counts, _ = np.histogram(latencies_ms, bins=edges)
    return float(edges[int(np.argmax(counts))] + BIN_MS / 2)


def spaced_front(run: Run) -> int:
    """How many models of the run's front lie at least `DISTINCT_MS` apart, fastest first."""
    latency_ms = columns(run).latency_ms
    count, last = 0, -np.inf
    for position in run_front(columns(run)):
        if latency_ms[position] - last >= DISTINCT_MS:
            count, last = count + 1, latency_ms[position]
    return count
