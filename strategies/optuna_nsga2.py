"""Optuna's NSGA-II: evolution of a front of accuracy and latency, without a reward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import optuna

from nasbench_mobile.strategies._contract import check_arguments, number, seed32, whole
from nasbench_mobile.strategies._optuna_study import StudyStrategy
from nasbench_mobile.types import Decision, StrategyCard


class OptunaNSGA2(StudyStrategy):
    """NSGA-II (Deb et al., IEEE Transactions on Evolutionary Computation 6(2), 2002) on accuracy
    and latency: parents by non-dominated sorting and crowding, uniform crossover, mutation.

    In the implementation of Optuna (https://optuna.readthedocs.io, `NSGAIISampler`) with its
    defaults, every token categorical. It reads the measurement of a trial and not its reward.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0; given to the sampler.
        budget: proposals the run will make; not used.
        population_size: trials of a generation (Optuna: 50), the first of them uniform.
        crossover_prob: of a child with two parents rather than one (Optuna: 0.9).
        swapping_prob: of a token from the second parent (Optuna: 0.5).
        mutation_prob: of a token drawn anew (Optuna: None, one over the number of tokens).

    Failed trials are told to Optuna as FAIL and never become parents. A generation is bred once
    the one before has `population_size` finished trials; with trials in flight the present one is
    bred on. Trials of a warm start pass for members of the first generations.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = OptunaNSGA2(decisions, seed=0, budget=400, population_size=20)
    >>> best = 0.0
    >>> for _ in range(20):
    ...     trials = []
    ...     for proposal in search.ask(20):
    ...         accuracy, latency_ms = sum(proposal.tokens) / 10, 1.0 + sum(proposal.tokens[2:])
    ...         trials.append(Trial(proposal, Measurement(accuracy, latency_ms), reward=0.0))
    ...         if latency_ms == 1.0:  # the fast end of the front
    ...             best = max(best, accuracy)
    ...     search.tell(trials)
    >>> best
    0.4
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Optuna",
        source="Deb et al., IEEE TEC 6(2), 2002; https://optuna.readthedocs.io (NSGAIISampler)",
        shines="Where the whole trade-off is wanted rather than one target latency: one run "
        "spreads over the front, and needs no weights or target.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        population_size: int = 50,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
        mutation_prob: float | None = None,
    ) -> None:
        cardinalities = check_arguments(decisions, seed, budget)
        self._population_size = whole("population_size", population_size, least=2)
        sampler = optuna.samplers.NSGAIISampler(
            population_size=self._population_size,
            crossover_prob=number("crossover_prob", crossover_prob, least=0.0, most=1.0),
            swapping_prob=number("swapping_prob", swapping_prob, least=0.0, most=1.0),
            mutation_prob=None
            if mutation_prob is None
            else number("mutation_prob", mutation_prob, least=0.0, most=1.0),
            seed=seed32(seed),
        )
        super().__init__(cardinalities, sampler, multi_objective=True, generations=True)

    @property
    def batch_size(self) -> int:
        """The batch size is a generation, within which nothing is learnt."""
        return self._population_size
