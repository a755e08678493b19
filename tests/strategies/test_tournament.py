"""The tournament of regularized evolution: drawn with replacement, as the authors' code draws."""

from __future__ import annotations

from collections import Counter

import pytest

from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

DECISIONS = [Decision(f"d{k}", 7) for k in range(6)]


@pytest.mark.parametrize(("size", "sample"), [(8, 8), (8, 3)])
def test_members_win_as_often_as_draws_with_replacement_say(size: int, sample: int) -> None:
    """The k-th best of n wins with chance ((n - k + 1)^s - (n - k)^s) / n^s for s drawn.

    Without replacement the best would always be among 8 of 8, and none but the 6 best ever win
    among 3.
    """
    search = RegularizedEvolution(
        DECISIONS, 0, 10_000, population_size=size, sample_size=sample, identity_probability=1.0
    )
    founders = search.ask(size)
    search.tell([Trial(f, Measurement(0.5, 1.0), -float(rank)) for rank, f in enumerate(founders)])
    rank_of = {founder.tokens: rank for rank, founder in enumerate(founders)}
    assert len(rank_of) == size
    draws = 6000
    won = Counter(rank_of[mutant.tokens] for mutant in search.ask(draws))
    for rank in range(size):
        left = size - rank
        chance = (left**sample - (left - 1) ** sample) / size**sample
        spread = (draws * chance * (1 - chance)) ** 0.5
        assert abs(won[rank] - draws * chance) <= 5 * spread + 1
    assert won[1] > 0


def test_the_default_population_and_sample_are_the_papers() -> None:
    """100 members, tournaments of 25 (Real et al., section on the NASNet space)."""
    search = RegularizedEvolution(DECISIONS, 0, 10_000, identity_probability=1.0)
    founders = search.ask(500)
    assert len(founders) == 100
    search.tell([Trial(f, Measurement(0.5, 1.0), -float(rank)) for rank, f in enumerate(founders)])
    best = sum(mutant.tokens == founders[0].tokens for mutant in search.ask(4000)) / 4000
    chance = 1 - 0.99**25
    assert abs(best - chance) <= 5 * (chance * (1 - chance) / 4000) ** 0.5


def test_of_equal_members_the_first_drawn_wins() -> None:
    """Else the order of the population would favour the old or the young."""
    search = RegularizedEvolution(
        DECISIONS, 3, 10_000, population_size=4, sample_size=2, identity_probability=1.0
    )
    founders = search.ask(4)
    search.tell([Trial(founder, Measurement(0.5, 1.0), 0.5) for founder in founders])
    won = Counter(mutant.tokens for mutant in search.ask(4000))
    for founder in founders:
        assert abs(won[founder.tokens] - 1000) <= 5 * (4000 * 0.25 * 0.75) ** 0.5


def test_a_failure_that_was_asked_as_a_founder_leaves_its_place() -> None:
    search = RegularizedEvolution(DECISIONS, 3, 10_000, population_size=4)
    founders = search.ask(9)
    assert len(founders) == 4
    search.tell([Trial(founders[0], failure="lost")])
    assert len(search.ask(9)) == 1
    late = Proposal(99, (0,) * 6)
    search.tell([Trial(late, Measurement(0.5, 1.0), 1.0)])
    assert len(search._population) == 1
