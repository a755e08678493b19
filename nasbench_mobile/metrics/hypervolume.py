"""Hypervolume of accuracy and latency against a benchmark's frozen reference point.

Zitzler and Thiele 1998; computed by moocore (Fonseca, Paquete and Lopez-Ibanez 2006).
"""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike

from nasbench_mobile.errors import UsageError
from nasbench_mobile.metrics.columns import Columns, Floats
from nasbench_mobile.metrics.pareto import IncrementalFront, run_front
from nasbench_mobile.runs.run import ReferencePoint


def hypervolume(accuracy: ArrayLike, latency_ms: ArrayLike, reference: ReferencePoint) -> float:
    """Share in [0, 1] of the box between the reference and (accuracy 1, 0 ms) that is dominated.

    Arrays of shape `(n,)`; points beyond the reference count for nothing. Normalised by that box
    (our choice, because it depends on the frozen reference alone: adding a strategy cannot move
    the others' figures, and it has no mixed unit).

    >>> round(hypervolume([0.75], [50.0], ReferencePoint(accuracy=0.5, latency_ms=100.0)), 12)
    0.25
    """
    box = (1.0 - reference.accuracy) * reference.latency_ms
    if not box > 0.0:
        raise UsageError(
            f"reference point is {reference}; its accuracy must be below 1 and latency above 0 ms"
        )
    points = np.column_stack([np.asarray(latency_ms, float), -np.asarray(accuracy, float)])
    points = points[~np.isnan(points).any(axis=1)]
    if not points.size:
        return 0.0
    corner = [reference.latency_ms, -reference.accuracy]
    return float(moocore.hypervolume(points, ref=corner)) / box


def run_hypervolume(columns: Columns, reference: ReferencePoint) -> float:
    """The hypervolume of the front that a run's strategy saw, scored by noise-free values.

    Args:
        columns: The run as arrays of shape `(trials,)`.
        reference: The benchmark's reference point: an accuracy, which is a fraction below 1, and a
            latency above 0 ms. What is less accurate or slower counts for nothing.

    Returns:
        The dominated share, in [0, 1], of the box between the reference point and the ideal of
        accuracy 1 at 0 ms; 0.0 where no trial counts as a result.

    Raises:
        UsageError: The box is empty, because the reference has an accuracy of 1 or a latency of
            0 ms.
    """
    chosen = run_front(columns)
    return hypervolume(columns.true_accuracy[chosen], columns.true_latency_ms[chosen], reference)


def anytime_hypervolume(columns: Columns, reference: ReferencePoint) -> Floats:
    """The hypervolume after each trial: shape `(trials,)`, 0 before the first success.

    With noise the curve may fall: a lucky reading pushes a truly better network off the front.
    """
    growing = IncrementalFront()
    curve = np.zeros(columns.reward.size)
    value = 0.0
    seen = zip(columns.accuracy.tolist(), columns.latency_ms.tolist(), strict=True)
    for position, (accuracy, latency_ms) in enumerate(seen):
        if accuracy == accuracy and growing.add(accuracy, latency_ms, position):  # NaN: failed
            chosen = list(growing.keys)
            value = hypervolume(
                columns.true_accuracy[chosen], columns.true_latency_ms[chosen], reference
            )
        curve[position] = value
    return curve
