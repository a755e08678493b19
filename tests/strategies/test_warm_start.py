"""What strategies learn from trials that they did not propose."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
import pytest

from nasbench_mobile import catalog
from nasbench_mobile.protocols import Strategy, WarmStart
from nasbench_mobile.strategies._optuna import CHECKED_VERSION, FastTPE, StockTPE
from nasbench_mobile.strategies.local_search import LocalSearch
from nasbench_mobile.strategies.nevergrad_strategies import NevergradDiscrete
from nasbench_mobile.strategies.optuna_nsga2 import OptunaNSGA2
from nasbench_mobile.strategies.predictor_evolution import PredictorEvolution
from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

CARDINALITIES = (3, 2, 1, 5, 2, 4, 3)
DECISIONS = tuple(Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES))
COLD = {"random", "random-without-repeats", "ppo", "ppo-retuned", "reinforce", "successive-halving"}
WARM = [
    text.replace("optuna-gp", "optuna-gp:n_startup_trials=24")
    for text in [*catalog.names("strategy"), "optuna-tpe:implementation=stock"]
    if text not in COLD
]


def known(rows: Sequence[Tokens], failed: Sequence[int] = ()) -> list[Trial]:
    """Trials with ids -1, -2, ... and rewards that grow with their tokens."""
    trials = []
    for k, row in enumerate(rows):
        proposal, reward = Proposal(-k - 1, row), sum(row) / 100
        if k in failed:
            trials.append(Trial(proposal, failure="lost"))
        else:
            trials.append(Trial(proposal, Measurement(reward, 10.0 + row[0]), reward))
    return trials


def told(strategy: Strategy, budget: int) -> list[Proposal]:
    asked: list[Proposal] = []
    while len(asked) < budget:
        proposals = strategy.ask(min(4, budget - len(asked)))
        strategy.tell(
            [Trial(p, Measurement(0.5, 10.0 + p.tokens[3]), sum(p.tokens) / 100) for p in proposals]
        )
        asked += proposals
    return asked


ROWS = [tuple((k * j) % c for j, c in enumerate(CARDINALITIES, start=1)) for k in range(12)]


def test_who_can_start_warm_is_who_says_so() -> None:
    for name in catalog.names("strategy"):
        assert hasattr(catalog.load("strategy", name), "start") == (name not in COLD)


@pytest.mark.parametrize("text", WARM)
def test_known_trials_are_taken_in_and_repeat(text: str) -> None:
    [spec] = catalog.parse_strategies(text)

    def started(trials: Sequence[Trial]) -> list[Proposal]:
        strategy = catalog.build_strategy(spec, DECISIONS, 1, 30)
        assert isinstance(strategy, WarmStart)
        strategy.start(trials)
        return told(strategy, 30)

    warm = started(known(ROWS, failed=[3]))
    assert [proposal.id for proposal in warm] == list(range(30))
    for proposal in warm:
        assert all(0 <= t < c for t, c in zip(proposal.tokens, CARDINALITIES, strict=True))
    assert started(known(ROWS, failed=[3])) == warm
    assert started(known(ROWS, failed=range(12)))  # failures alone stop nothing


def test_founders_of_evolution_are_the_known_trials() -> None:
    search = RegularizedEvolution(
        DECISIONS, 0, 100, population_size=12, sample_size=200, identity_probability=1.0
    )
    search.start(known(ROWS))
    assert {proposal.tokens for proposal in search.ask(30)} == {max(ROWS, key=sum)}


def test_local_search_climbs_from_the_best_known_and_repeats_none() -> None:
    search = LocalSearch(DECISIONS, 0, 100)
    search.start(known(ROWS))
    best = max(ROWS, key=sum)
    [first] = search.ask(1)
    assert sum(a != b for a, b in zip(first.tokens, best, strict=True)) == 1
    assert first.tokens not in ROWS


def test_the_predictor_learns_from_known_trials_and_repeats_none() -> None:
    search = PredictorEvolution(DECISIONS, 0, 100)
    search.start(known(ROWS))
    asked = [proposal.tokens for proposal in search.ask(10)]
    assert not set(asked) & set(ROWS)
    assert sum(map(sum, asked)) / 10 > sum(map(sum, ROWS)) / 12  # mutants of the best


def test_known_trials_are_parents_of_nsga2() -> None:
    search = OptunaNSGA2(DECISIONS, 0, 100, population_size=4, mutation_prob=0.0)
    parent: Tokens = (2, 1, 0, 4, 1, 3, 2)
    search.start(known([parent] * 4))
    assert {proposal.tokens for proposal in search.ask(4)} == {parent}


def test_one_plus_one_mutates_the_known_best() -> None:
    best: Tokens = (2, 1, 0, 4, 1, 3, 2)
    search = NevergradDiscrete(DECISIONS, 0, 100, optimizer="RLSOnePlusOne")
    search.start(known([best, ROWS[0]]))
    for proposal in search.ask(20):
        assert sum(a != b for a, b in zip(proposal.tokens, best, strict=True)) <= 1


@pytest.mark.skipif(
    optuna.__version__ != CHECKED_VERSION,
    reason=f"the fast TPE was checked for Optuna {CHECKED_VERSION}, here is {optuna.__version__}",
)
@pytest.mark.parametrize("n_known", [3, 12])
def test_the_fast_tpe_equals_stock_with_the_same_added_trials(n_known: int) -> None:
    fast, stock = FastTPE(CARDINALITIES, 3, 10, 24), StockTPE(CARDINALITIES, 3, 10, 24)
    for k, row in enumerate(ROWS[:n_known]):
        for tpe in (fast, stock):
            tpe.add(row, None if k == 1 else sum(row) / 10)
    for number in range(80):
        tokens = stock.ask()
        assert fast.ask() == tokens, f"proposal {number} differs"
        for tpe in (fast, stock):
            tpe.tell(number, None if number % 9 == 8 else round(sum(tokens) / 10, 1))
