"""The budget: one piece of arithmetic that the loop and the kit for authors both use."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.runs.budget import Budget
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import Player, play, play_in_flight
from nasbench_mobile.types import Decision, Proposal, Trial

FIDELITIES = [*(1 / k for k in range(1, 10)), 0.1, 0.3, 0.7]
BUDGETS = range(1, 9)
ZERO = (0,) * 28


class Constant:
    """Proposes one architecture at one fidelity for ever, and keeps what it was asked for."""

    def __init__(self, fidelity: float) -> None:
        self._fidelity = fidelity
        self.counts: list[int] = []
        self.told = 0
        self._next = 0

    def ask(self, count: int) -> list[Proposal]:
        self.counts.append(count)
        first, self._next = self._next, self._next + count
        return [Proposal(number, ZERO, self._fidelity) for number in range(first, self._next)]

    def tell(self, trials: Sequence[Trial]) -> None:
        self.told += len(trials)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("budget", BUDGETS)
def test_the_loop_and_the_kit_spend_alike_whatever_the_fidelity(
    synthetic_problem: Problem, fidelity: float, budget: int, batch: int
) -> None:
    looped, played = Constant(fidelity), Constant(fidelity)
    search = Search(looped, synthetic_problem, budget, batch=batch)
    search.run()
    decisions = [Decision(f"d{k}", 3) for k in range(28)]
    play(Player(played, decisions, Watch()), budget, batch, lambda _: 0.5)
    assert looped.counts == played.counts
    assert looped.told == played.told
    assert min(looped.counts) >= 1
    # as many as are paid for: those of the ideal fraction that the float stands for
    ideal = Fraction(fidelity).limit_denominator(100)
    assert looped.told == budget // ideal
    assert search.progress.charged == pytest.approx(looped.told * fidelity)
    assert search.progress.trials == looped.told


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_in_flight_as_many_are_paid_for(fidelity: float) -> None:
    player = Player(Constant(fidelity), [Decision(f"d{k}", 3) for k in range(28)], Watch())
    asked = play_in_flight(player, 7, 5, 1, lambda _: 0.5)
    assert len(asked) == 7 // Fraction(fidelity).limit_denominator(100)


def test_what_is_left_of_one_may_be_asked_for_once_more() -> None:
    budget = Budget(2)
    assert budget.left == 2
    assert budget.admit([0.25]) == 1
    assert (budget.left, budget.spent) == (1, 0.25)  # 1.75: one in full
    assert budget.admit([1.0]) == 1
    assert (budget.left, budget.spent) == (1, 1.25)  # 0.75: what is left of one
    assert budget.admit([0.75]) == 1
    assert (budget.left, budget.spent) == (0, 2.0)


def test_a_proposal_without_room_ends_the_spending_and_nothing_overtakes_it() -> None:
    budget = Budget(2)
    assert budget.admit([1.0, 0.5, 1.0, 0.25]) == 2
    assert (budget.left, budget.spent) == (0, 1.5)
    assert budget.admit([0.25]) == 0
    assert budget.spent == 1.5


def test_a_slip_of_rounding_is_neither_a_proposal_nor_a_debt() -> None:
    budget = Budget(3)
    assert budget.admit([0.1] * 30) == 30  # their floats add up to a little more than 3
    assert budget.left == 0
    assert Budget(1).admit([1 / 9] * 9) == 9  # and these to a little less than 1
    assert Budget(1).admit([0.5, 0.5 + 1e-6]) == 1


@given(
    st.lists(st.lists(st.sampled_from([1.0, 0.5, 1 / 3, 1 / 9, 0.0625]), max_size=6), max_size=30)
)
def test_never_more_than_the_budget_and_never_below_nothing(batches: list[list[float]]) -> None:
    budget, charged = Budget(5), []
    for batch in batches:
        before = budget.left
        admitted = budget.admit(batch)
        charged += batch[:admitted]
        assert 0 <= budget.left <= before
        if admitted < len(batch):
            assert budget.left == 0
    assert sum(map(Fraction, chain(charged))) <= 5 + Fraction(1, 10**9)
    assert budget.spent == pytest.approx(sum(charged))
