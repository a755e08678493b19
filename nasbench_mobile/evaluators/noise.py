"""Noise on accuracy that depends on the architecture alone, not on when or how it is asked."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import AccuracyEvaluator, Scalable
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity

_NORMAL = NormalDist()
_DIGITS = 12
"""Digits of the standard normal that are kept, so that mathematics libraries, which differ in the
last bit of a logarithm, give one noise (our choice)."""


def noisy(noise_free: AccuracyEvaluator, sd: float, seed: int) -> NoisyAccuracy:
    """`NoisyAccuracy` of an evaluator, which can train for less where the evaluator can."""
    kind = NoisyScalableAccuracy if isinstance(noise_free, Scalable) else NoisyAccuracy
    return kind(noise_free, sd, seed)


class NoisyAccuracy:
    """An accuracy evaluator with Gaussian noise of `sd` (fraction) added to its readings.

    The noise is a function of (architecture identity, `seed`): the same in any order, batch,
    process and platform, and asking twice gives it once. Sums outside [0, 1] are clipped to it;
    with accuracies many `sd` away from both ends that never happens. `noise_free` is the evaluator
    without noise, by which results are scored. A failure stays the failure it is.
    """

    def __init__(self, noise_free: AccuracyEvaluator, sd: float, seed: int) -> None:
        if not (math.isfinite(sd) and sd >= 0.0):
            raise UsageError(f"noise sd is {sd!r}; it must be a fraction, finite and at least 0")
        self.noise_free = noise_free
        self.sd = sd
        self.seed = seed
        self._key = f"noise {seed}".encode()
        self._fidelities: dict[Fidelity | None, Fidelity] = {}

    @property
    def label(self) -> str:
        return f"{self.noise_free.label}, noise sd {self.sd:g} seed {self.seed}"

    @property
    def fidelity(self) -> Fidelity:
        """The evaluator's, with the noise's seed: other seeds are other measurements."""
        return self._seeded(self.noise_free.fidelity)

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """One reading or failure per architecture, in order."""
        readings = self.noise_free.accuracy(architectures)
        return [self._noisy(*pair) for pair in zip(architectures, readings, strict=True)]

    def standard_noise(self, architecture: Architecture, share: float = 1.0) -> float:
        """An architecture's draw from the standard normal: the quantile at a hash of it and the
        seed.

        A training of another `share` of the full one is another measurement with its own draw.
        """
        name, tokens = architecture.identity
        text = f"{name} {tokens}" if share == 1.0 else f"{name} {tokens} {share!r}"
        digest = hashlib.blake2b(text.encode(), digest_size=8, key=self._key).digest()
        # 53 bits, the middle of their cell: never 0 or 1, where the quantile is infinite.
        level = ((int.from_bytes(digest, "big") >> 11) + 0.5) * 2.0**-53
        return round(_NORMAL.inv_cdf(level), _DIGITS)

    def _noisy(
        self, architecture: Architecture, reading: AccuracyReading | Failure, share: float = 1.0
    ) -> AccuracyReading | Failure:
        if isinstance(reading, Failure):
            return reading
        value = reading.accuracy + self.sd * self.standard_noise(architecture, share)
        own = reading.sd or 0.0
        return AccuracyReading(
            min(max(value, 0.0), 1.0),
            sd=math.hypot(own, self.sd),
            cost_s=reading.cost_s,
            extrapolated=reading.extrapolated,
            fidelity=self._seeded(reading.fidelity),
        )

    def _seeded(self, fidelity: Fidelity | None) -> Fidelity:
        if fidelity not in self._fidelities:
            self._fidelities[fidelity] = replace(fidelity or Fidelity(), seed=self.seed)
        return self._fidelities[fidelity]


class NoisyScalableAccuracy(NoisyAccuracy):
    """Noise on an evaluator that can train for less; made by `noisy`."""

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        """One reading or failure per architecture, in order, each after its share in (0, 1]."""
        evaluator = self.noise_free
        if not isinstance(evaluator, Scalable):
            raise UsageError(f"{evaluator.label} cannot train for less than its full training")
        readings = evaluator.accuracy_at(architectures, fidelities)
        triples = zip(architectures, readings, fidelities, strict=True)
        return [self._noisy(*triple) for triple in triples]
