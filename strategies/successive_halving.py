"""Asynchronous successive halving: many short trainings, few long ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nasbench_mobile.errors import UsageError
from nasbench_mobile.strategies._contract import (
    check_arguments,
    finite_reward,
    never_asked,
    number,
    uniform_rows,
    whole,
)
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Tokens, Trial


class SuccessiveHalving:
    """Successive halving over the training length, asynchronous (ASHA).

    Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning" (MLSys 2020, arXiv
    1810.05934), algorithm 2; the idea is Jamieson and Talwalkar's (AISTATS 2016). Random
    architectures are trained for `min_fidelity` of the full training; whenever the best
    1/`reduction` of those that finished a rung holds one that was not yet promoted, it is trained
    `reduction` times as long. Needs an evaluator that can train for less; a proposal is charged the
    share it trains. The longer training starts anew (evaluators here do not go on with weights).

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: full trainings the run may spend; not used.
        reduction: the share 1/reduction of a rung is promoted (authors' default: 4).
        min_fidelity: share of the full training on the lowest rung (1/16: two rungs above it with
            the default reduction; our choice, the authors' ranges are per task).

    Failed trials count as the worst of their rung.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(4)]
    >>> search = SuccessiveHalving(decisions, seed=0, budget=20)
    >>> spent, best = 0.0, 0.0
    >>> while spent < 20:
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 8 * (0.5 + 0.5 * proposal.fidelity)
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     spent, best = spent + proposal.fidelity, max(best, reward)
    >>> best >= 0.75
    True
    """

    card: ClassVar = StrategyCard(
        family="simple",
        library="numpy",
        source="Li et al., MLSys 2020, https://arxiv.org/abs/1810.05934",
        shines="Where a short training tells good from bad: it looks at many architectures for the "
        "price of few, on evaluators that can train for less.",
    )

    partial_trainings: ClassVar = True

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        reduction: int = 4,
        min_fidelity: float = 0.0625,
    ) -> None:
        self._cardinalities = check_arguments(decisions, seed, budget)
        self._reduction = whole("reduction", reduction, least=2)
        lowest = number("min_fidelity", min_fidelity, above=0.0, most=1.0)
        self._fidelities = _rungs(lowest, self._reduction)
        self._rng = np.random.default_rng(seed)
        self._results: list[list[tuple[float, int, Tokens]]] = [[] for _ in self._fidelities]
        self._promoted: list[set[int]] = [set() for _ in self._fidelities]
        self._in_flight: dict[int, int] = {}
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """The batch size is 1, as a promotion needs every result that there is."""
        return 1

    def ask(self, count: int) -> list[Proposal]:
        """Give exactly `count` proposals: promotions first, from the highest rung down."""
        return [self._next() for _ in range(whole("count", count, least=1))]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn from trials, which may come in any order."""
        for trial in trials:
            rung = self._in_flight.pop(trial.proposal.id, None)
            if rung is None:
                raise never_asked(trial)
            reward = finite_reward(trial)
            score = -np.inf if reward is None else reward
            self._results[rung].append((score, trial.proposal.id, trial.tokens))

    def _next(self) -> Proposal:
        tokens, rung = self._promotion() or (self._random(), 0)
        proposal = Proposal(self._asked, tokens, self._fidelities[rung])
        self._in_flight[proposal.id] = rung
        self._asked += 1
        return proposal

    def _promotion(self) -> tuple[Tokens, int] | None:
        for rung in reversed(range(len(self._fidelities) - 1)):
            results = self._results[rung]
            best = sorted(results, key=lambda row: (-row[0], row[1]))
            for score, number_, tokens in best[: len(results) // self._reduction]:
                if number_ not in self._promoted[rung] and score > -np.inf:
                    self._promoted[rung].add(number_)
                    return tokens, rung + 1
        return None

    def _random(self) -> Tokens:
        return tuple(uniform_rows(self._rng, self._cardinalities, 1)[0].tolist())


def _rungs(lowest: float, reduction: int) -> list[float]:
    """Shares of the full training, rising to 1; the lowest is at least `lowest`."""
    shares = [1.0]
    while shares[0] / reduction >= lowest * (1 - 1e-9):
        shares.insert(0, shares[0] / reduction)
    if len(shares) == 1:
        raise UsageError(
            f"min_fidelity is {lowest} and reduction {reduction}: there is only one rung; give a "
            f"min_fidelity of at most {1 / reduction:g}"
        )
    return shares
