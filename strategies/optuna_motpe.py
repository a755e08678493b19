"""Optuna's TPE on accuracy and latency, without a reward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import optuna

from nasbench_mobile.strategies._contract import check_arguments, seed32, whole
from nasbench_mobile.strategies._optuna_study import StudyStrategy
from nasbench_mobile.types import Decision, StrategyCard


class OptunaMOTPE(StudyStrategy):
    """The multi-objective tree-structured Parzen estimator (Ozaki et al., GECCO 2020, and Journal
    of Artificial Intelligence Research 73, 2022) on accuracy and latency.

    In the implementation of Optuna (https://optuna.readthedocs.io): `TPESampler` on two
    objectives, with `multivariate=True` as for `optuna-tpe`, its other defaults kept, every token
    categorical. Good trials are split off by non-dominated rank, those of the front weighted by
    the hypervolume that each alone adds. It reads the measurement of a trial and not its reward.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0; given to the sampler.
        budget: proposals the run will make; not used. The sampler goes over all trials for each
            proposal: some 10 ms of 42 tokens after 300 trials, and in proportion more later.
        n_startup_trials: uniform proposals while fewer trials than this are known (Optuna: 10).
        n_ei_candidates: candidates the next proposal is chosen from (Optuna: 24).

    Failed trials are told to Optuna as FAIL, which its sampler leaves out; trials in flight count
    among the bad ones. Trials of a warm start count as finished ones.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = OptunaMOTPE(decisions, seed=0, budget=60)
    >>> best = 0.0
    >>> for _ in range(60):
    ...     [proposal] = search.ask(1)
    ...     accuracy, latency_ms = sum(proposal.tokens) / 10, 1.0 + sum(proposal.tokens[2:])
    ...     search.tell([Trial(proposal, Measurement(accuracy, latency_ms), reward=0.0)])
    ...     best = max(best, accuracy)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="Bayesian",
        library="Optuna",
        source="Ozaki et al., GECCO 2020; https://optuna.readthedocs.io (TPESampler)",
        shines="Where the front is wanted from some hundreds of trials, too few for NSGA-II to get "
        "through its generations.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        n_startup_trials: int = 10,
        n_ei_candidates: int = 24,
    ) -> None:
        cardinalities = check_arguments(decisions, seed, budget)
        sampler = optuna.samplers.TPESampler(
            multivariate=True,
            n_startup_trials=whole("n_startup_trials", n_startup_trials, least=1),
            n_ei_candidates=whole("n_ei_candidates", n_ei_candidates, least=1),
            seed=seed32(seed),
        )
        super().__init__(cardinalities, sampler, multi_objective=True)

    @property
    def batch_size(self) -> int:
        """The batch size is 1: every proposal sees every earlier result."""
        return 1
