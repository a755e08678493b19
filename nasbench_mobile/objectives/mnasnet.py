"""The reward of MnasNet (Tan et al. 2019), Eq. 2-3."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.types import Measurement

MOST = 20.0
"""The steepest exponent, without its sign. Our choice: with it a network of a millionth of the
target still has a finite reward, 1e120, and with one a few times steeper it has none."""


@dataclass(frozen=True, slots=True)
class LatencyObjective:
    """R = ACC * (LAT / T)^w with w = alpha where LAT <= T, else beta (Eq. 2-3).

    `alpha` and `beta` are at most 0; `target_ms` is T in milliseconds. Where alpha = beta, T only
    rescales the reward: the ranking of networks does not depend on it.

    >>> soft = LatencyObjective(alpha=-0.07, beta=-0.07, target_ms=80.0)
    >>> round(soft(Measurement(accuracy=0.5, latency_ms=20.0)), 4)
    0.551
    """

    alpha: float
    beta: float
    target_ms: float

    def __post_init__(self) -> None:
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not (math.isfinite(value) and value <= 0):
                raise UsageError(
                    f"{name} is {value!r}; the exponents of Eq. 2-3 are finite and at most 0 "
                    "(soft: -0.07,-0.07; hard: 0,-1)"
                )
            if value < -MOST:
                raise UsageError(
                    f"{name} is {value!r}; below -{MOST:g} rewards are 0 or infinite (soft: "
                    "-0.07,-0.07; hard: 0,-1)"
                )
        if not (math.isfinite(self.target_ms) and self.target_ms > 0):
            raise UsageError(f"target_ms is {self.target_ms!r}; it must be above 0 milliseconds")

    def __call__(self, measurement: Measurement) -> float:
        """The reward of a measurement, by Eq. 2.

        Args:
            measurement: Its accuracy, a fraction, and its latency, in ms, are what counts.

        Returns:
            The reward, at least 0; at the target latency it is the accuracy itself.
        """
        ratio = measurement.latency_ms / self.target_ms
        exponent = self.alpha if ratio <= 1.0 else self.beta
        return measurement.accuracy * math.pow(ratio, exponent)

    def record(self) -> dict[str, Any]:
        """Everything that decides a reward, as JSON values."""
        return {
            "name": self.name,
            "alpha": self.alpha,
            "beta": self.beta,
            "target_ms": self.target_ms,
        }

    @property
    def source(self) -> str:
        """What `parse_objective` reads it back from, bit for bit."""
        return f"{self.alpha!r},{self.beta!r}"

    @property
    def name(self) -> str:
        """`soft`, `hard` or `ALPHA,BETA`."""
        for name, exponents in FORMS.items():
            if (self.alpha, self.beta) == exponents:
                return name
        return f"{self.alpha:g},{self.beta:g}"


FORMS = {"soft": (-0.07, -0.07), "hard": (0.0, -1.0)}
"""(alpha, beta) of the paper's two forms: section 3, Fig. 3."""


def parse_objective(text: str, target_ms: float) -> LatencyObjective:
    """The objective that a text names, as the option `--objective` and a benchmark's file do.

    Args:
        text: `soft`, `hard` or two exponents `ALPHA,BETA` of Eq. 3, from -20 to 0, like
            `-0.07,-0.07`.
        target_ms: The target latency T in ms, above 0.

    Returns:
        The objective, whose rewards follow Eq. 2.

    Raises:
        UsageError: The text is none of these, or an exponent or the target is out of range.
    """
    if text in FORMS:
        alpha, beta = FORMS[text]
    else:
        try:
            alpha, beta = (float(part) for part in text.split(","))
        except ValueError:
            raise UsageError(
                f"objective is {text!r}; give soft, hard or two exponents ALPHA,BETA "
                "like -0.07,-0.07"
            ) from None
    return LatencyObjective(alpha=alpha, beta=beta, target_ms=target_ms)
