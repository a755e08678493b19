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
"""The coverage of every interval here."""


@dataclass(frozen=True, slots=True)
class PairedRatio:
    """The ratio of candidate to reference, and how well it is known.

    `low`, `high`: the interval of `value` at `LEVEL`. `cv` is the spread of what `value` is the
    middle of (pairs, or bursts of them) as a fraction of it, `pairs` how many runs of each stand
    behind it.
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
    """The median ratio of independent pairs of runs, given their seconds.

    Its interval comes from order statistics, which assume nothing of the distribution; fewer than
    six pairs have none, and it is (0, inf). `cv` is 1.4826 times the median absolute deviation over
    the median (the coefficient of variation, were they Gaussian). `UsageError` for no pairs, unlike
    counts or times that are not positive.

    >>> paired_ratio([2.0, 2.2, 4.2], [1.0, 1.1, 2.0]).value
    2.0
    """
    ratios = sorted(_ratios(candidate_s, reference_s))
    middle = statistics.median(ratios)
    spread = statistics.median(abs(ratio - middle) for ratio in ratios)
    low, high = median_interval(ratios)
    return PairedRatio(middle, low, high, 1.4826 * spread / middle, len(ratios))


def burst_ratio(
    candidate_s: Sequence[float], reference_s: Sequence[float], burst: int
) -> PairedRatio:
    """The ratio of runs in bursts: of each `burst` pairs in a row the models were loaded anew.

    Where a model's memory happens to lie moves its time by one or two per cent for as long as it
    stays loaded, so pairs of one burst are not independent; bursts are. The ratio is the mean of
    the bursts' medians, its interval Student's on them, `cv` their standard deviation over it. One
    burst has no interval: (0, inf). Errors as `paired_ratio`'s.
    """
    ratios = _ratios(candidate_s, reference_s)
    medians = [statistics.median(part) for part in _batched(ratios, burst)]
    middle = statistics.fmean(medians)
    if len(medians) < 2:
        return PairedRatio(middle, 0.0, math.inf, math.inf, len(ratios))
    deviation = statistics.stdev(medians)
    half = student(len(medians) - 1) * deviation / math.sqrt(len(medians))
    return PairedRatio(middle, middle - half, middle + half, deviation / middle, len(ratios))


@cache
def student(freedom: int) -> float:
    """Student's quantile for a two-sided interval at `LEVEL`."""
    from scipy.stats import t

    return float(t.ppf((1 + LEVEL) / 2, freedom))


def _batched(values: Sequence[float], count: int) -> list[Sequence[float]]:
    return [values[start : start + count] for start in range(0, len(values), count)]


def _ratios(candidate_s: Sequence[float], reference_s: Sequence[float]) -> list[float]:
    if not candidate_s or len(candidate_s) != len(reference_s):
        raise UsageError(
            f"{len(candidate_s)} runs of the candidate and {len(reference_s)} of the reference "
            "make no pairs; give one of each, and at least one"
        )
    if not all(0.0 < seconds < math.inf for seconds in (*candidate_s, *reference_s)):
        raise UsageError(
            "a run took 0 seconds, or no number of them; the device's clock is too coarse for it"
        )
    return [c / r for c, r in zip(candidate_s, reference_s, strict=True)]


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
