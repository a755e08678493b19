"""The rungs of successive halving: who is promoted, from where first, and who never is."""

from __future__ import annotations

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.strategies.successive_halving import SuccessiveHalving
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

DECISIONS = [Decision(f"d{k}", 6) for k in range(5)]


def search(**options: float) -> SuccessiveHalving:
    return SuccessiveHalving(DECISIONS, 0, 1000, **options)  # type: ignore[arg-type]


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def halving(rewards: list[float | None]) -> tuple[SuccessiveHalving, list[Proposal]]:
    """Rungs of 1/4, 1/2 and 1, and trials on the lowest that were asked at once and told."""
    strategy = search(reduction=2, min_fidelity=0.25)
    proposals = strategy.ask(len(rewards))
    assert {proposal.fidelity for proposal in proposals} == {0.25}
    strategy.tell(
        [
            Trial(p, failure="lost") if r is None else finished(p, r)
            for p, r in zip(proposals, rewards, strict=True)
        ]
    )
    return strategy, proposals


@pytest.mark.parametrize(
    ("options", "fidelities"),
    [
        ({}, [1 / 16, 1 / 4, 1.0]),
        ({"reduction": 2, "min_fidelity": 0.25}, [1 / 4, 1 / 2, 1.0]),
        ({"reduction": 3, "min_fidelity": 1 / 9}, [1 / 9, 1 / 3, 1.0]),
        ({"reduction": 3, "min_fidelity": 0.12}, [1 / 3, 1.0]),
    ],
)
def test_rungs_are_powers_of_the_reduction(
    options: dict[str, float], fidelities: list[float]
) -> None:
    assert search(**options)._fidelities == pytest.approx(fidelities)


def test_one_rung_is_none() -> None:
    with pytest.raises(UsageError, match="at most 0.5"):
        search(reduction=2, min_fidelity=0.51)


def test_the_best_half_is_promoted_best_first_and_once() -> None:
    strategy, lowest = halving([0.3, 0.9, 0.1, 0.7, 0.5])
    first, second, third = strategy.ask(3)
    assert (first.tokens, first.fidelity) == (lowest[1].tokens, 0.5)
    assert (second.tokens, second.fidelity) == (lowest[3].tokens, 0.5)
    assert third.fidelity == 0.25  # two of five are the best half; nobody is promoted twice
    assert len({p.id for p in (*lowest, first, second, third)}) == 8


def test_the_highest_rung_promotes_first() -> None:
    """Both of the lower rungs have a candidate: the one for the full training goes first."""
    strategy, _ = halving([0.3, 0.9, 0.1, 0.7])
    middle = strategy.ask(2)
    fresh = strategy.ask(2)
    strategy.tell([finished(middle[0], 0.8), finished(middle[1], 0.6)])
    strategy.tell([finished(fresh[0], 0.95), finished(fresh[1], 0.2)])
    first, second, third = strategy.ask(3)
    assert (first.tokens, first.fidelity) == (middle[0].tokens, 1.0)
    assert (second.tokens, second.fidelity) == (fresh[0].tokens, 0.5)
    assert third.fidelity == 0.25


def test_of_equals_the_earlier_is_promoted() -> None:
    strategy, lowest = halving([0.5, 0.7, 0.7, 0.7])
    assert [p.tokens for p in strategy.ask(2)] == [lowest[1].tokens, lowest[2].tokens]


def test_failures_are_the_worst_of_their_rung_and_never_promoted() -> None:
    strategy, lowest = halving([None, None, -5.0, None])
    first, second = strategy.ask(2)
    assert (first.tokens, first.fidelity) == (lowest[2].tokens, 0.5)
    assert second.fidelity == 0.25


def test_a_trial_that_was_never_asked_is_named() -> None:
    strategy, lowest = halving([0.1, 0.2])
    with pytest.raises(UsageError, match="no such proposal is in flight"):
        strategy.tell([finished(lowest[0], 0.1)])


def test_the_full_training_is_the_end() -> None:
    strategy, _ = halving([0.1, 0.2])
    [middle] = strategy.ask(1)
    strategy.tell([finished(middle, 0.3), *[finished(p, 0.0) for p in strategy.ask(1)]])
    assert strategy.batch_size == 1
    following = strategy.ask(4)
    assert all(proposal.fidelity < 1.0 for proposal in following)
