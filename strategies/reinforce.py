"""REINFORCE on a recurrent controller: policy gradients in their plainest form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from nasbench_mobile.strategies._contract import check_arguments, number, seed32
from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies._policy_gradient import Batch, PolicyGradient
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Trial


class Reinforce:
    """The recurrent controller trained by REINFORCE (Williams, Machine Learning 8, 1992) with a
    moving average of rewards as its baseline, as Zoph and Le, "Neural Architecture Search with
    Reinforcement Learning" (ICLR 2017, arXiv 1611.01578, section 3.2) did.

    A batch is one gradient step of Adam on the mean over its proposals of the sum over tokens of
    the log-probability times the reward less the baseline. Defaults marked (Z) are those of Zoph
    and Le, section 4.1; of the others, the controller is that of `ppo` here, so that the two differ
    in the update alone.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; not used.
        learning_rate: of Adam (Z: 0.0006).
        batch_size: trials per update (our choice: 20, as for `ppo`; Zoph and Le ran 100
            controller replicas of 8 children each).
        entropy_weight: of an entropy bonus (Z: none).
        baseline_decay: of the moving average of rewards, one step per trial (not given there; 0.95
            as for `ppo`). It starts at the first batch's mean.
        gradient_clip: largest norm of a gradient (open: 1.0).
        hidden_size, embedding_size: of the LSTM and of a token (as for `ppo`: 100).
        init_range: parameters start uniform in (-init_range, init_range) (Z: 0.08).
        threads: CPU threads during ask and tell (1: the matrices are too small to share out).

    Failed trials count towards `batch_size` and are left out of the update. Trials may be told in
    any order; the gradient is taken at the parameters of the update, so that trials in flight
    during one are a little off policy (`ppo` corrects for that, this does not).

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(4)]
    >>> search = Reinforce(decisions, seed=0, budget=800, learning_rate=0.01, hidden_size=8)
    >>> for _ in range(40):
    ...     trials = []
    ...     for proposal in search.ask(20):
    ...         reward = sum(proposal.tokens) / 8
    ...         trials.append(Trial(proposal, Measurement(reward, latency_ms=1.0), reward))
    ...     search.tell(trials)
    >>> sum(trial.reward for trial in trials) / 20 > 0.8
    True
    """

    card: ClassVar = StrategyCard(
        family="reinforcement learning",
        library="PyTorch",
        source="Zoph and Le, ICLR 2017, https://arxiv.org/abs/1611.01578",
        shines="As the yardstick of policy gradients: what PPO's clipped, repeated updates bring "
        "shows in the difference. Cheapest of the controllers per sample.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        learning_rate: float = 0.0006,
        batch_size: int = 20,
        entropy_weight: float = 0.0,
        baseline_decay: float = 0.95,
        gradient_clip: float = 1.0,
        hidden_size: int = 100,
        embedding_size: int = 100,
        init_range: float = 0.08,
        threads: int = 1,
    ) -> None:
        cardinalities = check_arguments(decisions, seed, budget)
        self._entropy_weight = number("entropy_weight", entropy_weight, least=0.0)
        self._controller = Controller(
            cardinalities.tolist(),
            hidden_size=hidden_size,
            embedding_size=embedding_size,
            init_range=init_range,
            temperature=1.0,
            tanh_constant=None,
            generator=torch.Generator("cpu").manual_seed(seed32(seed)),
        )
        self._gradient = PolicyGradient(
            self._controller,
            batch_size=batch_size,
            learning_rate=learning_rate,
            baseline_decay=baseline_decay,
            gradient_clip=gradient_clip,
            threads=threads,
        )

    @property
    def batch_size(self) -> int:
        """The trials of one update, so that a synchronous run is on policy."""
        return self._gradient.batch_size

    def ask(self, count: int) -> list[Proposal]:
        """Exactly `count` samples of the controller as it is."""
        return self._gradient.ask(count)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Updates the controller once for every `batch_size` told trials."""
        self._gradient.tell(trials, self._update)

    def _update(self, batch: Batch) -> None:
        gains = self._gradient.tensor(
            self._gradient.less_baseline(batch.rewards).astype(np.float32)
        )
        log_probs, entropies = self._controller.evaluate(batch.tokens)
        gain = (gains[:, None] * log_probs + self._entropy_weight * entropies).sum(dim=1).mean()
        self._gradient.descend(-gain)
