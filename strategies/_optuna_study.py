"""An Optuna study in memory, driven one trial at a time, and a strategy on top of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

import optuna

from nasbench_mobile.strategies._contract import (
    IntMatrix,
    finite_reward,
    never_asked,
    whole,
)
from nasbench_mobile.types import Proposal, Tokens, Trial

Direction: TypeAlias = Literal["minimize", "maximize"]


class MemoryStudy:
    """A sampler's study: it gives tokens and takes values; known trials have no number in it."""

    def __init__(
        self,
        cardinalities: Sequence[int],
        sampler: optuna.samplers.BaseSampler,
        directions: Sequence[Direction],
    ) -> None:
        # Optuna sorts parameters by name: equally long numbers keep the order of the tokens.
        width = max(2, len(str(len(cardinalities) - 1)))
        self._distributions: dict[str, optuna.distributions.BaseDistribution] = {
            f"t{k:0{width}d}": optuna.distributions.CategoricalDistribution(range(cardinality))
            for k, cardinality in enumerate(cardinalities)
        }
        with _unannounced():
            self._study = optuna.create_study(directions=directions, sampler=sampler)
        self._known = 0

    def add(self, tokens: Sequence[int], values: Sequence[float] | None) -> None:
        """Take a trial that is known from elsewhere, before the first ask."""
        failed = optuna.trial.TrialState.FAIL
        self._study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip(self._distributions, tokens, strict=True)),
                distributions=self._distributions,
                values=values,
                state=failed if values is None else optuna.trial.TrialState.COMPLETE,
            )
        )
        self._known += 1

    def replay(self, tokens: Sequence[int], values: Sequence[float] | None) -> None:
        """Take a known trial as if NSGA-II had proposed it, so that it belongs to a generation."""
        with _unannounced():
            self._study.enqueue_trial(dict(zip(self._distributions, tokens, strict=True)))
        self.ask()
        self._known += 1
        if isinstance(self._study.sampler, optuna.samplers.NSGAIISampler):
            # Sets it; a trial with given parameters does not come by the sampler by itself.
            self._study.sampler.get_trial_generation(self._study, self._study.trials[-1])
        self.tell(-1, values)

    def ask(self) -> list[int]:
        """The tokens of the next trial."""
        params = self._study.ask(self._distributions).params  # once: each look copies them all
        return [int(params[name]) for name in self._distributions]

    def tell(self, number: int, values: Sequence[float] | None) -> None:
        """Take the values of a trial, one per direction; None means that it failed."""
        if values is None:
            self._study.tell(self._known + number, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._known + number, values)


class StudyStrategy:
    """Proposals of an Optuna sampler, told the reward or, where `multi_objective`, accuracy (to be
    maximised) and latency (to be minimised) in place of it.

    `generations`: known trials are replayed rather than added.
    """

    def __init__(
        self,
        cardinalities: IntMatrix,
        sampler: optuna.samplers.BaseSampler,
        *,
        multi_objective: bool,
        generations: bool = False,
    ) -> None:
        directions: list[Direction] = ["maximize", "minimize"] if multi_objective else ["maximize"]
        self._study = MemoryStudy(cardinalities.tolist(), sampler, directions)
        self._multi_objective = multi_objective
        self._generations = generations
        self._in_flight: set[int] = set()
        self._asked = 0

    def start(self, trials: Sequence[Trial]) -> None:
        """Known trials enter the study before its own."""
        enter = self._study.replay if self._generations else self._study.add
        for trial in trials:
            enter(trial.tokens, self._values(trial))

    def ask(self, count: int) -> list[Proposal]:
        """Give exactly `count` proposals."""
        proposals = [
            Proposal(self._asked + k, self._next()) for k in range(whole("count", count, least=1))
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
            self._study.tell(trial.proposal.id, self._values(trial))

    def _next(self) -> Tokens:
        return tuple(self._study.ask())

    def _values(self, trial: Trial) -> list[float] | None:
        """What Optuna is told of a trial; None where it failed or its reward is no number."""
        reward, measurement = finite_reward(trial), trial.measurement
        if reward is None or measurement is None:
            return None
        if self._multi_objective:
            return [measurement.accuracy, measurement.latency_ms]
        return [reward]


@contextmanager
def _unannounced() -> Iterator[None]:
    """Keep Optuna from announcing studies and queued trials, its other messages untouched."""

    def unwanted(record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO

    names = ("optuna.storages._in_memory", "optuna.study.study")
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(unwanted)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(unwanted)
