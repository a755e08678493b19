"""The population, the tournament and the mutation of Real et al., Algorithm 1."""

from __future__ import annotations

from collections import Counter

import pytest

from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

CARDINALITIES = (2, 1, 5, 3)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def founded(size: int, **options: float) -> tuple[RegularizedEvolution, list[Tokens]]:
    """A strategy with its founders told, the first of them best."""
    search = RegularizedEvolution(DECISIONS, 0, 10_000, population_size=size, **options)  # type: ignore[arg-type]
    founders = search.ask(size)
    search.tell([finished(founder, -k) for k, founder in enumerate(founders)])
    return search, [founder.tokens for founder in founders]


def test_a_mutant_differs_in_one_decision_by_a_uniform_other_value() -> None:
    search, founders = founded(1, identity_probability=0.0)
    parent = founders[0]
    counts: Counter[tuple[int, int]] = Counter()
    for mutant in search.ask(3000):
        changes = [
            (place, token)
            for place, (token, old) in enumerate(zip(mutant.tokens, parent, strict=True))
            if token != old
        ]
        assert len(changes) == 1
        counts[changes[0]] += 1
    for place, others in ((0, 1), (2, 4), (3, 2)):
        seen = {token: n for (where, token), n in counts.items() if where == place}
        assert len(seen) == others
        for n in seen.values():  # six standard deviations of a binomial count at most
            assert abs(n - 1000 / others) <= 6 * (1000 / others) ** 0.5


def test_the_identity_mutation_is_as_frequent_as_said() -> None:
    search, founders = founded(1, identity_probability=0.25)
    same = sum(mutant.tokens == founders[0] for mutant in search.ask(2000))
    assert abs(same - 500) <= 6 * (2000 * 0.25 * 0.75) ** 0.5


def test_the_tournament_takes_the_best_of_its_sample() -> None:
    always = {"identity_probability": 1.0}
    search, founders = founded(10, sample_size=400, **always)
    assert {mutant.tokens for mutant in search.ask(50)} == {founders[0]}
    search, founders = founded(10, sample_size=1, **always)
    assert {mutant.tokens for mutant in search.ask(400)} == set(founders)


def test_the_oldest_dies_however_good_it_is() -> None:
    search, founders = founded(5, sample_size=200, identity_probability=1.0)
    mutants = search.ask(6)
    assert {mutant.tokens for mutant in mutants} == {founders[0]}
    search.tell([finished(Proposal(mutants[0].id, (0, 0, 0, 0)), -100.0)])
    assert {mutant.tokens for mutant in search.ask(50)} == {founders[1]}


def test_a_failed_mutant_neither_joins_nor_kills() -> None:
    search, founders = founded(5, sample_size=200, identity_probability=1.0)
    search.tell([Trial(mutant, failure="lost") for mutant in search.ask(20)])
    assert {mutant.tokens for mutant in search.ask(50)} == {founders[0]}


def test_founders_are_exactly_the_population_whatever_the_batch() -> None:
    search = RegularizedEvolution(DECISIONS, 0, 1000)
    first, second = search.ask(64), search.ask(64)
    assert (len(first), len(second)) == (64, 36)
    alone = RegularizedEvolution(DECISIONS, 0, 1000)
    assert [p.tokens for p in alone.ask(100)] == [p.tokens for p in first + second]


def test_a_failed_founder_is_replaced_by_another() -> None:
    search = RegularizedEvolution(DECISIONS, 0, 1000, population_size=10)
    founders = search.ask(10)
    search.tell([Trial(founders[0], failure="lost")])
    search.tell([finished(founder, 0.1) for founder in founders[1:]])
    assert len(search.ask(5)) == 1


@pytest.mark.parametrize("budget", [1, 30])
def test_a_budget_below_the_population_is_random_search(budget: int) -> None:
    search = RegularizedEvolution(DECISIONS, 7, budget)
    one_by_one: list[Tokens] = []
    for k in range(budget):
        [proposal] = search.ask(1)
        search.tell([finished(proposal, float(k))])
        one_by_one.append(proposal.tokens)
    at_once = RegularizedEvolution(DECISIONS, 7, budget).ask(budget)
    assert one_by_one == [proposal.tokens for proposal in at_once]
