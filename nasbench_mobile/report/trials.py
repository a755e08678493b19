"""trials.csv: every evaluation of a study, one line each (R12: log every evaluation)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

from nasbench_mobile.metrics.columns import objective_of
from nasbench_mobile.protocols import Objective
from nasbench_mobile.runs import Run

FIELDS = (
    "strategy", "seed", "id", "tokens", "accuracy", "latency_ms", "reward", "true_accuracy",
    "true_latency_ms", "true_reward", "failure", "repeat_of",
)  # fmt: skip
"""`accuracy` (fraction), `latency_ms` and `reward` as the strategy saw them, `true_...` without
noise; tokens are joined by spaces; a field without a value is empty."""


def write_trials(file: TextIO, runs: Sequence[Run], objective: Objective | None = None) -> None:
    """Write all trials, run after run in the order they were told; open `file` with newline="".

    `objective` is needed where it is a user's own, which a log cannot hold.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    for run in runs:
        writer.writerows(_rows(run, objective or objective_of(run.header)))


def _rows(run: Run, objective: Objective) -> Iterator[tuple[object, ...]]:
    label, seed = run.header.strategy.label, run.header.seed
    for trial, true in zip(run.trials, run.noise_free, strict=True):
        seen = trial.measurement
        yield (
            label,
            seed,
            trial.proposal.id,
            " ".join(map(str, trial.tokens)),
            seen.accuracy if seen else None,
            seen.latency_ms if seen else None,
            trial.reward,  # floats are written by repr: they read back to the same value
            true.accuracy if true else None,
            true.latency_ms if true else None,
            objective(true) if true else None,
            trial.failure,
            trial.repeat_of,
        )
