"""Fronts of accuracy (higher is better) and latency (lower is better)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import moocore
import numpy as np
from numpy.typing import ArrayLike

from nasbench_mobile.metrics.columns import Bools, Columns, Floats, Ints


def front(accuracy: ArrayLike, latency_ms: ArrayLike) -> Ints:
    """The positions of the non-dominated points, fastest first; of equal points the first only.

    A point is dominated when another is at least as accurate and as fast, and better in one.

    Args:
        accuracy: The accuracies as fractions, of shape `(n,)`. A point with NaN is never on the
            front.
        latency_ms: The latencies in ms, of the same shape.

    Returns:
        Positions in the two arrays, of shape `(points on the front,)`, by rising latency and so by
        rising accuracy too.

    Raises:
        ValueError: The two arrays differ in length.

    >>> front([0.70, 0.72, 0.71, 0.72], [50.0, 80.0, 90.0, 80.0]).tolist()
    [0, 1]
    """
    points = np.column_stack([np.asarray(latency_ms, float), np.asarray(accuracy, float)])
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    if not known.size:
        return np.empty(0, np.int64)
    on_front: Bools = moocore.is_nondominated(points[known], maximise=[False, True])
    kept: Ints = known[on_front]
    return kept[np.argsort(points[kept, 0], kind="stable")]


def run_front(columns: Columns) -> Ints:
    """The trials on a run's front, fastest first, judged by the values that the strategy saw.

    A figure of the front is made from `true_accuracy` and `true_latency_ms` at these positions:
    what the noisy values chose, scored without noise.

    Args:
        columns: The run as arrays of shape `(trials,)`.

    Returns:
        Positions of trials in the run, of shape `(points on the front,)`; none where no trial
        counts as a result.
    """
    return front(columns.accuracy, columns.latency_ms)


class IncrementalFront:
    """A front that grows point by point: O(log n) to refuse a point, O(n) to insert one.

    >>> growing = IncrementalFront()
    >>> growing.add(0.70, 50.0, key=0), growing.add(0.69, 60.0, key=1)
    (True, False)
    >>> growing.add(0.71, 50.0, key=2), growing.keys
    (True, (2,))
    """

    def __init__(self) -> None:
        self._latency_ms: list[float] = []  # rising
        self._accuracy: list[float] = []  # rising too, or one of two would be dominated
        self._keys: list[int] = []

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys of the points on the front, fastest first."""
        return tuple(self._keys)

    def add(self, accuracy: float, latency_ms: float, key: int) -> bool:
        """Add a point to the front unless one that is there is as good in both respects.

        Args:
            accuracy: Its accuracy as a fraction, which must not be NaN.
            latency_ms: Its latency in ms, which must not be NaN.
            key: The number that stands for the point in `keys`, such as its position in the run.

        Returns:
            True where the point joined the front, which the points that it dominates then leave;
            False where the front already has one at least as accurate and as fast, or an equal one.
        """
        end = bisect_right(self._latency_ms, latency_ms)
        if end and self._accuracy[end - 1] >= accuracy:
            return False
        start = bisect_left(self._latency_ms, latency_ms)
        stop = bisect_right(self._accuracy, accuracy, lo=start)
        self._latency_ms[start:stop] = [latency_ms]
        self._accuracy[start:stop] = [accuracy]
        self._keys[start:stop] = [key]
        return True


def attainment(
    fronts: list[tuple[Floats, Floats]], latencies_ms: ArrayLike, share: float = 0.5
) -> Floats:
    """The accuracy that a share of runs attains within each latency.

    A share of 0.5 gives the median attainment surface of Fonseca and Fleming (PPSN 1996).

    Args:
        fronts: One pair `(accuracy, latency_ms)` for each run, of which there is at least one: two
            arrays of equal length, in fractions and in ms, in any order and without NaN.
        latencies_ms: The latencies to look at, in ms, of shape `(m,)`.
        share: The share of the runs that must attain the accuracy, in (0, 1].

    Returns:
        The highest accuracy, as a fraction, that at least this share of the runs has within each
        latency, of shape `(m,)`; NaN where fewer runs have any point within it.
    """
    grid = np.asarray(latencies_ms, float)
    best = np.full((len(fronts), grid.size), -np.inf)
    for row, (accuracy, latency_ms) in zip(best, fronts, strict=True):
        order = np.argsort(latency_ms)
        climbing = np.concatenate([[-np.inf], np.maximum.accumulate(accuracy[order])])
        row[:] = climbing[np.searchsorted(latency_ms[order], grid, side="right")]
    needed = max(1, int(np.ceil(share * len(fronts))))
    attained = np.sort(best, axis=0)[len(fronts) - needed]
    return np.where(np.isinf(attained), np.nan, attained)
