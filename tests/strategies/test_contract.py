"""What our strategies promise beyond the laws that `test_kit` checks on all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from nasbench_mobile import catalog
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import Batched, Strategy
from nasbench_mobile.strategies.local_search import LocalSearch
from nasbench_mobile.strategies.nevergrad_strategies import (
    NevergradCMA,
    NevergradDE,
    NevergradDiscrete,
    NevergradNGOpt,
    NevergradPSO,
)
from nasbench_mobile.strategies.optuna_gp import OptunaGP
from nasbench_mobile.strategies.optuna_motpe import OptunaMOTPE
from nasbench_mobile.strategies.optuna_nsga2 import OptunaNSGA2
from nasbench_mobile.strategies.optuna_tpe import OptunaTPE
from nasbench_mobile.strategies.ppo import PPO
from nasbench_mobile.strategies.predictor_evolution import PredictorEvolution
from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
from nasbench_mobile.strategies.reinforce import Reinforce
from nasbench_mobile.types import Decision, Measurement, Proposal, StrategySpec, Tokens, Trial

Factory = Callable[..., Strategy]

LIGHT = {
    "regularized-evolution": ":population_size=20,sample_size=5",
    "ppo": ":hidden_size=8",
    "reinforce": ":hidden_size=8",
    "predictor-evolution": ":hidden_size=8,members=2,steps=5",
    "nsga2": ":population_size=10",
    "optuna-gp": ":n_startup_trials=119",
    "optuna-motpe": ":n_startup_trials=150",
}
"""Options under which a strategy of the catalogue keeps its promises in less time."""

VARIANTS = [
    *(name + LIGHT.get(name, "") for name in catalog.BUILT_IN["strategy"]),
    "optuna-tpe:implementation=stock",
    "nevergrad-discrete:encoding=categorical",
    "nevergrad-de:encoding=ordinal",
    "nevergrad-cma:encoding=categorical",
    "nevergrad-ngopt:encoding=categorical",
    "nevergrad-pso:encoding=categorical",
]
WITHOUT_CENTRE = [text for text in VARIANTS if text != "nevergrad-cma"]
"""All but the one that means to start around the middle values."""
CARDINALITIES = (3, 2, 1, 5, 2, 4, 3)
DECISIONS = tuple(Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES))


@pytest.fixture(params=VARIANTS)
def build(request: pytest.FixtureRequest) -> Callable[..., Strategy]:
    [spec] = catalog.parse_strategies(request.param)

    def make(
        seed: int = 0, budget: int = 120, decisions: Sequence[Decision] = DECISIONS
    ) -> Strategy:
        return catalog.build_strategy(spec, decisions, seed, budget)

    return make


def reward_of(tokens: Tokens) -> float:
    return sum((k + 1) * token for k, token in enumerate(tokens)) / 100


def finished(proposal: Proposal) -> Trial:
    reward = reward_of(proposal.tokens)
    return Trial(proposal, Measurement(reward, latency_ms=1.0), reward)


def run(strategy: Strategy, budget: int, batch: int) -> list[Proposal]:
    """A synchronous run, which a strategy may end: every batch is told before the next ask."""
    asked: list[Proposal] = []
    while len(asked) < budget:
        count = min(batch, budget - len(asked))
        proposals = strategy.ask(count)
        assert len(proposals) <= count
        if not proposals:  # nothing is in flight: there is nothing more to propose
            break
        strategy.tell([finished(proposal) for proposal in proposals])
        asked += proposals
    return asked


@pytest.mark.parametrize("build", WITHOUT_CENTRE, indirect=True)
def test_every_value_is_proposed(build: Callable[..., Strategy]) -> None:
    proposals = run(build(), 120, 4)
    for place, cardinality in enumerate(CARDINALITIES):
        assert {proposal.tokens[place] for proposal in proposals} == set(range(cardinality))


@pytest.mark.no_cover  # nothing that the other tests do not run, many times
@pytest.mark.parametrize("build", WITHOUT_CENTRE, indirect=True)
def test_the_first_proposals_are_uniform_over_seeds(build: Callable[..., Strategy]) -> None:
    firsts = np.array([build(seed=seed).ask(1)[0].tokens for seed in range(60)])
    for place, cardinality in enumerate(CARDINALITIES):
        counts = np.bincount(firsts[:, place], minlength=cardinality)
        expected = 60 / cardinality
        # Six standard deviations of a binomial count: chance alone does not get there.
        spread = np.sqrt(expected * (1 - 1 / cardinality))
        assert np.all(np.abs(counts - expected) <= 6 * spread)


def test_threads_and_defaults_of_torch_are_left_as_they_were(
    build: Callable[..., Strategy],
) -> None:
    threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
    run(build(), 40, 20)
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad)


def test_a_run_in_which_everything_fails_goes_on(build: Callable[..., Strategy]) -> None:
    strategy = build()
    seen = set()
    for _ in range(20):
        proposals = strategy.ask(4)
        seen |= {proposal.tokens for proposal in proposals}
        strategy.tell([Trial(proposal, failure="no phone") for proposal in proposals])
    assert len(seen) > 20


def test_rewards_that_are_no_number_count_as_failures(build: Callable[..., Strategy]) -> None:
    def told(odd: Callable[[Proposal], Trial]) -> list[Proposal]:
        strategy = build()
        asked: list[Proposal] = []
        for _ in range(30):
            proposals = strategy.ask(1)
            asked += proposals
            strategy.tell([odd(p) if p.id % 3 == 0 else finished(p) for p in proposals])
        return asked

    fails = told(lambda p: Trial(p, failure="lost"))
    assert told(lambda p: Trial(p, Measurement(0.5, 1.0), float("nan"))) == fails


def test_repeats_are_told_like_others(build: Callable[..., Strategy]) -> None:
    strategy = build()
    for _ in range(30):
        trials = [finished(proposal) for proposal in strategy.ask(1)]
        strategy.tell([Trial(t.proposal, t.measurement, t.reward, repeat_of=0) for t in trials])
    assert strategy.ask(1)[0].id == 30


@pytest.mark.no_cover
@pytest.mark.parametrize("cardinalities", [(1,), (2,), (1, 1, 1), (1, 40)])
def test_odd_spaces(build: Callable[..., Strategy], cardinalities: tuple[int, ...]) -> None:
    decisions = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(cardinalities)]
    proposals = run(build(decisions=decisions), 60, 5)
    for proposal in proposals:
        assert all(0 <= t < c for t, c in zip(proposal.tokens, cardinalities, strict=True))
    if len(proposals) < 60:  # who ends early has proposed everything
        assert {len({p.tokens for p in proposals}), len(proposals)} == {math.prod(cardinalities)}


def test_a_seed_beyond_32_bits(build: Callable[..., Strategy]) -> None:
    assert run(build(seed=2**40 + 1), 30, 5) != run(build(seed=1), 30, 5)


def test_the_natural_batch_is_a_positive_number(build: Callable[..., Strategy]) -> None:
    strategy = build()
    assert isinstance(strategy, Batched)
    assert strategy.batch_size >= 1


def test_what_cannot_be_is_refused(build: Callable[..., Strategy]) -> None:
    with pytest.raises(UsageError, match="no decisions"):
        build(decisions=())
    with pytest.raises(UsageError, match="seed is -1"):
        build(seed=-1)
    with pytest.raises(UsageError, match="budget is 0"):
        build(budget=0)
    with pytest.raises(UsageError, match="count is 0"):
        build().ask(0)


BAD_OPTIONS = [
    (RegularizedEvolution, {"population_size": 0}),
    (RegularizedEvolution, {"sample_size": 2.5}),
    (RegularizedEvolution, {"identity_probability": 1.5}),
    (PPO, {"learning_rate": 0.0}),
    (PPO, {"learning_rate": "fast"}),
    (PPO, {"batch_size": True}),
    (PPO, {"clip": float("nan")}),
    (PPO, {"normalise_advantages": 1}),
    (PPO, {"tanh_constant": -1.0}),
    (PPO, {"device": "abacus"}),
    (PPO, {"device": "meta"}),
    (OptunaTPE, {"n_startup_trials": 0}),
    (OptunaTPE, {"implementation": "slow"}),
    (NevergradDiscrete, {"optimizer": "TwoPointsDE"}),
    (NevergradDiscrete, {"encoding": "binary"}),
    (NevergradDE, {"num_workers": 0}),
    (NevergradCMA, {"optimizer": "NGOpt"}),
    (NevergradNGOpt, {"encoding": 1}),
    (NevergradPSO, {"num_workers": 1.5}),
    (NevergradNGOpt, {"num_workers": 1}),
    (LocalSearch, {"starts": 0}),
    (LocalSearch, {"full_neighbourhood": "yes"}),
    (PredictorEvolution, {"members": 0}),
    (PredictorEvolution, {"weight_decay": -0.1}),
    (Reinforce, {"baseline_decay": 1.5}),
    (OptunaNSGA2, {"population_size": 1}),
    (OptunaNSGA2, {"mutation_prob": 2}),
    (OptunaMOTPE, {"n_ei_candidates": 0}),
    (OptunaGP, {"deterministic_objective": 1}),
]


@pytest.mark.parametrize(("factory", "options"), BAD_OPTIONS)
def test_a_bad_option_is_named_with_its_value(factory: Factory, options: dict[str, Any]) -> None:
    [(name, value)] = options.items()
    with pytest.raises(UsageError) as caught:
        factory(DECISIONS, 0, 10, **options)
    assert str(caught.value).startswith(f"{name} is {value!r}")
    assert "give " in str(caught.value)


@pytest.mark.parametrize("name", catalog.names("strategy"))
def test_an_unknown_option_is_a_type_error(name: str) -> None:
    with pytest.raises(TypeError, match="temprature"):
        catalog.load("strategy", name)(DECISIONS, 0, 10, temprature=2.0)


FORGETFUL = {"random", "random-without-repeats", "regularized-evolution"}
"""Strategies that learn nothing, or from any trial whoever proposed it."""


@pytest.mark.parametrize("name", sorted({*catalog.names("strategy")} - FORGETFUL))
def test_a_trial_told_twice_is_refused(name: str) -> None:
    strategy = catalog.build_strategy(StrategySpec(name), DECISIONS, 0, 10)
    [proposal] = strategy.ask(1)
    strategy.tell([finished(proposal)])
    with pytest.raises(UsageError, match="trial 0 was told"):
        strategy.tell([finished(proposal)])
