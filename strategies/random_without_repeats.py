"""Random search that proposes no token list twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar

from nasbench_mobile.strategies._contract import check_arguments, whole
from nasbench_mobile.strategies._shuffle import Shuffle
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Trial


class RandomWithoutRepeats:
    """Uniform token lists without replacement: a random permutation of the space, read until the
    budget or the space is exhausted.

    Exact for spaces of any size. Two token lists that mean the same network count as two: a
    strategy sees tokens only. Proposals depend on the seed alone.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; not used.

    Failed trials change nothing; they are not proposed again either.

    >>> from nasbench_mobile.types import Decision
    >>> search = RandomWithoutRepeats([Decision("kernel", 3), Decision("skip", 2)], 0, budget=10)
    >>> len({proposal.tokens for proposal in search.ask(10)})
    6
    >>> search.ask(4)
    []
    """

    card: ClassVar = StrategyCard(
        family="simple",
        library="Python",
        source="uniform sampling without replacement (Durstenfeld, CACM 7(7), 1964)",
        shines="On small or tabular spaces, where plain random search pays twice for what it has "
        "seen; with a budget of the whole space it is an enumeration.",
    )

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        self._shuffle = Shuffle(check_arguments(decisions, seed, budget).tolist(), seed)
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """The batch size is 64 (our choice: large enough for evaluators to vectorise)."""
        return 64

    def ask(self, count: int) -> list[Proposal]:
        """Give `count` proposals, or fewer where the space has no more token lists."""
        drawn = islice(self._shuffle, whole("count", count, least=1))
        proposals = [Proposal(self._asked + k, tokens) for k, tokens in enumerate(drawn)]
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn nothing."""
