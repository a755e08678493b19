"""Nevergrad's wizard: an optimizer chosen from the problem's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from nasbench_mobile.strategies._contract import whole
from nasbench_mobile.strategies._nevergrad import NevergradSearch
from nasbench_mobile.types import Decision, StrategyCard

OPTIMIZERS = ("NGOpt", "NGOpt39", "NGOpt16")
"""Wizards that ask and tell in the caller's thread (NgIohTuned may wait for one of its own)."""


class NevergradNGOpt(NevergradSearch):
    """Nevergrad's `NGOpt` (Meunier et al., "Black-Box Optimization Revisited", IEEE Transactions
    on Evolutionary Computation 26(3), 2022, arXiv 2010.04542): chooses among Nevergrad's
    optimizers by the kind and number of variables, the budget and the workers.

    Source: Nevergrad (https://facebookresearch.github.io/nevergrad), whose documentation names it
    for those who do not want to choose (page "optimization").

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; given to Nevergrad.
        optimizer: one of `OPTIMIZERS`, by its name in Nevergrad.
        encoding: what it chooses hangs on it. "ordinal", one real number per decision, looks
            continuous to it: Nevergrad 1.0.12 chooses CMA, mostly with a quadratic model. With
            "categorical", a weight per value, it knows that the variables are discrete, and
            chooses `DiscreteLenglerOnePlusOne` whatever the size and budget. The default is
            ordinal: it searched as well (benchmark imagenet-pixel1, 6 seeds, mean best reward of
            1,000 proposals 0.658 both) at a third of the cost, and `nevergrad-lengler` is the
            other one.
        num_workers: evaluations in flight at once that Nevergrad is told of; from 2 up, because
            for one it may choose an optimizer that waits in a thread of its own for each result
            and hangs where more are in flight.

    Failed trials are told with the worst finite loss so far; those before the first loss wait for
    it. Until a first loss is known proposals are uniform. Trials of a warm start are
    suggested to Nevergrad and told.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = NevergradNGOpt(decisions, seed=0, budget=300)
    >>> best = 0.0
    >>> for _ in range(300):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Nevergrad",
        source="Meunier et al., IEEE TEC 26(3), 2022, https://arxiv.org/abs/2010.04542; "
        "https://facebookresearch.github.io/nevergrad (NGOpt)",
        shines="When nothing is known of the problem and one strategy must do: a sound choice "
        "for any budget, seldom the best one.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        optimizer: str = "NGOpt",
        encoding: str = "ordinal",
        num_workers: int = 2,
    ) -> None:
        super().__init__(
            decisions,
            seed,
            budget,
            optimizer=optimizer,
            allowed=OPTIMIZERS,
            encoding=encoding,
            num_workers=whole("num_workers", num_workers, least=2),
            uniform_start=True,
        )
