"""Optuna's tree-structured Parzen estimator."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import ClassVar

import optuna

from nasbench_mobile.strategies._contract import (
    check_arguments,
    finite_reward,
    never_asked,
    one_of,
    seed32,
    whole,
)
from nasbench_mobile.strategies._optuna import CHECKED_VERSION, TPE, FastTPE, StockTPE
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Trial


class OptunaTPE:
    """Optuna's `TPESampler(multivariate=True)`, its other defaults kept, every token categorical.

    Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization" (NIPS 2011) in the
    implementation of Optuna (https://optuna.readthedocs.io); multivariate as in Falkner et al.,
    "BOHB" (arXiv 1807.01774). The order of a decision's values is not used.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0; given to the sampler.
        budget: proposals the run will make; not used.
        n_startup_trials: uniform proposals while fewer trials than this have a reward (Optuna: 10).
        n_ei_candidates: candidates the next proposal is chosen from (Optuna: 24).
        implementation: "fast" gives the stock sampler's proposals, bit for bit, from a matrix of
            tokens kept between asks, many times sooner (results/strategy-costs); it was
            checked for one version of Optuna, and with any other the stock sampler is used, with a
            warning. "stock" is a study in memory and `study.ask`.

    Failed trials are told to Optuna as FAIL, which its sampler leaves out; trials in flight count
    among the bad ones (Optuna's constant liar, on by default from version 5). Trials of a warm
    start count as finished ones, towards `n_startup_trials` too.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = OptunaTPE(decisions, seed=0, budget=80)
    >>> best = 0.0
    >>> for _ in range(80):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="Bayesian",
        library="Optuna",
        source="Bergstra et al., NIPS 2011; https://optuna.readthedocs.io (TPESampler)",
        shines="As the default of hyper-parameter search, with some hundreds to a few thousand "
        "trials; failures and many trials in flight do not disturb it.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        n_startup_trials: int = 10,
        n_ei_candidates: int = 24,
        implementation: str = "fast",
    ) -> None:
        cardinalities = check_arguments(decisions, seed, budget)
        fast = one_of("implementation", implementation, ("fast", "stock")) == "fast"
        if fast and optuna.__version__ != CHECKED_VERSION:
            warnings.warn(
                f"Optuna is {optuna.__version__}, but the fast TPE was checked against "
                f"{CHECKED_VERSION}; using Optuna's own, slower sampler (say "
                "implementation=stock to silence this)",
                stacklevel=2,
            )
            fast = False
        kind: type[FastTPE] | type[StockTPE] = FastTPE if fast else StockTPE
        self._tpe: TPE = kind(
            cardinalities.tolist(),
            seed32(seed),
            whole("n_startup_trials", n_startup_trials, least=1),
            whole("n_ei_candidates", n_ei_candidates, least=1),
        )
        self._in_flight: set[int] = set()
        self._asked = 0

    def start(self, trials: Sequence[Trial]) -> None:
        """Known trials enter the study before its own, as by Optuna's `add_trial`."""
        for trial in trials:
            self._tpe.add(trial.tokens, finite_reward(trial))

    @property
    def batch_size(self) -> int:
        """The batch size is 1, so that every proposal sees every earlier result."""
        return 1

    def ask(self, count: int) -> list[Proposal]:
        """Give exactly `count` proposals, whose ids are Optuna's trial numbers."""
        proposals = [
            Proposal(self._asked + k, tuple(self._tpe.ask()))
            for k in range(whole("count", count, least=1))
        ]
        self._in_flight.update(proposal.id for proposal in proposals)
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn from trials in any order; Optuna goes by trial number."""
        for trial in trials:
            if trial.proposal.id not in self._in_flight:
                raise never_asked(trial)
            self._in_flight.discard(trial.proposal.id)
            self._tpe.tell(trial.proposal.id, finite_reward(trial))
