"""PPO on a recurrent controller: the search of the MnasNet paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench_mobile.errors import UsageError
from nasbench_mobile.strategies._contract import check_arguments, flag, number, seed32, whole
from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies._policy_gradient import Batch, PolicyGradient
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Trial


class PPO:
    """The controller of MnasNet (Tan et al., CVPR 2019, arXiv 1807.11626, section 4.2), trained by
    proximal policy optimisation (Schulman et al., arXiv 1707.06347).

    MnasNet says that it uses NASNet's controller; the defaults marked (N) are NASNet's (Zoph et
    al., arXiv 1707.07012, appendix A). What neither paper gives is marked (open) and a common
    choice. Each token is one action; all tokens of a proposal share its advantage, the reward less
    an exponential moving average of earlier rewards, which starts at the first batch's mean (our
    choice: a start at 0 would reinforce whatever is sampled first). The loss of a batch is the
    mean over its proposals of the sum over tokens of the clipped surrogate plus the weighted
    entropy.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; not used.
        learning_rate: of Adam (N: 0.00035; Real et al., arXiv 1802.01548, found 0.0008 best among
            the rates they tried for the same controller).
        batch_size: trials per update (N: 20).
        epochs: passes over a batch per update (open: 4).
        clip: the ratio of new to old probability of a token counts within 1 +- clip (open: 0.2).
        entropy_weight: of the entropy bonus (N: 0.00001).
        baseline_decay: of the moving average of rewards (N: 0.95), one step per trial.
        normalise_advantages: divide a batch's advantages by their standard deviation after taking
            off their mean (open: false).
        gradient_clip: largest norm of a gradient (open: 1.0).
        hidden_size: units of the LSTM (N: 100). embedding_size: of a token (open: 100).
        init_range: parameters start uniform in (-init_range, init_range) (N: 0.1).
        temperature, tanh_constant: of the softmax, as in ENAS (off: 1.0 and none).
        device: of PyTorch, "cpu" or "cuda"; only the CPU's results repeat bit for bit.
        threads: CPU threads during ask and tell (1: the matrices are too small to share out).

    Failed trials are left out of the update: they count towards the `batch_size` told trials that
    make an update, which then learns from the others, if any. Trials may be told in any order and
    number: they wait until `batch_size` are there, and each is weighted against the
    probabilities it was drawn with, so that trials in flight during an update still count rightly.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(4)]
    >>> search = PPO(decisions, seed=0, budget=400, learning_rate=0.01, hidden_size=8)
    >>> for _ in range(20):
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
        source="Tan et al., CVPR 2019, https://arxiv.org/abs/1807.11626; "
        "https://arxiv.org/abs/1707.06347",
        shines="To repeat the MnasNet paper's search, and with its budgets of many thousand "
        "samples: it ends as a distribution of good networks rather than one.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        learning_rate: float = 0.00035,
        batch_size: int = 20,
        epochs: int = 4,
        clip: float = 0.2,
        entropy_weight: float = 0.00001,
        baseline_decay: float = 0.95,
        normalise_advantages: bool = False,
        gradient_clip: float = 1.0,
        hidden_size: int = 100,
        embedding_size: int = 100,
        init_range: float = 0.1,
        temperature: float = 1.0,
        tanh_constant: float | None = None,
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        cardinalities = check_arguments(decisions, seed, budget)
        self._epochs = whole("epochs", epochs, least=1)
        self._clip = number("clip", clip, above=0.0)
        self._entropy_weight = number("entropy_weight", entropy_weight, least=0.0)
        self._normalise = flag("normalise_advantages", normalise_advantages)
        # PyTorch's generator drops all but 32 bits of a seed without a word.
        generator = torch.Generator(_usable_device(device)).manual_seed(seed32(seed))
        self._controller = Controller(
            cardinalities.tolist(),
            hidden_size=hidden_size,
            embedding_size=embedding_size,
            init_range=init_range,
            temperature=temperature,
            tanh_constant=tanh_constant,
            generator=generator,
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
        advantages = self._gradient.tensor(self._advantages(batch.rewards).astype(np.float32))
        for _ in range(self._epochs):
            log_probs, entropies = self._controller.evaluate(batch.tokens)
            loss = ppo_loss(
                log_probs,
                entropies,
                batch.log_probs,
                advantages,
                clip=self._clip,
                entropy_weight=self._entropy_weight,
            )
            self._gradient.descend(loss)

    def _advantages(self, rewards: Sequence[float]) -> NDArray[np.float64]:
        """Rewards less the baseline of earlier batches, normalised if asked for."""
        advantages = self._gradient.less_baseline(rewards)
        if self._normalise:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        return advantages


def ppo_loss(
    log_probs: Tensor,
    entropies: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    *,
    clip: float,
    entropy_weight: float,
) -> Tensor:
    """The loss to minimise: minus Eq. 7 of arXiv 1707.06347 and the entropy bonus of its Eq. 9.

    `log_probs`, `entropies` and `old_log_probs` are (count, decisions), `advantages` is (count,);
    summed over decisions, averaged over proposals.
    """
    ratios = torch.exp(log_probs - old_log_probs)
    gains = advantages[:, None]
    surrogate = torch.minimum(ratios * gains, ratios.clamp(1.0 - clip, 1.0 + clip) * gains)
    return -(surrogate + entropy_weight * entropies).sum(dim=1).mean()


def _usable_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise UsageError(f"device is {name!r}; give 'cpu' or 'cuda'") from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device is {name!r}; give 'cpu' or 'cuda'")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device is {name!r}, but PyTorch sees no GPU here; use device='cpu'")
    return device
