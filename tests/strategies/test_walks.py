"""Local search step by step: to which neighbour it moves, and from where the next walk starts."""

from __future__ import annotations

import pytest

from nasbench_mobile.strategies.local_search import LocalSearch
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

CARDINALITIES = (4, 3, 5, 2, 4)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]
SEEDS = range(5)


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def near(tokens: Tokens, other: Tokens) -> bool:
    """Whether one is the other's neighbour."""
    return sum(a != b for a, b in zip(tokens, other, strict=True)) == 1


def climbing(seed: int, **options: bool) -> tuple[LocalSearch, Tokens]:
    """A search that stands at the best of its starts, whose reward is 1."""
    search = LocalSearch(DECISIONS, seed, 1000, starts=3, **options)
    starts = search.ask(3)
    search.tell([finished(start, float(start.id == 1)) for start in starts])
    return search, starts[1].tokens


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("together", [True, False])
def test_a_full_neighbourhood_ends_with_a_move_to_its_best(seed: int, together: bool) -> None:
    """Better ones come before and after the best; the last better one is not the best."""
    search, here = climbing(seed, full_neighbourhood=True)
    neighbours = search.ask(64)
    assert all(near(proposal.tokens, here) for proposal in neighbours)
    assert len(neighbours) >= 11
    rewards = [0.5, 2.0, 3.0, 9.0, 4.0, 8.0, 0.1, 5.0, *[0.2] * (len(neighbours) - 8)]
    trials = [finished(p, r) for p, r in zip(neighbours, rewards, strict=True)]
    for batch in [trials] if together else [[trial] for trial in trials]:
        search.tell(batch)
    best = neighbours[3].tokens
    following = search.ask(64)
    assert all(near(proposal.tokens, best) for proposal in following)
    assert len(following) >= 4
    # The bar is the best one's reward from now on, not what any later neighbour gave.
    search.tell([finished(proposal, 8.5) for proposal in following])
    starts = search.ask(64)
    assert len(starts) == 3
    assert not all(near(proposal.tokens, best) for proposal in starts)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_next_walk_starts_at_the_best_of_its_own_starts(seed: int) -> None:
    """However good the start of the walk before was."""
    search = LocalSearch(DECISIONS, seed, 1000, starts=3)
    starts = search.ask(3)
    search.tell([finished(p, r) for p, r in zip(starts, (50.0, 90.0, 70.0), strict=True)])
    neighbours = search.ask(64)
    search.tell([finished(proposal, 1.0) for proposal in neighbours])
    again = search.ask(3)
    search.tell([finished(p, r) for p, r in zip(again, (2.0, 1.0, 3.0), strict=True)])
    following = search.ask(64)
    assert following
    assert all(near(proposal.tokens, again[2].tokens) for proposal in following)


@pytest.mark.parametrize("full", [False, True])
def test_an_equal_neighbour_is_no_better(full: bool) -> None:
    search, _ = climbing(2, full_neighbourhood=full)
    neighbours = search.ask(64)
    search.tell([finished(proposal, 1.0) for proposal in neighbours])
    assert len(search.ask(64)) == 3  # starts of another walk


@pytest.mark.parametrize("seed", SEEDS)
def test_of_equal_starts_the_first_is_taken(seed: int) -> None:
    search = LocalSearch(DECISIONS, seed, 1000, starts=3)
    starts = search.ask(3)
    search.tell([finished(p, r) for p, r in zip(starts, (1.0, 4.0, 4.0), strict=True)])
    assert all(near(proposal.tokens, starts[1].tokens) for proposal in search.ask(64))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_neighbour_is_proposed_where_none_was_seen(seed: int) -> None:
    search = LocalSearch(DECISIONS, seed, 1000, starts=1)
    [start] = search.ask(1)
    search.tell([finished(start, 1.0)])
    found = {proposal.tokens for proposal in search.ask(64)}
    wanted = {
        (*start.tokens[:place], token, *start.tokens[place + 1 :])
        for place, cardinality in enumerate(CARDINALITIES)
        for token in range(cardinality)
        if token != start.tokens[place]
    }
    assert found == wanted


def test_a_warm_start_begins_at_the_best_known_and_repeats_none() -> None:
    search = LocalSearch(DECISIONS, 0, 1000)
    rows: list[Tokens] = [(0, 0, 0, 0, 0), (1, 1, 1, 1, 1), (1, 1, 1, 1, 2)]
    rewards = (0.2, 0.9, 0.4)
    search.start(
        [
            finished(Proposal(-k - 1, t), r)
            for k, (t, r) in enumerate(zip(rows, rewards, strict=True))
        ]
    )
    found = [proposal.tokens for proposal in search.ask(64)]
    assert all(near(tokens, rows[1]) for tokens in found)
    assert len(found) == sum(CARDINALITIES) - len(CARDINALITIES) - 1  # one of them is known
    assert rows[2] not in found
