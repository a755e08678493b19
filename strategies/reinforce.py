"""REINFORCE on a recurrent controller: policy gradients in their plainest form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from nasbench_mobile.strategies._contract import (
    IntMatrix,
    check_arguments,
    finite_reward,
    never_asked,
    number,
    numbered,
    seed32,
    whole,
)
from nasbench_mobile.strategies._controller import Controller, cpu_threads
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
        self._batch_size = whole("batch_size", batch_size, least=1)
        self._entropy_weight = number("entropy_weight", entropy_weight, least=0.0)
        self._decay = number("baseline_decay", baseline_decay, least=0.0, most=1.0)
        self._gradient_clip = number("gradient_clip", gradient_clip, above=0.0)
        self._threads = whole("threads", threads, least=1)
        self._controller = Controller(
            cardinalities.tolist(),
            hidden_size=whole("hidden_size", hidden_size, least=1),
            embedding_size=whole("embedding_size", embedding_size, least=1),
            init_range=number("init_range", init_range, above=0.0),
            temperature=1.0,
            tanh_constant=None,
            generator=torch.Generator("cpu").manual_seed(seed32(seed)),
        )
        self._optimiser = torch.optim.Adam(
            self._controller.parameters(),
            lr=number("learning_rate", learning_rate, above=0.0),
            fused=True,
        )
        self._baseline: float | None = None
        self._in_flight: dict[int, IntMatrix] = {}
        self._told: list[tuple[IntMatrix, float | None]] = []
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """The trials of one update, so that a synchronous run is on policy."""
        return self._batch_size

    def ask(self, count: int) -> list[Proposal]:
        """Exactly `count` samples of the controller as it is."""
        with cpu_threads(self._threads):
            tokens, _ = self._controller.sample(whole("count", count, least=1))
        rows: IntMatrix = tokens.numpy()
        proposals = numbered(self._asked, rows)
        self._in_flight.update((p.id, row) for p, row in zip(proposals, rows, strict=True))
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Updates the controller once for every `batch_size` told trials."""
        for trial in trials:
            tokens = self._in_flight.pop(trial.proposal.id, None)
            if tokens is None:
                raise never_asked(trial)
            self._told.append((tokens, finite_reward(trial)))
        while len(self._told) >= self._batch_size:
            batch, self._told = self._told[: self._batch_size], self._told[self._batch_size :]
            learnable = [(tokens, reward) for tokens, reward in batch if reward is not None]
            if learnable:
                with cpu_threads(self._threads):
                    self._update(*zip(*learnable, strict=True))

    def _update(self, rows: Sequence[IntMatrix], rewards: Sequence[float]) -> None:
        gains = self._less_baseline(rewards)
        log_probs, entropies = self._controller.evaluate(torch.from_numpy(np.stack(rows)))
        gain = (gains[:, None] * log_probs + self._entropy_weight * entropies).sum(dim=1).mean()
        self._optimiser.zero_grad()
        torch.autograd.backward(-gain)
        torch.nn.utils.clip_grad_norm_(self._controller.parameters(), self._gradient_clip)
        self._optimiser.step()

    def _less_baseline(self, rewards: Sequence[float]) -> Tensor:
        """Rewards less the baseline of earlier batches; then moves the baseline along."""
        baseline = float(np.mean(rewards)) if self._baseline is None else self._baseline
        gains = torch.tensor([reward - baseline for reward in rewards], dtype=torch.float32)
        for reward in rewards:
            baseline = self._decay * baseline + (1.0 - self._decay) * reward
        self._baseline = baseline
        return gains
