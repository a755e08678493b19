"""Local search: climb from the best of a few random starts, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar, NamedTuple

import numpy as np

from nasbench_mobile.strategies._contract import (
    check_arguments,
    finite_reward,
    flag,
    never_asked,
    whole,
)
from nasbench_mobile.strategies._shuffle import Shuffle
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Tokens, Trial


class _Place(NamedTuple):
    """A place where a walk stands or might go."""

    reward: float
    tokens: Tokens


class LocalSearch:
    """Hill-climbing of White, Nolen and Savani, "Exploring the Loss Landscape in Neural
    Architecture Search" (UAI 2021, arXiv 2005.02960).

    A walk starts at the best of `starts` random token lists, proposes the neighbours of where it
    stands (token lists that differ in one decision) in random order and moves to the first that is
    better. Where none is, it has reached a local optimum and another walk starts. No token list is
    proposed twice, in any walk.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; not used.
        starts: random token lists a walk starts from the best of (authors' code, naszilla: 10).
        full_neighbourhood: look at all neighbours and move to the best of them, rather than to the
            first that is better (the paper's variants; naszilla's default: false).

    Failed trials are never moved to nor proposed again; a failed start is replaced by another.
    With trials in flight, neighbours that are told late may still move the walk; where only they
    are awaited, starts of the next walk are proposed. `ask` gives fewer proposals than asked for
    where starts or neighbours run out, and none once every token list was proposed. A warm start
    begins the first walk at the best of the given trials.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 4) for i in range(6)]
    >>> search = LocalSearch(decisions, seed=0, budget=100)
    >>> best = 0.0
    >>> for _ in range(100):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 18
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="simple",
        library="numpy",
        source="White, Nolen and Savani, UAI 2021, https://arxiv.org/abs/2005.02960",
        shines="Where rewards carry little noise and the budget is a few neighbourhoods: hard to "
        "beat then, and without a setting to tune.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        starts: int = 10,
        full_neighbourhood: bool = False,
    ) -> None:
        self._cardinalities = check_arguments(decisions, seed, budget).tolist()
        self._starts = whole("starts", starts, least=1)
        self._full = flag("full_neighbourhood", full_neighbourhood)
        self._rng = np.random.default_rng(seed)
        self._shuffle = Shuffle(self._cardinalities, seed)
        # Every neighbour of tokens t, as (place, step): token (t[place] + step) % cardinality.
        self._moves = np.array(
            [(k, step) for k, c in enumerate(self._cardinalities) for step in range(1, c)],
            dtype=np.int64,
        ).reshape(-1, 2)
        self._seen: set[Tokens] = set()
        self._starts_in_flight: set[int] = set()
        self._steps_in_flight: set[int] = set()
        self._started = 0
        self._best_start: _Place | None = None  # of the next walk
        self._here: _Place | None = None
        self._better: _Place | None = None  # the best neighbour so far, in a full neighbourhood
        self._left: list[list[int]] = []  # moves not proposed yet
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """The batch size is 1: every step sees whether the one before it was better."""
        return 1

    def start(self, trials: Sequence[Trial]) -> None:
        """The first walk begins at the best of them; none is proposed again."""
        for trial in trials:
            self._seen.add(trial.tokens)
            reward = finite_reward(trial)
            if reward is not None and (self._here is None or reward > self._here.reward):
                self._here = _Place(reward, trial.tokens)
        if self._here is not None:
            self._move(self._here)

    def ask(self, count: int) -> list[Proposal]:
        """Give up to `count` neighbours or starts."""
        count = whole("count", count, least=1)
        self._settle()
        if self._here is None:
            wanted = self._starts - self._started - len(self._starts_in_flight)
            return self._proposed(self._fresh(min(count, wanted) if wanted > 0 else count), False)
        neighbours: list[Tokens] = []
        while len(neighbours) < count and (neighbour := self._neighbour()) is not None:
            neighbours.append(neighbour)
            self._left.pop()
        if neighbours:
            return self._proposed(neighbours, True)
        return self._proposed(self._fresh(count), False)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn in any order; a better neighbour moves the walk at once, or at the end of all."""
        for trial in trials:
            reward, number = finite_reward(trial), trial.proposal.id
            if number in self._steps_in_flight:
                self._steps_in_flight.discard(number)
                if reward is not None:
                    self._compare(_Place(reward, trial.tokens))
            elif number in self._starts_in_flight:
                self._starts_in_flight.discard(number)
                if reward is not None:
                    self._started += 1
                    if self._best_start is None or reward > self._best_start.reward:
                        self._best_start = _Place(reward, trial.tokens)
            else:
                raise never_asked(trial)

    def _compare(self, found: _Place) -> None:
        bar = self._better or self._here
        if bar is not None and found.reward > bar.reward:
            if self._full:
                self._better = found
            else:
                self._move(found)

    def _settle(self) -> None:
        """End a walk that has nowhere to go, and begin the next once its starts are known."""
        if self._here is not None and not self._steps_in_flight and self._neighbour() is None:
            self._here, better, self._better = None, self._better, None
            if better is not None:
                self._move(better)
                self._settle()
        if self._here is None and self._best_start is not None and self._started >= self._starts:
            here, self._best_start, self._started = self._best_start, None, 0
            self._move(here)
            self._settle()

    def _move(self, place: _Place) -> None:
        self._here = place
        self._left = self._rng.permutation(self._moves).tolist()

    def _neighbour(self) -> Tokens | None:
        """The next neighbour that was never proposed, at the end of `_left`; None: no more."""
        here = self._here.tokens if self._here is not None else ()
        while self._left:
            place, step = self._left[-1]
            token = (here[place] + step) % self._cardinalities[place]
            neighbour = (*here[:place], token, *here[place + 1 :])
            if neighbour not in self._seen:
                return neighbour
            self._left.pop()
        return None

    def _fresh(self, count: int) -> list[Tokens]:
        unseen = (tokens for tokens in self._shuffle if tokens not in self._seen)
        return list(islice(unseen, count))

    def _proposed(self, rows: Sequence[Tokens], steps: bool) -> list[Proposal]:
        proposals = [Proposal(self._asked + k, tokens) for k, tokens in enumerate(rows)]
        self._asked += len(proposals)
        self._seen.update(rows)
        in_flight = self._steps_in_flight if steps else self._starts_in_flight
        in_flight.update(proposal.id for proposal in proposals)
        return proposals
