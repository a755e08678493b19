"""Regularized evolution: tournament selection in which the oldest dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nasbench_mobile.strategies._contract import (
    check_arguments,
    finite_reward,
    number,
    numbered,
    uniform_rows,
    whole,
)
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Tokens, Trial


class RegularizedEvolution:
    """Aging evolution of Real et al., "Regularized Evolution for Image Classifier Architecture
    Search" (AAAI 2019, arXiv 1802.01548), Algorithm 1.

    The first `population_size` proposals are uniform. Then each proposal is a mutant of the best
    of `sample_size` members drawn from the population with replacement; a finished mutant joins
    and the oldest member dies. The mutation does nothing with `identity_probability`, and else
    gives one decision, chosen uniformly among those with a choice, another of its values,
    uniformly.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make. A budget of no more than `population_size` is random
            search: the authors' defaults are kept, not scaled to the budget.
        population_size: members alive (authors: 100).
        sample_size: members drawn for a tournament (authors: 25).
        identity_probability: of a mutation that changes nothing (authors: 0.05).

    Failed trials never become members and so never parents; a failed founder is replaced by
    another uniform proposal. With trials in flight, mutants come from the members there are, and
    proposals are uniform while there are none. At the border between founders and mutants `ask`
    gives fewer proposals than asked for, so that no mutant precedes the last founder's result.
    Trials of a warm start are founders, and take the place of as many uniform ones.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 4) for i in range(6)]
    >>> search = RegularizedEvolution(decisions, seed=0, budget=300, population_size=20)
    >>> best = 0.0
    >>> for _ in range(300):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 18
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="numpy",
        source="Real et al., AAAI 2019, https://arxiv.org/abs/1802.01548",
        shines="With a thousand trials and more, noisy ones too: what was lucky once dies of age. "
        "Simple, fast and unmoved by many trials in flight.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        population_size: int = 100,
        sample_size: int = 25,
        identity_probability: float = 0.05,
    ) -> None:
        self._cardinalities = check_arguments(decisions, seed, budget)
        self._free = np.flatnonzero(self._cardinalities > 1)
        self._population_size = whole("population_size", population_size, least=1)
        self._sample_size = whole("sample_size", sample_size, least=1)
        self._identity_probability = number(
            "identity_probability", identity_probability, least=0.0, most=1.0
        )
        self._rng = np.random.default_rng(seed)
        self._population: deque[tuple[float, Tokens]] = deque(maxlen=self._population_size)
        self._founders_in_flight: set[int] = set()
        self._asked = 0

    def start(self, trials: Sequence[Trial]) -> None:
        """Known trials are founders, the last `population_size` of them."""
        for trial in trials:
            self._join(trial)

    @property
    def batch_size(self) -> int:
        """The batch size is 1: every mutant sees every earlier result, as in Algorithm 1."""
        return 1

    def ask(self, count: int) -> list[Proposal]:
        """Give up to `count` founders, else exactly `count` mutants."""
        count = whole("count", count, least=1)
        wanted = self._population_size - len(self._population) - len(self._founders_in_flight)
        if wanted > 0 or not self._population:
            founders = min(count, wanted) if wanted > 0 else count
            proposals = numbered(
                self._asked, uniform_rows(self._rng, self._cardinalities, founders)
            )
            self._founders_in_flight.update(proposal.id for proposal in proposals)
        else:
            proposals = [
                Proposal(self._asked + k, self._mutant(self._tournament())) for k in range(count)
            ]
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Members are as old as the order in which they are told."""
        for trial in trials:
            self._founders_in_flight.discard(trial.proposal.id)
            self._join(trial)

    def _join(self, trial: Trial) -> None:
        reward = finite_reward(trial)
        if reward is not None:
            self._population.append((reward, trial.tokens))  # the oldest falls out when full

    def _tournament(self) -> Tokens:
        drawn = self._rng.integers(len(self._population), size=self._sample_size)
        return max((self._population[k] for k in drawn), key=lambda member: member[0])[1]

    def _mutant(self, parent: Tokens) -> Tokens:
        if self._rng.random() < self._identity_probability or not len(self._free):
            return parent
        place = int(self._free[self._rng.integers(len(self._free))])
        value = int(self._rng.integers(self._cardinalities[place] - 1))
        value += value >= parent[place]  # skips the parent's value: uniform over the others
        return (*parent[:place], value, *parent[place + 1 :])
