"""A strategy under examination: every call is watched, every answer checked, and ways to play."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nasbench_mobile.errors import InvalidTokensError, StrategyError
from nasbench_mobile.plugins.answers import TooManyError, taken_proposals
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.budget import Budget
from nasbench_mobile.search.player import batch_size
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.law import LawBroken, unbroken
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

WELL_FORMED = "proposals_are_well_formed"
NEVER_MORE = "never_more_than_asked"

Reward: TypeAlias = Callable[[Tokens], float | None]
"""Gives the reward of tokens, or None where measuring them fails."""


@dataclass(frozen=True)
class StrategySubject:
    """A strategy to examine: its class and options, and whether it means to learn from rewards.

    `learns` None leaves it open: a strategy that proposes the same whatever it is told is then
    taken for a baseline. Checks give it runs of up to `budget` proposals: 120 is our choice, a
    little more than the founders of evolution (100). Whether it learns is looked at in
    `learning_seeds` runs of `learning_budget` proposals. Smaller ones are for what is slow.
    """

    factory: Callable[..., Strategy]
    options: Mapping[str, Any] = field(default_factory=dict)
    learns: bool | None = None
    budget: int = 120
    learning_budget: int = 600
    learning_seeds: int = 12

    def start(
        self, watch: Watch, decisions: Sequence[Decision], seed: int = 0, budget: int = 100
    ) -> Player:
        """A fresh strategy at its start."""
        what = f"building it with seed {seed} and budget {budget}"
        with watch.over("building the strategy"), unbroken(what):
            strategy = self.factory(decisions, seed, budget, **self.options)
        return Player(strategy, decisions, watch)


class Player:
    """A strategy whose answers are checked; itself one, so that the real loop can drive it."""

    def __init__(self, strategy: Strategy, decisions: Sequence[Decision], watch: Watch) -> None:
        self._strategy, self._watch = strategy, watch
        self._cardinalities = [decision.cardinality for decision in decisions]
        self._ids: set[int] = set()
        self._first_id: dict[tuple[Tokens, float], int] = {}

    @property
    def batch_size(self) -> int:
        """The strategy's own batch size, 1 where it has none; `LawBroken` where it is no number."""
        with self._watch.over("batch_size"):
            try:
                return batch_size(self._strategy)
            except StrategyError as error:
                raise LawBroken(str(error)) from error

    def ask(self, count: int) -> list[Proposal]:
        """The proposals as the real loop takes them; `LawBroken` names what is wrong with them."""
        with self._watch.over(f"ask({count})"), unbroken(f"ask({count})"):
            answer: Any = self._strategy.ask(count)
        try:
            proposals = taken_proposals(answer, count, self._validated)
        except TooManyError as error:
            raise LawBroken(str(error), NEVER_MORE) from error
        except StrategyError as error:
            raise LawBroken(str(error), WELL_FORMED) from error
        for proposal in proposals:
            if proposal.id in self._ids:
                raise LawBroken(
                    f"proposal id {proposal.id} was used twice; count them up", WELL_FORMED
                )
            self._ids.add(proposal.id)
            self._first_id.setdefault((proposal.tokens, proposal.fidelity), proposal.id)
        return list(proposals)

    def tell(self, trials: Sequence[Trial]) -> None:
        with self._watch.over(f"tell({len(trials)} trials)"), unbroken("tell"):
            self._strategy.tell(trials)

    def repeat_of(self, proposal: Proposal) -> int | None:
        """The id of the first proposal of the same tokens and fidelity, if there was one before."""
        first = self._first_id[proposal.tokens, proposal.fidelity]
        return None if first == proposal.id else first

    def _validated(self, tokens: Tokens) -> Tokens:
        """The tokens, where they are in range; as a search space's `validate`."""
        if len(tokens) != len(self._cardinalities):
            raise InvalidTokensError(
                f"it has {len(tokens)} tokens for {len(self._cardinalities)} decisions"
            )
        for place, (token, count) in enumerate(zip(tokens, self._cardinalities, strict=True)):
            if not 0 <= token < count:
                raise InvalidTokensError(
                    f"token {token} at position {place}, where 0 to {count - 1} is allowed"
                )
        return tokens


def trial(player: Player, proposal: Proposal, reward: float | None) -> Trial:
    """A finished trial with that reward (and accuracy), or a failed one for None."""
    repeat_of = player.repeat_of(proposal)
    if reward is None:
        return Trial(proposal, failure="lost, for the sake of the test", repeat_of=repeat_of)
    measurement = Measurement(reward, latency_ms=10.0 + sum(proposal.tokens))
    return Trial(proposal, measurement, reward, repeat_of=repeat_of)


def play(player: Player, budget: int, batch: int, reward: Reward) -> list[Proposal]:
    """Play a synchronous run, in which every batch is told, in ask order, before the next ask."""
    return list(itertools.chain.from_iterable(turns(player, budget, batch, reward)))


def turns(player: Player, budget: int, batch: int, reward: Reward) -> Iterator[list[Proposal]]:
    """Play the same run ask by ask; proposals are charged as in the real loop."""
    spending = Budget(budget)
    while left := spending.left:
        proposals = _paid(player.ask(min(batch, left)), spending)
        if not proposals:
            return
        player.tell(tuple(trial(player, p, reward(p.tokens)) for p in proposals))
        yield proposals


def play_in_flight(
    player: Player, budget: int, in_flight: int, seed: int, reward: Reward, failing: float = 0.2
) -> list[Proposal]:
    """Play a run whose trials finish in any order, a share of them `failing`; no ask waits for
    them.

    An empty answer ends the run if nothing is in flight, and else waits for results.
    """
    rng = random.Random(seed)
    asked: list[Proposal] = []
    flying: list[Proposal] = []
    spending = Budget(budget)
    while (left := spending.left) or flying:
        free = min(in_flight - len(flying), left)
        proposals = _paid(player.ask(free), spending) if free else []
        if not proposals and not flying:
            break
        asked += proposals
        flying += proposals
        rng.shuffle(flying)
        landing = rng.randint(1, len(flying))
        landed, flying = flying[:landing], flying[landing:]
        rewards = [None if rng.random() < failing else reward(p.tokens) for p in landed]
        pairs = zip(landed, rewards, strict=True)
        player.tell(tuple(trial(player, proposal, value) for proposal, value in pairs))
    return asked


def _paid(proposals: list[Proposal], spending: Budget) -> list[Proposal]:
    return proposals[: spending.admit(proposal.fidelity for proposal in proposals)]
