"""Walks: their starts, their steps, their ends."""

from __future__ import annotations

import math

import pytest

from nasbench_mobile.strategies.local_search import LocalSearch
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

CARDINALITIES = (3, 2, 1, 4, 3)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]
NEIGHBOURS = sum(CARDINALITIES) - len(CARDINALITIES)


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def distance(a: Tokens, b: Tokens) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))


def climbing(seed: int = 0, **options: bool) -> tuple[LocalSearch, Tokens]:
    """A search that stands at the best of its starts."""
    search = LocalSearch(DECISIONS, seed, 1000, starts=4, **options)
    starts = search.ask(64)
    assert len(starts) == 4
    search.tell([finished(start, start.id == 2) for start in starts])
    return search, starts[2].tokens


def test_neighbours_of_the_best_start_are_proposed_in_random_order_once_each() -> None:
    orders = []
    for seed in (0, 1):
        search, here = climbing(seed)
        neighbours = [proposal.tokens for proposal in search.ask(64)]
        assert all(distance(tokens, here) == 1 for tokens in neighbours)
        # Another start may have been a neighbour, and is not proposed again.
        assert NEIGHBOURS - 3 <= len(set(neighbours)) == len(neighbours) <= NEIGHBOURS
        places = [[a != b for a, b in zip(t, here, strict=True)].index(True) for t in neighbours]
        orders.append(places)
        assert places != sorted(places)
    assert orders[0] != orders[1]


def test_the_first_better_neighbour_moves_the_walk() -> None:
    search, here = climbing()
    first, second = search.ask(2)
    search.tell([finished(first, 0.5), finished(second, 2.0)])
    [third] = search.ask(1)
    assert distance(third.tokens, second.tokens) == 1
    assert here != second.tokens


def test_a_full_neighbourhood_is_looked_at_before_a_move_to_its_best() -> None:
    search, here = climbing(full_neighbourhood=True)
    neighbours = []
    while distance((proposal := search.ask(1)[0]).tokens, here) == 1:
        neighbours.append(proposal)
        search.tell([finished(proposal, 5.0 - abs(len(neighbours) - 3))])
        if len(neighbours) > NEIGHBOURS:
            break
    assert NEIGHBOURS - 3 <= len(neighbours) <= NEIGHBOURS
    assert distance(proposal.tokens, neighbours[2].tokens) == 1


def test_at_a_local_optimum_another_walk_starts_from_other_starts() -> None:
    search, here = climbing()
    neighbours = search.ask(64)
    search.tell([finished(proposal, 0.0) for proposal in neighbours])
    starts = search.ask(64)
    assert len(starts) == 4
    assert not {p.tokens for p in starts} & {here, *(p.tokens for p in neighbours)}


def test_while_neighbours_are_awaited_the_next_walks_starts_are_proposed() -> None:
    search, here = climbing()
    neighbours = search.ask(64)
    starts = search.ask(2)
    assert len(starts) == 2
    search.tell([finished(start, 9.0) for start in starts])
    search.tell([finished(proposal, 0.0) for proposal in neighbours[1:]])
    search.tell([finished(neighbours[0], 2.0)])  # late, and it moves the first walk
    [step] = search.ask(1)
    assert distance(step.tokens, neighbours[0].tokens) == 1
    assert distance(step.tokens, here) >= 1


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("batch", [1, 7])
def test_every_token_list_is_proposed_once_and_then_none(full: bool, batch: int) -> None:
    search = LocalSearch(DECISIONS, 3, 1000, starts=2, full_neighbourhood=full)
    asked: list[Tokens] = []
    while proposals := search.ask(batch):
        asked += [proposal.tokens for proposal in proposals]
        search.tell([finished(p, float(sum(p.tokens) % 4)) for p in proposals])
    assert len(set(asked)) == len(asked) == math.prod(CARDINALITIES)


def test_a_failed_start_is_replaced() -> None:
    search = LocalSearch(DECISIONS, 0, 1000, starts=4)
    starts = search.ask(4)
    search.tell([Trial(starts[0], failure="lost")])
    search.tell([finished(start, 0.1) for start in starts[1:]])
    assert len(search.ask(4)) == 1
