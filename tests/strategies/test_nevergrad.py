"""Encodings, and what a failure is told as."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import nevergrad as ng
import numpy as np
import pytest
from nevergrad.optimization import metamodel

from nasbench_mobile.strategies import _nevergrad
from nasbench_mobile.strategies.nevergrad_strategies import (
    NevergradCMA,
    NevergradDE,
    NevergradDiscrete,
    NevergradNGOpt,
    NevergradPSO,
)
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

FAMILIES: tuple[Any, ...] = (
    NevergradDiscrete,
    NevergradDE,
    NevergradCMA,
    NevergradNGOpt,
    NevergradPSO,
)
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


@pytest.mark.parametrize("encoding", [_nevergrad._Ordinal, _nevergrad._Categorical])
def test_tokens_encode_to_a_value_that_decodes_to_them(encoding: Any) -> None:
    cardinalities = (3, 2, 5, 2)
    encoded = encoding(cardinalities)
    for row in itertools.product(*(range(c) for c in cardinalities)):
        child = encoded.parameter.spawn_child(new_value=encoded.value(np.array(row)))
        assert encoded.tokens(child.value).tolist() == list(row)


def ordinal(factory: Any, optimizer: str, budget: int) -> Any:
    return factory(DECISIONS, 0, budget, optimizer=optimizer, encoding="ordinal")


EVERY = [(factory, name) for factory in FAMILIES for name in factory.OPTIMIZERS]


@pytest.mark.no_cover
@pytest.mark.parametrize(("factory", "optimizer"), EVERY)
def test_each_optimizer_learns(factory: Any, optimizer: str) -> None:
    search = ordinal(factory, optimizer, 400)
    best = 0
    for _ in range(400):
        [proposal] = search.ask(1)
        best = max(best, sum(proposal.tokens))
        if best == 8:
            return
        search.tell([finished(proposal, float(sum(proposal.tokens)))])
    pytest.fail(f"the best of 400 proposals was {best} of 8")


@pytest.mark.no_cover
@pytest.mark.parametrize(("factory", "optimizer"), EVERY)
def test_no_allowed_optimizer_reads_the_global_random_state(factory: Any, optimizer: str) -> None:
    def rows() -> list[Proposal]:
        search = ordinal(factory, optimizer, 60)
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


@pytest.mark.no_cover
@pytest.mark.parametrize(("factory", "optimizer"), EVERY)
def test_each_optimizer_takes_in_known_trials(factory: Any, optimizer: str) -> None:
    search = ordinal(factory, optimizer, 60)
    search.start([finished(Proposal(-1 - k, (k, 1, k, 0)), float(k)) for k in range(3)])
    for _ in range(10):
        search.tell([finished(proposal, 0.5) for proposal in search.ask(5)])
    assert search.ask(1)[0].id == 50


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


def test_ngopt_runs_its_quadratic_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nevergrad 1.0.12's makes a float of an array of one element, which NumPy 2.4 refuses."""
    modelled = []

    def counted(*arguments: Any) -> Any:
        modelled.append(learn_on_k_best(*arguments))
        return modelled[-1]

    learn_on_k_best = ng.optimization.optimizerlib.learn_on_k_best
    monkeypatch.setattr("nevergrad.optimization.optimizerlib.learn_on_k_best", counted)
    # Six points fix a quadratic of two variables, so the model fits whatever it is shown.
    strategy = NevergradNGOpt([Decision("a", 50), Decision("b", 50)], seed=0, budget=100)
    for _ in range(100):
        [proposal] = strategy.ask(1)
        a, b = proposal.tokens
        reward = -float((a - 20) ** 2 + (b - 30) ** 2)
        strategy.tell([finished(proposal, reward)])
    assert modelled


@pytest.mark.parametrize(
    ("version", "mended"),
    [("2.0.2", False), ("2.3.5", False), ("2.4.0rc1", True), ("2.10.0", True), ("3.0.0", True)],
)
def test_the_model_is_mended_where_numpy_refuses_it(
    monkeypatch: pytest.MonkeyPatch, version: str, mended: bool
) -> None:
    monkeypatch.setattr(metamodel, "float", "untouched", raising=False)  # put back after the test
    _nevergrad._mend_metamodel(version)
    wanted = _nevergrad._float_of_one if mended else "untouched"
    assert getattr(metamodel, "float") == wanted  # noqa: B009 (mypy knows no such name)


def test_the_mended_float_is_the_built_in_one_and_takes_one_element() -> None:
    for value in (2, "inf", np.float64(0.25)):
        assert _nevergrad._float_of_one(value) == float(value)
    assert _nevergrad._float_of_one(np.array([[0.1]])) == 0.1
    with pytest.raises(ValueError, match="size 1"):
        _nevergrad._float_of_one(np.zeros(2))


def test_mended_or_not_the_proposals_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways where NumPy allows both; where it does not, the model alone shows that it runs."""

    def asked() -> list[Proposal]:
        strategy = NevergradNGOpt([Decision("a", 50), Decision("b", 50)], seed=0, budget=60)
        proposals: list[Proposal] = []
        for _ in range(60):
            [proposal] = strategy.ask(1)
            a, b = proposal.tokens
            strategy.tell([finished(proposal, -float((a - 20) ** 2 + (b - 30) ** 2))])
            proposals.append(proposal)
        return proposals

    monkeypatch.setattr(metamodel, "float", _nevergrad._float_of_one, raising=False)
    mended = asked()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            float(np.zeros(1))
    except TypeError:
        pytest.skip("this NumPy refuses what is mended")
    monkeypatch.delattr(metamodel, "float")
    assert asked() == mended
