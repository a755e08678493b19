"""How well a fitted model predicts: the same four numbers for every model and split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def quality(predicted: Floats, actual: Floats) -> dict[str, float]:
    """`{kendall_tau, r2, mae, mape}` of predictions, both of shape (N,) with N >= 2.

    Kendall's tau-b and R2 (coefficient of determination, about the actual mean) are pure numbers,
    `mae` has the unit of the arguments, `mape` is in percent of the actual values.
    """
    error = predicted - actual
    spread = float(np.sum((actual - actual.mean()) ** 2))
    return {
        "kendall_tau": float(stats.kendalltau(predicted, actual).statistic),
        "r2": 1.0 - float(np.sum(error**2)) / spread,
        "mae": float(np.mean(np.abs(error))),
        "mape": float(100.0 * np.mean(np.abs(error / actual))),
    }


def rounded(figures: dict[str, float], digits: int = 6) -> dict[str, float]:
    """The figures as they are published: further digits are the linear algebra library's."""
    return {name: round(value, digits) for name, value in figures.items()}
