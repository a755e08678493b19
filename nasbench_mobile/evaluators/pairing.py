"""The arithmetic of paired runs: every run of a candidate beside a run of one fixed reference.

A machine drifts for seconds at a time (frequency, heat, neighbours). What drifts slowly moves both
runs of a pair alike and leaves their ratio alone, so that the median ratio says what a median of
times cannot.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from nasbench_mobile.errors import UsageError

LEVEL = 0.95
"""Coverage of every interval here."""


@dataclass(frozen=True, slots=True)
class PairedRatio:
    """Candidate over reference: the median of the pairs' ratios and how well it is known.

    `low`, `high`: the interval of the median at `LEVEL` from order statistics, which assumes
    nothing of the distribution but that pairs are independent; with fewer than six pairs there is
    no such interval and it is (0, inf). `cv` is the pairs' own spread: 1.4826 times the median
    absolute deviation over the median (the coefficient of variation, were they Gaussian).
    """

    value: float
    low: float
    high: float
    cv: float
    pairs: int

    @property
    def half_width(self) -> float:
        """Half the interval's width as a fraction of the ratio: 0.03 is "within 3 %"."""
        return (self.high - self.low) / 2 / self.value


def paired_ratio(candidate_s: Sequence[float], reference_s: Sequence[float]) -> PairedRatio:
    """The ratio of paired runs' seconds; `UsageError` for none, unlike counts or no positive time.

    >>> paired_ratio([2.0, 2.2, 4.2], [1.0, 1.1, 2.0]).value
    2.0
    """
    if not candidate_s or len(candidate_s) != len(reference_s):
        raise UsageError(
            f"{len(candidate_s)} runs of the candidate and {len(reference_s)} of the reference "
            "make no pairs; give one of each, and at least one"
        )
    if not all(0.0 < seconds < math.inf for seconds in (*candidate_s, *reference_s)):
        raise UsageError(
            "a run took 0 seconds, or no number of them; the device's clock is too coarse for it"
        )
    ratios = sorted(c / r for c, r in zip(candidate_s, reference_s, strict=True))
    middle = statistics.median(ratios)
    spread = statistics.median(abs(ratio - middle) for ratio in ratios)
    low, high = median_interval(ratios)
    return PairedRatio(middle, low, high, 1.4826 * spread / middle, len(ratios))


def median_interval(ordered: Sequence[float]) -> tuple[float, float]:
    """The interval of the median at `LEVEL` of values in ascending order; (0, inf) below six."""
    rank = _rank(len(ordered))
    return (ordered[rank - 1], ordered[-rank]) if rank else (0.0, math.inf)


@cache
def _rank(count: int) -> int:
    """The largest r with P(r-th smallest < median < r-th largest) >= `LEVEL`; 0 where none has it.

    The number of values below the median is Binomial(count, 1/2).
    """
    tail, rank = 0, 0
    while 2 * (tail + math.comb(count, rank)) <= (1 - LEVEL) * 2**count:
        tail += math.comb(count, rank)
        rank += 1
    return rank
