"""Encodings, and what a failure is told as."""

from __future__ import annotations

from typing import Any

import nevergrad as ng
import numpy as np
import pytest

from nasbench_mobile.strategies import _nevergrad
from nasbench_mobile.strategies.nevergrad_de import OPTIMIZERS as DE_OPTIMIZERS
from nasbench_mobile.strategies.nevergrad_de import NevergradDE
from nasbench_mobile.strategies.nevergrad_discrete import OPTIMIZERS as DISCRETE_OPTIMIZERS
from nasbench_mobile.strategies.nevergrad_discrete import NevergradDiscrete
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((3, 2, 5, 2))]


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


@pytest.mark.parametrize("encoding", [_nevergrad._Ordinal, _nevergrad._Categorical])
def test_normal_numbers_decode_to_uniform_tokens(encoding: Any) -> None:
    cardinalities = (3, 2, 5, 2)
    encoded = encoding(cardinalities)
    encoded.parameter.random_state = np.random.RandomState(0)
    rows = np.array([encoded.tokens(encoded.parameter.sample().value) for _ in range(300)])
    for place, cardinality in enumerate(cardinalities):
        counts = np.bincount(rows[:, place], minlength=cardinality)
        expected = 300 / cardinality  # six standard deviations of a binomial count at most
        assert np.all(np.abs(counts - expected) <= 6 * np.sqrt(expected))


def test_ordinal_tokens_grow_with_their_number() -> None:
    encoded = _nevergrad._Ordinal((3, 2))
    assert [encoded.tokens([x, x]).tolist() for x in (-9.0, -0.1, 0.0, 9.0)] == [
        [0, 0],
        [1, 0],
        [1, 1],
        [2, 1],
    ]


@pytest.mark.parametrize("optimizer", DISCRETE_OPTIMIZERS)
def test_each_discrete_optimizer_learns(optimizer: str) -> None:
    assert best_of(NevergradDiscrete(DECISIONS, 0, 250, optimizer=optimizer), 250) == 8


@pytest.mark.parametrize("optimizer", DE_OPTIMIZERS)
def test_each_de_learns(optimizer: str) -> None:
    assert (
        best_of(NevergradDE(DECISIONS, 0, 400, optimizer=optimizer, encoding="ordinal"), 400) == 8
    )


def best_of(search: NevergradDiscrete | NevergradDE, budget: int) -> float:
    best = 0
    for _ in range(budget):
        [proposal] = search.ask(1)
        best = max(best, sum(proposal.tokens))
        search.tell([finished(proposal, float(sum(proposal.tokens)))])
    return best


@pytest.mark.parametrize("optimizer", [*DISCRETE_OPTIMIZERS, *DE_OPTIMIZERS])
def test_no_allowed_optimizer_reads_the_global_random_state(optimizer: str) -> None:
    factory: Any = NevergradDE if optimizer in DE_OPTIMIZERS else NevergradDiscrete

    def rows() -> list[Proposal]:
        search = factory(DECISIONS, 0, 60, optimizer=optimizer, encoding="ordinal")
        asked: list[Proposal] = []
        for _ in range(60):
            proposals = search.ask(1)
            search.tell([finished(proposal, sum(proposal.tokens)) for proposal in proposals])
            asked += proposals
        return asked

    np.random.seed(1)  # noqa: NPY002
    first = rows()
    np.random.seed(2)  # noqa: NPY002
    assert rows() == first


def test_a_failure_is_told_as_the_worst_loss_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    search = NevergradDE(DECISIONS, 0, 100)
    optimizer = search._optimizer
    tell = optimizer.tell

    def listen(candidate: ng.p.Parameter, loss: float) -> None:
        told.append(loss)
        tell(candidate, loss)

    monkeypatch.setattr(optimizer, "tell", listen)
    a, b, c, d, e = search.ask(5)
    search.tell([Trial(a, failure="lost")])
    assert told == []
    search.tell([finished(b, 0.5)])
    assert told == [-0.5, -0.5]
    search.tell([finished(c, 0.2), Trial(d, failure="lost"), finished(e, 0.9)])
    assert told == [-0.5, -0.5, -0.2, -0.2, -0.9]
