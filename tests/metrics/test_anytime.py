from dataclasses import replace

import numpy as np
import pytest

from nasbench_mobile.errors import LogError
from nasbench_mobile.metrics.anytime import (
    anytime_best,
    at_budget,
    best,
    best_reward,
    best_within_target,
    failed_count,
    incumbents,
    repeat_rate,
    within_target_share,
)
from nasbench_mobile.metrics.columns import columns, objective_of
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

BENCHMARK = {"objective": {"alpha": 0.0, "beta": -1.0, "target_ms": 80.0}}


def run_of(rows: list[tuple[float, float, float] | None], repeats: frozenset[int]) -> Run:
    """Rows of (seen accuracy, true accuracy, latency ms); None where the trial failed."""
    header = RunHeader(BENCHMARK, "hash", StrategySpec("random"), seed=0, budget=len(rows))
    objective = objective_of(header)
    trials: list[Trial] = []
    noise_free: list[Measurement | None] = []
    for i, row in enumerate(rows):
        proposal = Proposal(i, (i,))
        if row is None:
            trials.append(Trial(proposal, failure="it broke"))
            noise_free.append(None)
            continue
        seen = Measurement(accuracy=row[0], latency_ms=row[2])
        repeat_of = 0 if i in repeats else None
        trials.append(Trial(proposal, seen, objective(seen), repeat_of=repeat_of))
        noise_free.append(Measurement(accuracy=row[1], latency_ms=row[2]))
    return Run(header, tuple(trials), tuple(noise_free), finished=True)


@pytest.fixture
def noisy() -> Run:
    return run_of(
        [None, (0.60, 0.61, 40.0), (0.59, 0.70, 40.0), (0.65, 0.58, 80.0), (0.80, 0.79, 160.0)],
        repeats=frozenset({2}),
    )


def test_incumbents_keep_the_first_of_equals() -> None:
    assert incumbents(np.array([np.nan, 1.0, 1.0, 0.5, 2.0])).tolist() == [-1, 1, 1, 1, 4]
    assert incumbents(np.array([])).tolist() == []


def test_the_incumbent_is_chosen_by_noisy_rewards_and_scored_without_noise(noisy: Run) -> None:
    table, objective = columns(noisy), objective_of(noisy.header)
    curve = anytime_best(table, objective)
    assert np.isnan(curve[0])
    # trial 2 is truly the best (0.70), but its reading (0.59) hid that; trial 3 only looks better
    assert curve[1:].tolist() == [0.61, 0.61, 0.58, 0.58]
    assert best(table) == 3
    assert best_reward(table, objective) == 0.58


def test_a_run_that_found_nothing_scores_zero() -> None:
    run = run_of([None, None], repeats=frozenset())
    table = columns(run)
    assert best(table) is None
    assert best_reward(table, objective_of(run.header)) == 0.0
    assert best_within_target(table, 80.0) is None
    assert failed_count(table) == 2


def test_shares_are_of_all_trials(noisy: Run) -> None:
    table = columns(noisy)
    assert within_target_share(table, 80.0) == 3 / 5
    assert repeat_rate(table) == 1 / 5
    assert failed_count(table) == 1
    assert best_within_target(table, 80.0) == 0.58  # 0.65 was the best reading within 80 ms


def test_trials_without_their_noise_free_values_are_an_error(noisy: Run) -> None:
    broken = Run(noisy.header, noisy.trials, noisy.noise_free[:-1], finished=True)
    with pytest.raises(LogError, match="5 trials but 4 noise-free"):
        columns(broken)


def test_a_curve_over_the_budget_has_a_value_per_whole_proposal() -> None:
    """Halves are two to a proposal; nothing is known beyond what was spent."""
    full = columns(run_of([(0.5, 0.5, 80.0), (0.6, 0.6, 80.0), (0.7, 0.7, 80.0)], frozenset()))
    curve = np.array([0.5, 0.6, 0.7])
    assert at_budget(curve, full, 3).tolist() == [0.5, 0.6, 0.7]
    assert at_budget(curve, full, 2).tolist() == [0.5, 0.6]
    longer = at_budget(curve, full, 5)
    assert longer[:3].tolist() == [0.5, 0.6, 0.7]
    assert np.isnan(longer[3:]).all()
    halves = replace(full, share=np.array([0.5, 0.5, 1.0]))
    assert at_budget(curve, halves, 2).tolist() == [0.6, 0.7]
    late = at_budget(curve, replace(full, share=np.array([0.75, 0.75, 0.5])), 2)
    assert late.tolist() == [0.5, 0.7]
    assert np.isnan(at_budget(curve[:0], replace(full, share=np.array([])), 1)).all()
