"""Which readings count: those of full trainings; and curves over the budget that was spent."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench_mobile.metrics.anytime import (
    anytime_best,
    at_budget,
    best,
    best_within_target,
    failed_count,
    within_target_share,
)
from nasbench_mobile.metrics.columns import columns, objective_of
from nasbench_mobile.metrics.hypervolume import anytime_hypervolume, run_hypervolume
from nasbench_mobile.metrics.pareto import run_front
from nasbench_mobile.runs.run import ReferencePoint, Run, RunHeader
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

HEADER = RunHeader(
    {"objective": {"alpha": 0.0, "beta": -1.0, "target_ms": 80.0}},
    "hash", StrategySpec("successive-halving"), seed=0, budget=4,
)  # fmt: skip

# (share of the training, seen accuracy, true accuracy, latency in ms); None where it failed
ROWS = [
    (0.5, 0.90, 0.91, 40.0),  # the best reading of all, but of half a training
    (1.0, 0.60, 0.62, 40.0),
    (0.25, None, None, None),
    (0.25, 0.70, 0.71, 100.0),
    (1.0, 0.65, 0.64, 70.0),
    (0.5, 0.95, 0.96, 60.0),
]


def partial_run() -> Run:
    objective = objective_of(HEADER)
    trials: list[Trial] = []
    noise_free: list[Measurement | None] = []
    for number, (share, seen, true, latency_ms) in enumerate(ROWS):
        proposal = Proposal(number, (number,), share)
        if seen is None or true is None or latency_ms is None:
            trials.append(Trial(proposal, failure="it broke"))
            noise_free.append(None)
            continue
        measured = Measurement(seen, latency_ms)
        trials.append(Trial(proposal, measured, objective(measured)))
        noise_free.append(Measurement(true, latency_ms))
    return Run(HEADER, tuple(trials), tuple(noise_free), finished=True)


def test_partial_and_failed_trainings_have_no_accuracy_but_their_latency_and_share() -> None:
    table = columns(partial_run())
    nan = float("nan")
    for values, wanted in [
        (table.reward, [nan, 0.60, nan, nan, 0.65, nan]),
        (table.accuracy, [nan, 0.60, nan, nan, 0.65, nan]),
        (table.true_accuracy, [nan, 0.62, nan, nan, 0.64, nan]),
        (table.latency_ms, [40.0, 40.0, nan, 100.0, 70.0, 60.0]),
        (table.true_latency_ms, [40.0, 40.0, nan, 100.0, 70.0, 60.0]),
        (table.share, [0.5, 1.0, 0.25, 0.25, 1.0, 0.5]),
    ]:
        np.testing.assert_array_equal(values, wanted)
    assert table.failed.tolist() == [False, False, True, False, False, False]
    assert table.ok.tolist() == [False, True, False, False, True, False]


def test_every_figure_of_a_run_is_of_its_full_trainings() -> None:
    table, objective = columns(partial_run()), objective_of(HEADER)
    assert best(table) == 4
    assert best_within_target(table, 80.0) == 0.64
    assert best_within_target(table, 50.0) == 0.62
    assert best_within_target(table, 30.0) is None
    assert failed_count(table) == 1
    assert within_target_share(table, 80.0) == 4 / 6  # latencies are of the full network anyway
    assert run_front(table).tolist() == [1, 4]
    curve = anytime_best(table, objective)
    np.testing.assert_array_equal(curve, [np.nan, 0.62, 0.62, 0.62, 0.64, 0.64])
    corner = ReferencePoint(accuracy=0.5, latency_ms=100.0)
    # of the box 0.5 x 100: 0.12 x 60 by the first, then 0.14 x 30 more 0.02 high
    after_first, after_both = 7.2 / 50, (7.2 + 0.02 * 30) / 50
    assert run_hypervolume(table, corner) == pytest.approx(after_both)
    assert anytime_hypervolume(table, corner) == pytest.approx(
        [0.0, after_first, after_first, after_first, after_both, after_both]
    )


def test_a_curve_over_the_budget_takes_what_was_known_when_each_unit_was_spent() -> None:
    table = columns(partial_run())
    curve = anytime_best(table, objective_of(HEADER))
    # spent after each trial: 0.5, 1.5, 1.75, 2.0, 3.0, 3.5
    np.testing.assert_array_equal(
        at_budget(curve, table, 4), [np.nan, 0.62, 0.64, np.nan]
    )  # after 1: nothing full yet; after 2: trial 3's end; after 3: trial 4; 4 was never spent
    np.testing.assert_array_equal(at_budget(curve, table, 2), [np.nan, 0.62])


def test_nine_ninths_are_one_unit() -> None:
    trials = tuple(Trial(Proposal(k, (k,), 1 / 9), Measurement(0.5, 10.0), 0.5) for k in range(9))
    measured = tuple(trial.measurement for trial in trials)
    table = columns(Run(HEADER, trials, measured, finished=True))
    assert at_budget(np.arange(9, dtype=np.float64), table, 2).tolist()[0] == 8.0
    assert np.isnan(at_budget(np.arange(9, dtype=np.float64), table, 2)[1])


def test_a_run_without_trials_has_empty_columns() -> None:
    table = columns(Run(HEADER, (), (), finished=True))
    assert table.reward.size == table.share.size == 0
    assert np.isnan(at_budget(np.array([]), table, 3)).all()
    assert best_within_target(table, 80.0) is None
