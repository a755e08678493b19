"""A strategy and evaluators whose optional abilities can be switched on one by one.

All made up (synthetic): they stand in where the joints between abilities are tested.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.types import (
    AccuracyReading,
    Decision,
    Failure,
    Fidelity,
    LatencyReading,
    Proposal,
    Tokens,
    Trial,
)


class Able:
    """Random at first, then one change to a network of its front or, with one objective, its best.

    With `partial` every network is trained for a quarter first, and in full where that was better
    than the median of the quarters so far.
    """

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        partial: bool = False,
        several: bool = False,
    ) -> None:
        self._cardinalities = [decision.cardinality for decision in decisions]
        self._rng = np.random.default_rng(seed)
        self._partial, self._several = partial, several
        self._known: list[tuple[float, float, Tokens]] = []
        self._quarters: list[float] = []
        self._promising: list[Tokens] = []
        self._next = 0

    def start(self, trials: Sequence[Trial]) -> None:
        self._learn(trials)

    def ask(self, count: int) -> list[Proposal]:
        return [self._propose() for _ in range(count)]

    def tell(self, trials: Sequence[Trial]) -> None:
        self._learn(trials)

    def _propose(self) -> Proposal:
        self._next += 1
        if self._promising:
            return Proposal(self._next - 1, self._promising.pop(0))
        return Proposal(self._next - 1, self._new(), 0.25 if self._partial else 1.0)

    def _new(self) -> Tokens:
        if len(self._known) < 3:
            return tuple(int(self._rng.integers(count)) for count in self._cardinalities)
        tokens = list(self._parent())
        place = int(self._rng.integers(len(tokens)))
        tokens[place] = int(self._rng.integers(self._cardinalities[place]))
        return tuple(tokens)

    def _parent(self) -> Tokens:
        if not self._several:
            return max(self._known)[2]
        front = [a for a in self._known if not any(_dominates(b, a) for b in self._known)]
        return front[int(self._rng.integers(len(front)))][2]

    def _learn(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.reward is None or trial.measurement is None:
                continue
            if trial.proposal.fidelity < 1.0:
                self._quarters.append(trial.reward)
                if trial.reward >= float(np.median(self._quarters)):
                    self._promising.append(trial.tokens)
                continue
            found = trial.measurement
            first = found.accuracy if self._several else trial.reward
            self._known.append((first, -found.latency_ms, trial.tokens))


class AbleInBatches(Able):
    """The same, asked for three at a time."""

    @property
    def batch_size(self) -> int:
        return 3


def _dominates(one: tuple[float, float, Tokens], other: tuple[float, float, Tokens]) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[:2] != other[:2]


class Accuracy:
    """More tokens, more accuracy; less training, less. One in `failing` architectures fails."""

    def __init__(self, *, failing: int = 0) -> None:
        self._failing = failing

    label = "synthetic accuracy"
    fidelity = Fidelity(epochs=8.0)

    def accuracy(self, architectures: Sequence[Architecture]) -> list[AccuracyReading | Failure]:
        return self.accuracy_at(architectures, [1.0] * len(architectures))

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> list[AccuracyReading | Failure]:
        return [self._reading(*pair) for pair in zip(architectures, fidelities, strict=True)]

    def _reading(self, architecture: Architecture, share: float) -> AccuracyReading | Failure:
        total = sum(architecture.tokens)
        if self._failing and total % self._failing == 0:
            return Failure("it diverged")
        fidelity = Fidelity(epochs=8.0 * share)
        return AccuracyReading(0.4 + total / 200 - 0.2 * (1.0 - share), fidelity=fidelity)


class Latency:
    """10 ms, and 1 ms for every unit of a token, 2 ms for every third."""

    label = "synthetic latency"
    device = "nothing real"
    kind = "synthetic"

    def latency(self, architectures: Sequence[Architecture]) -> list[LatencyReading]:
        return [LatencyReading(10.0 + sum(a.tokens) + sum(a.tokens[::3])) for a in architectures]

    def network_latency(self, network: object) -> LatencyReading:
        return LatencyReading(50.0)
