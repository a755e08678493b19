"""Fronts of accuracy (higher is better) and latency (lower is better)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import moocore
import numpy as np
from numpy.typing import ArrayLike

from nasbench_mobile.metrics.columns import Bools, Columns, Floats, Ints


def front(accuracy: ArrayLike, latency_ms: ArrayLike) -> Ints:
    """The positions of the non-dominated points, fastest first; of equal points the first only.

    Arrays of shape `(n,)`; points with NaN are never on the front. A point is dominated when
    another is at least as accurate and as fast, and better in one.

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
        """Whether the point joined the front (an equal one is there first: it does not)."""
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
    """Accuracy that a share of runs attains within each latency: shape of `latencies_ms`.

    `fronts` holds one `(accuracy, latency_ms)` per run. `share` 0.5 gives the median attainment
    surface of Fonseca and Fleming (PPSN 1996); NaN where fewer runs than that have any point.
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
