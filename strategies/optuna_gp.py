"""Optuna's Gaussian process, for budgets of a few hundred trials."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import ClassVar

import optuna

from nasbench_mobile.strategies._contract import check_arguments, flag, seed32, whole
from nasbench_mobile.strategies._optuna_study import StudyStrategy
from nasbench_mobile.types import Decision, StrategyCard, Trial

BOUND = 300
"""The number of trials beyond which a run warns (our choice: a proposal then costs seconds)."""


class OptunaGP(StudyStrategy):
    """Bayesian optimisation with a Gaussian process and log expected improvement, in the
    implementation of Optuna (https://optuna.readthedocs.io, `GPSampler`) with its defaults, every
    token categorical (a Matern 5/2 kernel on Hamming distances).

    Source: Snoek et al., "Practical Bayesian Optimization of Machine Learning Algorithms" (NIPS
    2012, arXiv 1206.2944); Ament et al. (arXiv 2310.20708) for the logarithm.

    For bounded budgets: the process is fitted anew for every proposal, at a cost that grows with
    the cube of the trials. A budget beyond `BOUND` (300) is run, with a warning.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0; given to the sampler.
        budget: proposals the run will make; warned of beyond `BOUND`.
        n_startup_trials: uniform proposals while fewer trials than this are known (Optuna: 10).
        deterministic_objective: whether rewards carry no noise (Optuna: false, noise is fitted).

    A failed trial is told to Optuna with the worst reward so far, or as FAIL, which its sampler
    leaves out, before there is one; trials in flight are averaged over. Trials of a warm start
    count as finished ones. The last bits of its floats, and so its proposals, may differ between
    processors.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(4)]
    >>> search = OptunaGP(decisions, seed=0, budget=25)
    >>> best = 0.0
    >>> for _ in range(25):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 8
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="Bayesian",
        library="Optuna",
        source="Snoek et al., NIPS 2012, https://arxiv.org/abs/1206.2944; "
        "https://optuna.readthedocs.io (GPSampler)",
        shines="With a hundred or two of expensive trials, each a training of hours, beside which "
        "a second of thought per proposal is nothing; not beyond 300 trials.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        n_startup_trials: int = 10,
        deterministic_objective: bool = False,
    ) -> None:
        cardinalities = check_arguments(decisions, seed, budget)
        if budget > BOUND:
            warnings.warn(
                f"optuna-gp is meant for budgets of up to {BOUND} trials, here it is {budget}: a "
                "proposal will cost seconds, later minutes; give a smaller budget, or another "
                "strategy",
                stacklevel=2,
            )
        sampler = optuna.samplers.GPSampler(
            n_startup_trials=whole("n_startup_trials", n_startup_trials, least=1),
            deterministic_objective=flag("deterministic_objective", deterministic_objective),
            seed=seed32(seed),
        )
        super().__init__(cardinalities, sampler, multi_objective=False)
        self._worst: list[float] | None = None

    def _values(self, trial: Trial) -> list[float] | None:
        """The worst reward so far where the trial failed.

        Left out, as Optuna leaves failed trials out, a failed architecture stays as promising as
        before, and is proposed again and again.
        """
        values = super()._values(trial)
        if values is None:
            return self._worst
        self._worst = values if self._worst is None else min(self._worst, values)
        return values

    @property
    def batch_size(self) -> int:
        """The batch size is 1: every proposal sees every earlier result."""
        return 1
