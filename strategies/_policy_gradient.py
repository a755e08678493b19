"""Trials on their way from a controller and back to it: batches, the baseline and the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench_mobile.strategies._contract import (
    IntMatrix,
    finite_reward,
    never_asked,
    number,
    numbered,
    whole,
)
from nasbench_mobile.strategies._controller import Controller, cpu_threads
from nasbench_mobile.types import Proposal, Trial


class _Sample(NamedTuple):
    """Tokens and their log-probabilities when they were drawn, (decisions,) each."""

    tokens: IntMatrix
    log_probs: NDArray[np.float32]


class Batch(NamedTuple):
    """What an update learns from, in the order it was told: one trial a row.

    `tokens` and `log_probs`, those when the tokens were drawn, are (count, decisions), on the
    controller's device; `rewards` are `count` finite numbers, `count` from 1.
    """

    tokens: Tensor
    log_probs: Tensor
    rewards: Sequence[float]


class PolicyGradient:
    """What the strategies that train a controller have in common: all but the loss of a batch.

    Trials are told in any order and number: they wait until `batch_size` are there. Failed ones
    count towards those and are left out of the batch that is learnt from. PyTorch runs on `threads`
    CPU threads throughout. The arguments are options of the strategies; `UsageError` names the one
    that is not sound.
    """

    def __init__(
        self, controller: Controller, *, batch_size: int, learning_rate: float,
        baseline_decay: float, gradient_clip: float, threads: int,
    ) -> None:  # fmt: skip
        self.batch_size = whole("batch_size", batch_size, least=1)
        self._decay = number("baseline_decay", baseline_decay, least=0.0, most=1.0)
        self._gradient_clip = number("gradient_clip", gradient_clip, above=0.0)
        self._threads = whole("threads", threads, least=1)
        self._controller = controller
        self._optimiser = torch.optim.Adam(
            controller.parameters(),
            lr=number("learning_rate", learning_rate, above=0.0),
            fused=True,
        )
        self._baseline: float | None = None
        self._in_flight: dict[int, _Sample] = {}
        self._told: list[tuple[_Sample, float | None]] = []
        self._asked = 0

    def ask(self, count: int) -> list[Proposal]:
        """Exactly `count` samples of the controller as it is."""
        with cpu_threads(self._threads):
            tokens, log_probs = self._controller.sample(whole("count", count, least=1))
        rows: IntMatrix = tokens.cpu().numpy()
        proposals = numbered(self._asked, rows)
        for proposal, *sample in zip(proposals, rows, log_probs.cpu().numpy(), strict=True):
            self._in_flight[proposal.id] = _Sample(*sample)
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial], update: Callable[[Batch], None]) -> None:
        """Take trials in, and call `update` for every `batch_size` told that are not all failed.

        Raises `UsageError` for a trial that was not asked or is told twice.
        """
        for trial in trials:
            sample = self._in_flight.pop(trial.proposal.id, None)
            if sample is None:
                raise never_asked(trial)
            self._told.append((sample, finite_reward(trial)))
        while len(self._told) >= self.batch_size:
            told, self._told = self._told[: self.batch_size], self._told[self.batch_size :]
            learnable = [(sample, reward) for sample, reward in told if reward is not None]
            if learnable:
                with cpu_threads(self._threads):
                    update(self._batch(*zip(*learnable, strict=True)))

    def less_baseline(self, rewards: Sequence[float]) -> NDArray[np.float64]:
        """Rewards (count,) less the baseline of earlier batches; then moves the baseline along.

        The baseline is an exponential moving average of rewards, one step per reward, which starts
        at the first batch's mean.
        """
        values = np.array(rewards, dtype=np.float64)
        baseline = float(values.mean()) if self._baseline is None else self._baseline
        gains = values - baseline
        for reward in rewards:
            baseline = self._decay * baseline + (1.0 - self._decay) * reward
        self._baseline = baseline
        return gains

    def descend(self, loss: Tensor) -> None:
        """One step of Adam down a loss, whose gradient is clipped to the norm `gradient_clip`."""
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._controller.parameters(), self._gradient_clip)
        self._optimiser.step()

    def tensor(self, values: NDArray[np.generic]) -> Tensor:
        """An array on the controller's device."""
        return torch.from_numpy(values).to(self._controller.device)

    def _batch(self, samples: Sequence[_Sample], rewards: Sequence[float]) -> Batch:
        tokens = self.tensor(np.stack([sample.tokens for sample in samples]))
        log_probs = self.tensor(np.stack([sample.log_probs for sample in samples]))
        return Batch(tokens, log_probs, rewards)
