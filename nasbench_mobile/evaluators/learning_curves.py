"""Synthetic learning curves over a real surrogate, for strategies that choose how long to train."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.evaluators.noise import NoisyAccuracy
from nasbench_mobile.evaluators.training_time import training_time_s
from nasbench_mobile.protocols import AccuracyEvaluator
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity

FULL_EPOCHS = 16.0
"""How many epochs a full training of the surrogate's data has (Accel-NASBench)."""


class SyntheticCurves:
    """Accuracy after a share f of the training: **made up**; its end (f = 1) is the surrogate's.

    accuracy(f) = end - gap * (1 - f)^2 * (1 + spread * z) + noise * (1 - f) * z', where z and z'
    are standard normal draws fixed by the architecture: architectures learn at their own speed, so
    that early rankings err. The defaults (a gap of 0.15 at the start, a spread of 0.3, noise 0.01)
    are our choice: on 1,000 random architectures of mnasnet-anb, Kendall's tau with the end is then
    0.41 at f = 1/16, 0.54 at 1/4 and 0.75 at 1/2.
    """

    def __init__(
        self,
        end: AccuracyEvaluator,
        *,
        gap: float = 0.15,
        spread: float = 0.3,
        noise: float = 0.01,
        seed: int = 0,
    ) -> None:
        for name, value in (("gap", gap), ("spread", spread), ("noise", noise)):
            if not 0.0 <= value < 1.0:
                raise UsageError(f"{name} of the learning curves is {value}; it is in [0, 1)")
        self._end, self._gap, self._spread, self._noise = end, gap, spread, noise
        self._speed = NoisyAccuracy(end, 0.0, 2 * seed)
        self._early = NoisyAccuracy(end, 0.0, 2 * seed + 1)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        gap: float = 0.15,
        spread: float = 0.3,
        noise: float = 0.01,
        seed: int = 0,
    ) -> SyntheticCurves:
        """Make curves that end at the surrogate in `path`."""
        end = SurrogateAccuracy.from_file(path)
        return cls(end, gap=gap, spread=spread, noise=noise, seed=seed)

    @property
    def label(self) -> str:
        return f"synthetic learning curves to {self._end.label}"

    @property
    def fidelity(self) -> Fidelity | None:
        return self._end.fidelity

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """The accuracies at the end of training, which are the surrogate's own."""
        return self._end.accuracy(architectures)

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        """The accuracies after shares of the training, each in (0, 1]."""
        ends = self._end.accuracy(architectures)
        triples = zip(architectures, ends, fidelities, strict=True)
        return [self._early_reading(*triple) for triple in triples]

    def _early_reading(
        self, architecture: Architecture, end: AccuracyReading | Failure, share: float
    ) -> AccuracyReading | Failure:
        if isinstance(end, Failure) or share == 1.0:
            return end
        speed = 1.0 + self._spread * self._speed.standard_noise(architecture)
        missing = self._gap * (1.0 - share) ** 2 * speed
        early = self._noise * (1.0 - share) * self._early.standard_noise(architecture)
        fidelity = replace(self._end.fidelity or Fidelity(), epochs=share * FULL_EPOCHS)
        return replace(
            end,
            accuracy=min(max(end.accuracy - missing + early, 0.0), 1.0),
            fidelity=fidelity,
            cost_s=share * training_time_s(architecture),
        )
