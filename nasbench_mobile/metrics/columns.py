"""A run as arrays: what the strategy saw and, beside it, the noise-free truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import LogError
from nasbench_mobile.objectives.mnasnet import LatencyObjective
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.runs.trial_table import TrialTable
from nasbench_mobile.types import Measurement

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Arrays of shape `(trials,)`, in the order of the run; NaN where there is nothing to score.

    `accuracy` (fraction), `latency_ms` and `reward` are what the strategy was told; `true_accuracy`
    and `true_latency_ms` the same architectures without noise. `repeat` marks proposals that meant
    an architecture the run already knew, `failed` those that gave no number. `share` is the part of
    a full training that was spent. Trials that are no results (`Trial.counts`) have no accuracy and
    no reward here, so that they are never an incumbent nor on a front.
    """

    reward: Floats
    accuracy: Floats
    latency_ms: Floats
    true_accuracy: Floats
    true_latency_ms: Floats
    repeat: Bools
    failed: Bools
    share: Floats

    @property
    def ok(self) -> Bools:
        """Which trials count as results, as a mask of shape `(trials,)`."""
        return ~np.isnan(self.reward)


def columns(run: Run) -> Columns:
    """The arrays of a run; `LogError` where trials and noise-free values do not match up."""
    if len(run.noise_free) != len(run.trials):
        raise LogError(
            f"run {run.header.strategy.label!r} seed {run.header.seed} has {len(run.trials)} "
            f"trials but {len(run.noise_free)} noise-free measurements; read its log again"
        )
    if isinstance(run.trials, TrialTable):
        return _of_table(run.trials)
    accuracy, latency_ms = _pair(trial.measurement for trial in run.trials)
    true_accuracy, true_latency_ms = _pair(run.noise_free)
    count = len(run.trials)
    reward = np.fromiter(
        (np.nan if trial.reward is None else trial.reward for trial in run.trials), float, count
    )
    counting = np.fromiter((trial.counts for trial in run.trials), bool, count)
    for values in (reward, accuracy, true_accuracy):
        values[~counting] = np.nan
    return Columns(
        reward=reward,
        accuracy=accuracy,
        latency_ms=latency_ms,
        true_accuracy=true_accuracy,
        true_latency_ms=true_latency_ms,
        repeat=np.fromiter((trial.repeat_of is not None for trial in run.trials), bool, count),
        failed=np.fromiter((not trial.ok for trial in run.trials), bool, count),
        share=np.fromiter((trial.proposal.fidelity for trial in run.trials), float, count),
    )


def _of_table(table: TrialTable) -> Columns:
    """The columns of a run that was read from a log. What is shared with the table is not written
    to.
    """
    counting = ~table.failed & (table.share == 1.0)
    return Columns(
        reward=np.where(counting, table.reward, np.nan),
        accuracy=np.where(counting, table.accuracy, np.nan),
        latency_ms=table.latency_ms,
        true_accuracy=np.where(counting, table.true_accuracy, np.nan),
        true_latency_ms=table.latency_ms,
        repeat=table.repeat,
        failed=table.failed,
        share=table.share,
    )


def _pair(measurements: Iterable[Measurement | None]) -> tuple[Floats, Floats]:
    values = [(np.nan, np.nan) if m is None else (m.accuracy, m.latency_ms) for m in measurements]
    table = np.array(values, dtype=float).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def objective_of(header: RunHeader) -> LatencyObjective:
    """The objective that a header records, to score noise-free measurements with.

    `LogError` where it is a user's own.
    """
    record = header.benchmark["objective"]
    if "alpha" not in record:
        raise LogError(
            f"the reward of these runs is a user's own, {record['name']}, which a log cannot hold; "
            "report on them from the study's folder, with that file in its place"
        )
    return LatencyObjective(
        alpha=float(record["alpha"]),
        beta=float(record["beta"]),
        target_ms=float(record["target_ms"]),
    )
