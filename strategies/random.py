"""Random search: the strategy that every other one must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nasbench_mobile.strategies._contract import (
    check_arguments,
    numbered,
    uniform_rows,
    whole,
)
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Trial


class RandomSearch:
    """Uniform tokens, each decision independent of the others, repeats allowed.

    A strong baseline in architecture search: Li and Talwalkar, "Random Search and Reproducibility
    for Neural Architecture Search" (arXiv 1902.07638). Proposals depend on the seed alone, not on
    how asks are cut into batches nor on what is told.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; not used.

    Failed trials change nothing.

    >>> from nasbench_mobile.types import Decision, Trial
    >>> search = RandomSearch([Decision("kernel", 3), Decision("skip", 2)], seed=0, budget=4)
    >>> for _ in range(2):
    ...     proposals = search.ask(2)
    ...     search.tell([Trial(proposal, failure="no phone today") for proposal in proposals])
    >>> [proposal.id for proposal in proposals]
    [2, 3]
    """

    card: ClassVar = StrategyCard(
        family="simple",
        library="numpy",
        source="Li and Talwalkar, UAI 2019, https://arxiv.org/abs/1902.07638",
        shines="As the baseline of every comparison, and where so many proposals are in flight "
        "that nothing could be learnt between them.",
    )

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        self._cardinalities = check_arguments(decisions, seed, budget)
        self._rng = np.random.default_rng(seed)
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """The batch size is 64 (our choice: large enough for evaluators to vectorise)."""
        return 64

    def ask(self, count: int) -> list[Proposal]:
        """Give exactly `count` proposals."""
        rows = uniform_rows(self._rng, self._cardinalities, whole("count", count, least=1))
        proposals = numbered(self._asked, rows)
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn nothing."""
