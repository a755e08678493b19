"""The ensemble's gradients and predictions; proposals it makes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from nasbench_mobile.protocols import Strategy
from nasbench_mobile.strategies._ensemble import Ensemble
from nasbench_mobile.strategies.predictor_evolution import PredictorEvolution
from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

CARDINALITIES = np.array([3, 2, 1, 5, 4, 4])
DECISIONS = [Decision(f"d{k}", int(c)) for k, c in enumerate(CARDINALITIES)]


def ensemble(seed: int = 0, members: int = 3) -> Ensemble:
    return Ensemble(
        CARDINALITIES,
        np.random.default_rng(seed),
        members=members,
        hidden_size=16,
        learning_rate=0.01,
        weight_decay=0.0,
    )


def reward_of(tokens: Tokens) -> float:
    """Additive with an interaction."""
    return sum(tokens) / 20 + 0.5 * (tokens[0] == tokens[1])


def finished(proposal: Proposal) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward_of(proposal.tokens))


def sample(count: int, seed: int) -> list[Tokens]:
    rng = np.random.default_rng(seed)
    return [tuple(int(rng.integers(c)) for c in CARDINALITIES) for _ in range(count)]


def test_a_gradient_step_follows_the_numerical_gradient() -> None:
    model = ensemble(members=1)
    inputs = model._one_hot(np.array(sample(8, 1)))[np.newaxis]
    targets = np.random.default_rng(2).normal(size=(1, 8, 1)).astype(np.float32)
    first = model._parameters[0]

    def loss() -> float:
        weights, bias, last, last_bias = (p.astype(np.float64) for p in model._parameters)
        hidden = np.maximum(inputs @ weights + bias, 0.0)
        return float(np.mean((hidden @ last + last_bias - targets) ** 2))

    numerical = np.zeros(first.shape)
    for place in [(0, 0, 0), (0, 3, 5), (0, 10, 15)]:
        kept = first[place]
        first[place] = kept + 1e-3
        above = loss()
        first[place] = kept - 1e-3
        numerical[place] = (above - loss()) / 2e-3
        first[place] = kept
    model._step(inputs, targets)
    gradient = model._moments[0][0] / 0.1  # the first moment after one step
    for place in zip(*np.nonzero(numerical), strict=True):
        assert gradient[place] == pytest.approx(numerical[place], rel=0.02, abs=1e-3)


def test_it_learns_to_rank_what_it_has_not_seen() -> None:
    model = ensemble()
    for tokens in sample(150, 3):
        model.add(tokens, reward_of(tokens))
    model.train(steps=300, batch_size=32)
    unseen = sample(100, 4)
    predicted = model.predict(np.array(unseen)).mean(axis=0)
    truth = [reward_of(tokens) for tokens in unseen]
    assert np.corrcoef(predicted, truth)[0, 1] > 0.9


def test_members_disagree_more_where_they_know_less() -> None:
    model = ensemble(members=8)
    seen = [tokens for tokens in sample(200, 5) if tokens[3] < 3]
    for tokens in seen:
        model.add(tokens, reward_of(tokens))
    model.train(steps=200, batch_size=32)
    unknown = [(*tokens[:3], 4, *tokens[4:]) for tokens in seen]
    spread = [model.predict(np.array(rows)).std(axis=0).mean() for rows in (seen, unknown)]
    assert spread[1] > 1.5 * spread[0]


def test_its_matrix_grows_and_keeps_the_best() -> None:
    model = ensemble()
    rows = sample(1500, 6)
    for k, tokens in enumerate(rows):
        model.add(tokens, float(k))
    assert model.size == 1500
    assert model.best(2).tolist() == [list(rows[-1]), list(rows[-2])]


def test_nothing_is_proposed_twice_and_the_whole_space_if_asked_for() -> None:
    search = PredictorEvolution(DECISIONS, 0, 1000, steps=5, members=2)
    asked: list[Tokens] = []
    while proposals := search.ask(16):
        asked += [proposal.tokens for proposal in proposals]
        search.tell([finished(proposal) for proposal in proposals])
    assert len(set(asked)) == len(asked) == math.prod(CARDINALITIES.tolist())


def test_it_is_fitted_again_after_so_many_trials() -> None:
    search = PredictorEvolution(DECISIONS, 0, 1000, initial=10, refit=20)
    search.tell([finished(proposal) for proposal in search.ask(10)])
    fits = []
    for _ in range(50):
        search.tell([finished(proposal) for proposal in search.ask(1)])
        fits.append(search._fitted)
    assert sorted(set(fits)) == [10, 30, 50]


WIDE = [Decision(f"d{k}", 4) for k in range(10)]
"""A space of a million token lists, which 80 trials do not exhaust."""


def wide_reward(tokens: Tokens) -> float:
    """Additive, with interactions of neighbours, in [0, 1]."""
    alike = [a == b for a, b in zip(tokens[::2], tokens[1::2], strict=True)]
    return sum(tokens) / 40 + 0.25 * sum(alike) / 5


def played(search: Strategy) -> list[float]:
    """Rewards of eight batches of ten."""
    rewards: list[float] = []
    for _ in range(8):
        proposals = search.ask(10)
        told = [wide_reward(proposal.tokens) for proposal in proposals]
        search.tell(
            [Trial(p, Measurement(0.5, 1.0), r) for p, r in zip(proposals, told, strict=True)]
        )
        rewards += told
    return rewards


def by_random_search(score: Callable[[list[float]], float]) -> list[float]:
    return [score(played(RandomSearch(WIDE, seed, 80))) for seed in range(100)]


def test_what_it_finds_is_beyond_random_search() -> None:
    """The median best over nine seeds is above what 19 of 20 random searches find at best.

    Mutants of the best trials without a model to choose among them do not get there.
    """
    best = [max(played(PredictorEvolution(WIDE, seed, 80))) for seed in range(9)]
    assert np.median(best) > np.quantile(by_random_search(max), 0.95)


def test_the_model_chooses_well_among_mutants_of_random_trials() -> None:
    """With every trial a parent, mutants are as random trials; what is chosen of them is better.

    The median over nine seeds of the last batch's mean is above that of every random search.
    """
    last = [
        float(np.mean(played(PredictorEvolution(WIDE, seed, 80, parents=400))[-10:]))
        for seed in range(9)
    ]
    random = by_random_search(lambda rewards: float(np.mean(rewards[-10:])))
    assert np.median(last) > max(random)
