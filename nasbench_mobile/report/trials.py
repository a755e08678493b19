"""trials.csv: every trial of a study, one line each."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from nasbench_mobile.metrics.columns import objective_of
from nasbench_mobile.printable import printable
from nasbench_mobile.protocols import Objective
from nasbench_mobile.runs.run import Run
from nasbench_mobile.runs.trial_table import TrialTable
from nasbench_mobile.types import Measurement

FIELDS = (
    "strategy", "seed", "id", "tokens", "accuracy", "latency_ms", "reward", "true_accuracy",
    "true_latency_ms", "true_reward", "failure", "repeat_of",
)  # fmt: skip
"""`accuracy` (fraction), `latency_ms` and `reward` as the strategy saw them, `true_...` without
noise; tokens are joined by spaces; a field without a value is empty. Behind them stands a column
`NAME_UNIT` for every cost beside latency that any trial has."""

AT_ONCE = 4096
"""How many rows are made of arrays at a time (our choice: some hundred kilobytes)."""


def write_trials(file: TextIO, runs: Sequence[Run], objective: Objective | None = None) -> None:
    """Write all trials, run after run in the order they were told; open `file` with newline="".

    `objective` is needed where it is a user's own, which a log cannot hold.
    """
    writer = csv.writer(file, lineterminator="\n")
    others = sorted({cost for run in runs for cost in _other_costs(run)})
    writer.writerow([*FIELDS, *(f"{name}_{unit}" for name, unit in others)])
    for run in runs:
        rows = _rows(run, objective or objective_of(run.header))
        writer.writerows(_with_costs(rows, run, others) if others else rows)


def _other_costs(run: Run) -> Iterable[tuple[str, str]]:
    """Name and unit of every cost beside latency that a run's trials have."""
    if isinstance(run.trials, TrialTable):
        return run.trials.other_costs
    found = (trial.measurement.other_costs for trial in run.trials if trial.measurement)
    return {(name, cost.unit) for costs in found for name, cost in costs or ()}


def _with_costs(
    rows: Iterable[tuple[object, ...]], run: Run, others: Sequence[tuple[str, str]]
) -> Iterator[tuple[object, ...]]:
    for row, trial in zip(rows, run.trials, strict=True):
        costs = trial.measurement.other_costs if trial.measurement else None
        known = {(name, cost.unit): cost.value for name, cost in costs or ()}
        yield (*row, *map(known.get, others))


def _rows(run: Run, objective: Objective) -> Iterator[tuple[object, ...]]:
    label, seed = run.header.strategy.label, run.header.seed
    if isinstance(run.trials, TrialTable):
        yield from _rows_of_table(run.trials, (label, seed), objective)
        return
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
            None if trial.failure is None else printable(trial.failure),
            trial.repeat_of,
        )


def _rows_of_table(
    table: TrialTable, who: tuple[str, int], objective: Objective
) -> Iterator[tuple[object, ...]]:
    """The same of a run read from a log, without making trials of it again."""
    for start in range(0, len(table), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        columns = zip(
            table.ids[part].tolist(), table.tokens[part].tolist(), table.accuracy[part].tolist(),
            table.latency_ms[part].tolist(), table.reward[part].tolist(),
            table.true_accuracy[part].tolist(), table.repeat[part].tolist(),
            table.repeat_of[part].tolist(), strict=True,
        )  # fmt: skip
        for place, (number, tokens, accuracy, latency_ms, reward, true, repeat, of) in enumerate(
            columns, start=start
        ):
            words, repeat_of = " ".join(map(str, tokens)), of if repeat else None
            failure = table.failures.get(place)
            if failure is not None:
                yield (*who, number, words, *[None] * 6, printable(failure), repeat_of)
                continue
            scored = objective(Measurement(true, latency_ms))
            seen = (accuracy, latency_ms, reward, true, latency_ms, scored)
            yield (*who, number, words, *seen, None, repeat_of)
