"""MyStrategy: a search strategy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from my_moves import with_one_changed

from nasbench_mobile import Decision, Proposal, Trial


class MyStrategy:
    """Changes one token of the best architecture so far, or now and then proposes a random one."""

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *, restart: float = 0.1
    ) -> None:
        self.cardinalities = [decision.cardinality for decision in decisions]
        self.rng = np.random.default_rng(seed)
        self.restart = restart
        self.best: tuple[int, ...] = ()
        self.best_reward = -math.inf
        self.asked = 0

    def ask(self, count: int) -> list[Proposal]:
        """Exactly `count` proposals; the best so far may be some trials behind."""
        proposals = []
        for _ in range(count):
            tokens = self.rng.integers(self.cardinalities).tolist()
            if self.best and self.rng.random() >= self.restart:
                tokens = with_one_changed(self.best, tokens, self.rng)
            proposals.append(Proposal(self.asked, tuple(tokens)))
            self.asked += 1
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """A failed trial has no reward and changes nothing."""
        for trial in trials:
            if trial.reward is not None and trial.reward > self.best_reward:
                self.best, self.best_reward = trial.tokens, trial.reward
