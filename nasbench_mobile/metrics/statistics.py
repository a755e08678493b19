"""How sure a comparison is: intervals, paired tests and effect sizes.

After Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice"
(NeurIPS 2021; their library is rliable) and Demsar, "Statistical Comparisons of Classifiers over
Multiple Data Sets" (JMLR 7, 2006).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from nasbench_mobile.errors import UsageError
from nasbench_mobile.metrics.columns import Floats

RESAMPLES = 10_000
"""How many bootstrap resamples: our choice, as the ends of an interval then move by less than a
hundredth of its width from one generator seed to the next (rliable's default is 50,000)."""

BOOTSTRAP_SEED = 20210830
"""Seed of the interval's own generator, so that a report of the same logs is the same report."""

LEAST_FOR_INTERVAL = 5
"""Fewest runs that an interval is given for: our choice. Over 1,500 samples of a normal population
the 95 % interval of the IQM held the population's own in 47 % at 2 runs, 75 % at 3, 87 % at 4, 89 %
at 5 and 92 % at 10; on rewards of real searches in 71 to 75 % at 3 and 85 % at 5. Below 5 it is no
95 % interval at all; from 5 on it is a little narrow, as the percentile method is."""

LEAST_PAIRS = 6
"""The fewest pairs for which the exact two-sided signed-rank test can reach p < 0.05: its least p
over n pairs is 2 / 2**n, which is 0.0625 for 5 and 0.03125 for 6."""

EQUAL = "equal on every seed"
"""The note of two samples that do not differ at all."""


def iqm(values: ArrayLike) -> float:
    """The interquartile mean: of the middle half, a quarter cut off each end (Agarwal et al. 2021).

    Args:
        values: At least one number, such as the final reward of each run, of shape `(n,)`.

    Returns:
        The mean of what is left, in the unit of the values. How many are cut off each end is
        rounded down, so that of three or fewer none is.

    >>> iqm([1, 2, 3, 4, 5, 6, 7, 100])
    4.5
    """
    return float(_iqm(np.asarray(values, float)))


def _iqm(values: Floats) -> Floats:
    return np.asarray(stats.trim_mean(values, 0.25, axis=-1))  # as rliable computes it


def bootstrap_interval(
    groups: Sequence[ArrayLike],
    *,
    statistic: Callable[[Floats], Floats] = _iqm,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = BOOTSTRAP_SEED,
) -> tuple[float, float] | None:
    """The stratified bootstrap interval (percentile method) of a statistic over all values.

    Each group is resampled by itself with replacement, as Agarwal et al. 2021 (section 4.1) do.

    Args:
        groups: One array of shape `(runs,)` for each benchmark, with a number for each run.
        statistic: A function that reduces the last axis of an array of shape `(resamples, values)`;
            the interquartile mean unless another is given.
        confidence: The share of the resampled statistics that lies within the interval, in (0, 1).
        resamples: How often the groups are resampled.
        seed: The seed of the interval's own generator; the same values and seed give the same
            interval.

    Returns:
        The lower and the upper end, in the unit of the values. None where no group has
        `LEAST_FOR_INTERVAL` values: the interval would be far too narrow, and one run says nothing
        about spread.
    """
    samples = [np.asarray(group, float) for group in groups]
    if all(sample.size < LEAST_FOR_INTERVAL for sample in samples):
        return None
    rng = np.random.default_rng(seed)
    drawn = [
        sample[rng.integers(sample.size, size=(resamples, sample.size))]
        for sample in samples
        if sample.size
    ]
    values = statistic(np.concatenate(drawn, axis=1))
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A Wilcoxon signed-rank test over paired seeds; `p` is None where `note` says why not.

    `rank_biserial` is the matched-pairs rank-biserial correlation, (W+ - W-) / (W+ + W-) with the
    rank sums of the positive and the negative differences (Kerby, Comprehensive Psychology 3,
    2014), in [-1, 1]. Its sign is the direction of what was tested: above 0 the first of the two
    is better. Medians may point the other way. 0 where the pairs are equal, None where there are
    none.
    """

    pairs: int
    p: float | None
    rank_biserial: float | None = None
    note: str | None = None


def wilcoxon(first: ArrayLike, second: ArrayLike) -> PairedTest:
    """The two-sided Wilcoxon signed-rank test of `first - second`.

    It is that of Demsar 2006, section 3.1.3, with zero differences dropped (Wilcoxon's own way).
    Fewer than `LEAST_PAIRS` pairs that differ are not tested, since no outcome could then be
    significant. `LEAST_PAIRS` or more pairs that are all equal have a p of 1.

    Args:
        first: One number for each pair, such as the reward of a strategy's run of each seed, of
            shape `(pairs,)`.
        second: The numbers of the other strategy, of the same shape and in the same order of seeds.

    Returns:
        The number of pairs, p, and the effect size with the direction: above 0 the first is higher.
        Where the pairs were not tested, p is None and `note` says why.

    Raises:
        UsageError: The two are not of one shape `(pairs,)`.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape or a.ndim != 1:
        raise UsageError(
            f"paired samples have shapes {a.shape} and {b.shape}; give one value per shared seed"
        )
    difference = a - b
    lean = _rank_biserial(difference)
    if not a.size:
        return PairedTest(0, None, lean, "no seed is shared")
    if a.size < LEAST_PAIRS:
        count = {1: "1 paired seed is"}.get(a.size, f"{a.size} paired seeds are")
        note = f"{count} too few to test; use at least {LEAST_PAIRS}"
        return PairedTest(a.size, None, lean, note)
    if not difference.any():
        return PairedTest(a.size, 1.0, lean, EQUAL)
    differing = int(np.count_nonzero(difference))
    if differing < LEAST_PAIRS:
        note = f"only {differing} of {a.size} paired seeds differ: too few to test"
        return PairedTest(a.size, None, lean, note)
    test = stats.wilcoxon(difference, zero_method="wilcox")
    return PairedTest(a.size, float(test.pvalue), lean)


def _rank_biserial(difference: Floats) -> float | None:
    """The rank-biserial correlation of differences of shape `(pairs,)`, without zeros."""
    if not difference.size:
        return None
    differing = difference[difference != 0.0]
    if not differing.size:
        return 0.0
    ranks = stats.rankdata(np.abs(differing))
    return float(np.sum(ranks * np.sign(differing)) / np.sum(ranks))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979): adjusted p.

    Args:
        p_values: The p of each test of one family, in [0, 1], in any order; None stands for a pair
            that was not tested, which is not counted among the tests.

    Returns:
        The adjusted p of each test, in [0, 1] and at the place of the raw one; None stays None.

    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    tested = sorted((p, position) for position, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    floor = 0.0
    for rank, (p, position) in enumerate(tested):
        floor = max(floor, min(1.0, (len(tested) - rank) * p))
        adjusted[position] = floor
    return adjusted


def a12(first: ArrayLike, second: ArrayLike) -> float:
    """Vargha and Delaney's A (2000): chance that a value of `first` beats one of `second`.

    Ties count one half; 0.5 means no effect; 0.56, 0.64 and 0.71 are their small, medium, large.

    Args:
        first: At least one number, such as the final reward of each run of a strategy, of shape
            `(n,)`.
        second: At least one number of the other strategy, of shape `(m,)`; nothing is paired.

    Returns:
        The share, in [0, 1], of the n * m pairs in which the value of `first` is the higher one.

    Raises:
        UsageError: One of the two has no value.

    >>> a12([3, 4], [1, 3])
    0.875
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if not (a.size and b.size):
        raise UsageError(f"A12 compares {a.size} values with {b.size}; both need at least one")
    wins = (a[:, None] > b[None, :]).sum() + 0.5 * (a[:, None] == b[None, :]).sum()
    return float(wins / (a.size * b.size))


def probability_of_improvement(first: Sequence[ArrayLike], second: Sequence[ArrayLike]) -> float:
    """Mean over benchmarks of A12 (Agarwal et al. 2021, section 4.3); one array per benchmark."""
    if len(first) != len(second) or not first:
        raise UsageError(
            f"got {len(first)} and {len(second)} benchmarks; give the same ones, at least one"
        )
    return float(np.mean([a12(a, b) for a, b in zip(first, second, strict=True)]))
