"""A problem whose candidates are evaluated one after another, each followed by a watcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure


class EvaluationObserver(Protocol):
    """A watcher hears of every candidate; `share` is its share of the full training."""

    def begins(self, architecture: Architecture, share: float) -> None: ...

    def ends(self, outcome: Outcome | Failure) -> None: ...


class Unwatched:
    """A watcher that does nothing."""

    def begins(self, architecture: Architecture, share: float) -> None:
        """Nothing is to be done."""

    def ends(self, outcome: Outcome | Failure) -> None:
        """Nothing is to be done."""


@dataclass(frozen=True)
class ObservedProblem(Problem):
    """Where a training takes minutes: each candidate's latency, training and reward in turn.

    Outcomes are those of a `Problem`, whose evaluators get whole batches.
    """

    watcher: EvaluationObserver

    def evaluate(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float] | None = None
    ) -> list[Outcome | Failure]:
        """Evaluate as `Problem.evaluate` does."""
        shares = [1.0] * len(architectures) if fidelities is None else fidelities
        return [
            self._watched(architecture, share)
            for architecture, share in zip(architectures, shares, strict=True)
        ]

    def _watched(self, architecture: Architecture, share: float) -> Outcome | Failure:
        self.watcher.begins(architecture, share)
        outcome = self.evaluated(architecture, share)
        self.watcher.ends(outcome)
        return outcome

    def evaluated(self, architecture: Architecture, share: float) -> Outcome | Failure:
        """The outcome of one architecture, between two calls of the watcher."""
        [outcome] = super().evaluate([architecture], [share])
        return outcome
