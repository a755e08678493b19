"""Simulated annealing: a search strategy for nasbench-mobile in a package of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nasbench_mobile import Decision, Proposal, Trial

__all__ = ["Annealing"]


class Annealing:
    """Simulated annealing (Kirkpatrick et al., Science 220, 1983) that changes one token a step.

    `temperature` is in units of reward. It falls geometrically to a hundredth over the budget (our
    choice). Proposals in flight are neighbours of one state; a failed trial changes nothing.
    """

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *, temperature: float = 0.05
    ) -> None:
        self._cardinalities = [decision.cardinality for decision in decisions]
        self._rng = np.random.default_rng(seed)
        self._temperature = temperature
        self._cooling = 0.01 ** (1.0 / max(budget, 1))
        self._state: tuple[int, ...] = ()
        self._reward = -math.inf
        self._asked = 0

    def ask(self, count: int) -> list[Proposal]:
        """Exactly `count` neighbours of the state; random ones while there is none."""
        proposals = []
        for _ in range(count):
            tokens = self._rng.integers(self._cardinalities).tolist()
            if self._state:
                place = self._rng.integers(len(tokens))
                tokens = [*self._state[:place], tokens[place], *self._state[place + 1 :]]
            proposals.append(Proposal(self._asked, tuple(tokens)))
            self._asked += 1
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            self._temperature *= self._cooling
            if trial.reward is not None and self._accepts(trial.reward):
                self._state, self._reward = trial.tokens, trial.reward

    def _accepts(self, reward: float) -> bool:
        loss = self._reward - reward
        return loss <= 0.0 or self._rng.random() < math.exp(-loss / self._temperature)
