"""The fast TPE repeats the stock sampler's proposals; messages and fallback."""

from __future__ import annotations

import itertools
import logging
import random
import warnings

import numpy as np
import optuna
import pytest

from nasbench_mobile.strategies._optuna import CHECKED_VERSION, FastTPE, StockTPE, _Mixture
from nasbench_mobile.strategies.optuna_tpe import OptunaTPE
from nasbench_mobile.types import Decision

checked = pytest.mark.skipif(
    optuna.__version__ != CHECKED_VERSION,
    reason=f"the fast TPE was checked for Optuna {CHECKED_VERSION}, here is {optuna.__version__}",
)
SPACES = {
    "block-tokens": (3, 2, 3, 2) * 3,
    "mixed": (2, 5, 1, 7, 3, 3, 1),
    "wide": (12,) * 4,
    "one": (3,),
    "no-choice": (1, 1),
}


def reward_of(tokens: list[int], digits: int) -> float:
    """Additive with interactions of neighbours; few `digits` make ties."""
    value = sum((k % 5 + 1) * token for k, token in enumerate(tokens)) / 50
    value -= sum(a == b for a, b in itertools.pairwise(tokens)) / 20
    return round(value, digits)


def same_in_turn(
    cardinalities: tuple[int, ...], seed: int, trials: int, digits: int = 9, startup: int = 10
) -> None:
    fast = FastTPE(cardinalities, seed, startup, 24)
    stock = StockTPE(cardinalities, seed, startup, 24)
    for number in range(trials):
        tokens = stock.ask()
        assert fast.ask() == tokens, f"proposal {number} differs"
        for tpe in (fast, stock):
            tpe.tell(number, reward_of(tokens, digits))


@checked
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("space", SPACES)
def test_proposals_equal_the_stock_samplers(space: str, seed: int) -> None:
    same_in_turn(SPACES[space], seed, 200)


@checked
def test_equal_rewards_are_ordered_as_in_optuna() -> None:
    same_in_turn(SPACES["block-tokens"], 3, 200, digits=1)


@checked
@pytest.mark.parametrize("in_flight", [4, 30])
@pytest.mark.parametrize("space", ["block-tokens", "mixed"])
def test_failures_trials_in_flight_and_any_order_too(space: str, in_flight: int) -> None:
    rng = random.Random(in_flight)
    cardinalities = SPACES[space]
    fast, stock = FastTPE(cardinalities, 5, 10, 24), StockTPE(cardinalities, 5, 10, 24)
    flying: list[tuple[int, list[int]]] = []
    for number in range(160):
        tokens = stock.ask()
        assert fast.ask() == tokens, f"proposal {number} differs"
        flying.append((number, tokens))
        rng.shuffle(flying)
        while len(flying) > rng.randint(0, in_flight):
            landed, its_tokens = flying.pop()
            reward = None if rng.random() < 0.2 else reward_of(its_tokens, 2)
            for tpe in (fast, stock):
                tpe.tell(landed, reward)


@checked
@pytest.mark.parametrize(("startup", "candidates"), [(1, 24), (40, 3)])
def test_options_reach_both(startup: int, candidates: int) -> None:
    cardinalities = SPACES["mixed"]
    fast = FastTPE(cardinalities, 2, startup, candidates)
    stock = StockTPE(cardinalities, 2, startup, candidates)
    for number in range(80):
        tokens = stock.ask()
        assert fast.ask() == tokens
        for tpe in (fast, stock):
            tpe.tell(number, reward_of(tokens, 9))


@checked
@pytest.mark.parametrize(
    ("cardinalities", "startup", "trials"),
    [((3, 2, 3, 2) * 7, 10, 400), ((2, 2, 3, 4, 3, 5) * 7, 1000, 1060)],
    ids=["learning all along", "past the growth of the matrix"],
)
@pytest.mark.slow
@pytest.mark.no_cover
def test_long_runs_equal_the_stock_samplers(
    cardinalities: tuple[int, ...], startup: int, trials: int
) -> None:
    """The matrix grows at 1,024; Optuna's early proposals are made at random, which is quick."""
    same_in_turn(cardinalities, 0, trials, startup=startup)


@checked
@pytest.mark.parametrize("cardinalities", [(3, 2, 3, 2) * 7, (2, 2, 3, 4, 3, 5) * 30])
def test_the_estimate_rules_out_most_candidates_and_never_the_best(
    cardinalities: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(0)
    fast = FastTPE(cardinalities, 0, 10, 24)
    for _ in range(300):
        tokens = [int(token) for token in rng.random(len(cardinalities)) * cardinalities]
        fast.add(tokens, reward_of(tokens, 9))
    bad = np.flatnonzero(fast._bad[:300])
    left = []
    for _ in range(30):
        samples = np.floor(rng.random((24, len(cardinalities))) * cardinalities).astype(np.intp)
        densities = rng.normal(size=24)
        exact = _Mixture(fast._kernels(bad), fast._groups, fast._weights).log_pdf(samples)
        likely = fast._likely(samples, densities, bad)
        assert int(np.argmax(densities - exact)) in likely
        left.append(len(likely))
    assert np.mean(left) < 3


@checked
def test_the_matrix_grows() -> None:
    fast, stock = FastTPE((2, 3), 0, 2000, 24), StockTPE((2, 3), 0, 2000, 24)
    first = [fast.ask() for _ in range(1500)]
    assert first[:50] == [stock.ask() for _ in range(50)]
    for number, tokens in enumerate(first):
        fast.tell(number, reward_of(tokens, 9))
    assert len(fast.ask()) == 2


def test_another_version_of_optuna_falls_back_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optuna, "__version__", "4.5.0")
    decisions = [Decision("a", 2), Decision("b", 3)]
    with pytest.warns(UserWarning, match=r"Optuna is 4\.5\.0, but the fast TPE was checked"):
        fallen = OptunaTPE(decisions, 0, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stock = OptunaTPE(decisions, 0, 10, implementation="stock")
    assert fallen.ask(8) == stock.ask(8)


def test_more_than_a_hundred_tokens_keep_their_order() -> None:
    cardinalities = [2 + k % 3 for k in range(120)]
    stock = StockTPE(cardinalities, 0, 2, 24)
    for number in range(6):
        tokens = stock.ask()
        assert all(0 <= token < c for token, c in zip(tokens, cardinalities, strict=True))
        stock.tell(number, float(sum(tokens)))


def test_optuna_announces_no_study_and_keeps_its_settings(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("optuna.storages._in_memory")
    before = (optuna.logging.get_verbosity(), list(logger.filters))
    StockTPE((2, 3), 0, 10, 24)
    assert capfd.readouterr() == ("", "")
    assert (optuna.logging.get_verbosity(), list(logger.filters)) == before
