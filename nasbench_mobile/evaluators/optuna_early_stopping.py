"""Early stopping of hopeless trainings, by Optuna's pruners, as a wrapper around an evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import optuna

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import AccuracyEvaluator, Scalable
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity

CHECKPOINTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Shares of the training at which it may be stopped: our choice, each twice as dear as the last."""


class ScalableAccuracy(AccuracyEvaluator, Scalable, Protocol):
    """An accuracy evaluator that can train for less."""


@dataclass(frozen=True, slots=True)
class StoppingReport:
    """What early stopping saved and what it got wrong.

    `saved` is the share of all training that was not spent. Of the trainings that the pruner would
    have stopped, `audited` were trained on; `wrong` of those ended above the median of the
    finished.
    """

    trainings: int
    stopped: int
    saved: float
    audited: int
    wrong: int


class EarlyStopping:
    """Trains by `CHECKPOINTS` and asks a pruner after each; a stopped training keeps its last
    accuracy, with the fidelity it reached.

    `pruner` is Optuna's, by default its MedianPruner after 10 full trainings. The share `audit` of
    what it would stop is trained to the end all the same, which is how its errors are known
    (Optuna's documentation leaves that to the user; 0.1 is our choice). What it has seen lives in
    memory: a resumed run learns anew when to stop, so its readings may differ from an
    uninterrupted run's.
    """

    def __init__(
        self,
        evaluator: ScalableAccuracy,
        *,
        pruner: optuna.pruners.BasePruner | None = None,
        audit: float = 0.1,
        seed: int = 0,
    ) -> None:
        if not isinstance(evaluator, Scalable):
            raise UsageError(f"{evaluator.label} cannot train for less, so it cannot be stopped")
        if not 0.0 <= audit <= 1.0:
            raise UsageError(f"audit is {audit}; it is a share in [0, 1]")
        self._evaluator = evaluator
        self._study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.RandomSampler(seed=0),
            pruner=pruner or optuna.pruners.MedianPruner(n_startup_trials=10),
        )
        self._audit, self._rng = audit, np.random.default_rng(seed)
        self._finished: list[float] = []
        self._audited: list[float] = []
        self._stopped = 0
        self._spent = 0.0

    @property
    def label(self) -> str:
        return f"{self._evaluator.label}, stopped early by {type(self._study.pruner).__name__}"

    @property
    def fidelity(self) -> Fidelity | None:
        return self._evaluator.fidelity

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """One reading or failure per architecture, trained one after another."""
        return [self._train(architecture) for architecture in architectures]

    def report(self) -> StoppingReport:
        """Savings and errors so far."""
        trainings = len(self._finished) + len(self._audited) + self._stopped
        median = float(np.median(self._finished)) if self._finished else np.inf
        return StoppingReport(
            trainings=trainings,
            stopped=self._stopped,
            saved=1.0 - self._spent / trainings if trainings else 0.0,
            audited=len(self._audited),
            wrong=sum(value > median for value in self._audited),
        )

    def _train(self, architecture: Architecture) -> AccuracyReading | Failure:
        trial = self._study.ask()
        hopeless = False
        for step, share in enumerate(CHECKPOINTS):
            reading = self._evaluator.accuracy_at([architecture], [share])[0]
            if isinstance(reading, Failure):
                return self._failed(trial, reading)
            trial.report(reading.accuracy, step)
            if not hopeless and trial.should_prune():
                hopeless = True
                if self._rng.random() >= self._audit:
                    self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                    self._stopped += 1
                    self._spent += share
                    return reading
        end = self._evaluator.accuracy([architecture])[0]
        if isinstance(end, Failure):
            return self._failed(trial, end)
        self._study.tell(trial, end.accuracy)
        (self._audited if hopeless else self._finished).append(end.accuracy)
        self._spent += 1.0
        return end

    def _failed(self, trial: optuna.Trial, failure: Failure) -> Failure:
        self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return failure
