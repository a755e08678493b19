from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.evaluators.learning_curves import SyntheticCurves
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.strategies.successive_halving import SuccessiveHalving
from nasbench_mobile.types import Trial


@pytest.fixture(scope="module")
def problem() -> Problem:
    return load_benchmark("imagenet-pixel1-curves").build()


def random_architectures(problem: Problem, count: int) -> list[Architecture]:
    rng = np.random.default_rng(0)
    return [Architecture(problem.space, problem.space.sample(rng)) for _ in range(count)]


def test_curves_rise_to_the_surrogate_and_rank_better_with_training(problem: Problem) -> None:
    architectures = random_architectures(problem, 200)
    curves = problem.accuracy
    assert isinstance(curves, SyntheticCurves)
    assert "synthetic" in curves.label
    ends = [reading.accuracy for reading in curves.accuracy(architectures)]  # type: ignore[union-attr]
    shares = (1 / 16, 1 / 4, 1 / 2, 1.0)
    columns = [
        [r.accuracy for r in curves.accuracy_at(architectures, [share] * 200)]  # type: ignore[union-attr]
        for share in shares
    ]
    assert columns[-1] == ends
    assert all(np.mean(a) < np.mean(b) for a, b in pairwise(columns))
    taus = [stats.kendalltau(column, ends).statistic for column in columns]
    assert taus == sorted(taus)
    assert 0.2 < taus[0] < 0.6  # early rankings say something, and err
    assert curves.accuracy_at(architectures[:1], [0.25])[0].fidelity.epochs == 4.0  # type: ignore[union-attr]


def test_curves_check_their_options(problem: Problem) -> None:
    with pytest.raises(UsageError, match="spread of the learning curves is -1"):
        SyntheticCurves(problem.accuracy, spread=-1)


def test_successive_halving_spends_its_budget_on_few_full_trainings(problem: Problem) -> None:
    told: list[Trial] = []

    class Watched(SuccessiveHalving):
        def tell(self, trials: Sequence[Trial]) -> None:
            told.extend(trials)
            super().tell(trials)

    search = Search(Watched(problem.space.decisions, 0, 30), problem, 30)
    search.run()
    shares = [trial.proposal.fidelity for trial in told]
    assert sum(shares) <= 30
    assert sum(shares) > 29
    counts = [shares.count(share) for share in (1 / 16, 1 / 4, 1.0)]
    assert counts[0] > 3 * counts[1] > 9 * counts[2] > 0
    promoted = [t.tokens for t in told if t.proposal.fidelity == 0.25]
    assert set(promoted) <= {t.tokens for t in told if t.proposal.fidelity == 1 / 16}
    assert search.progress.failed == 0


def test_an_evaluator_that_cannot_train_for_less_says_so() -> None:
    problem = load_benchmark("imagenet-pixel1").build()
    told: list[Trial] = []

    class Watched(SuccessiveHalving):
        def tell(self, trials: Sequence[Trial]) -> None:
            told.extend(trials)
            super().tell(trials)

    Search(Watched(problem.space.decisions, 0, 1), problem, 1).run()
    assert "cannot train for less" in (told[0].failure or "")
