"""Mutants of predictor-evolution: of which parents, how often and to what a decision changes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasbench_mobile.strategies.predictor_evolution import PredictorEvolution
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

CARDINALITIES = (3, 1, 5, 2, 4)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]
PARENTS = [(2, 0, 4, 1, 3), (0, 0, 0, 0, 0)]


def search(**options: float) -> PredictorEvolution:
    """One that knows both parents, the first better, and a bad third."""
    found = PredictorEvolution(DECISIONS, 0, 1000, **{"parents": 2, **options})  # type: ignore[arg-type]
    rows = [(PARENTS[1], 0.5), ((1, 0, 1, 1, 1), 0.1), (PARENTS[0], 0.9)]
    found.start(
        [
            Trial(Proposal(-k - 1, tokens), Measurement(0.5, 1.0), reward)
            for k, (tokens, reward) in enumerate(rows)
        ]
    )
    return found


@pytest.mark.parametrize("rate", [0.0, 1.0, 2.0])
def test_mutants_change_one_decision_and_others_at_the_rate(rate: float) -> None:
    """Of four that can change, one is chosen, and each changes by itself with rate / 4."""
    count = 8000
    mutants = search(mutation_rate=rate)._mutants(count)
    parents = np.array([PARENTS[k % 2] for k in range(count)])
    changed = mutants != parents
    assert (changed.sum(axis=1) >= 1).all()
    assert not changed[:, 1].any()  # of one value
    chance = 1 - (1 - rate / 4) * (1 - 1 / 4)
    spread = 5 * np.sqrt(chance * (1 - chance) / count)
    assert np.abs(changed[:, [0, 2, 3, 4]].mean(axis=0) - chance).max() < spread
    for place, cardinality in ((0, 3), (2, 5), (4, 4)):
        seen = Counter(mutants[::2][changed[::2, place], place].tolist())
        total = sum(seen.values())
        assert set(seen) == set(range(cardinality)) - {PARENTS[0][place]}
        share = 1 / (cardinality - 1)
        for n in seen.values():
            assert abs(n - total * share) < 5 * np.sqrt(total * share * (1 - share)) + 1


def test_a_rate_beyond_the_decisions_changes_all() -> None:
    mutants = search(mutation_rate=9.0)._mutants(50)
    assert (mutants[::2, [0, 2, 3, 4]] != np.array(PARENTS[0])[[0, 2, 3, 4]]).all()


def test_decisions_of_one_value_have_no_mutants() -> None:
    stuck = PredictorEvolution([Decision("d", 1)], 0, 10)
    trial = Trial(Proposal(-1, (0,)), Measurement(0.5, 1.0), 0.5)
    stuck.start([trial])
    assert stuck._mutants(3).tolist() == [[0]] * 3


def test_the_first_proposals_are_random_until_enough_is_known() -> None:
    rewards = iter(range(1000))
    found = PredictorEvolution([Decision(f"d{k}", 4) for k in range(6)], 0, 1000, initial=4)
    assert found.batch_size == 10
    for known in range(6):
        [proposal] = found.ask(1)
        assert (found._fitted > 0) == (known >= 4)
        found.tell([Trial(proposal, Measurement(0.5, 1.0), float(next(rewards)))])
    assert found._fitted == 4


def test_failures_are_not_learnt_from() -> None:
    found = PredictorEvolution(DECISIONS, 0, 1000, initial=2)
    first, second = found.ask(2)
    found.tell([Trial(first, failure="lost"), Trial(second, Measurement(0.5, 1.0), 0.5)])
    assert found._ensemble.size == 1
    assert found._ensemble.best(9).tolist() == [list(second.tokens)]
