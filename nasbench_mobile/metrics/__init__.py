"""Figures of runs: fronts, hypervolume, anytime curves and the statistics that compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.metrics.anytime import anytime_best, best_reward
    from nasbench_mobile.metrics.columns import Columns
    from nasbench_mobile.metrics.hypervolume import run_hypervolume
    from nasbench_mobile.metrics.pareto import IncrementalFront, attainment, front, run_front
    from nasbench_mobile.metrics.statistics import a12, bootstrap_interval, holm, iqm, wilcoxon

__all__ = [
    "Columns",
    "IncrementalFront",
    "a12",
    "anytime_best",
    "attainment",
    "best_reward",
    "bootstrap_interval",
    "front",
    "holm",
    "iqm",
    "run_front",
    "run_hypervolume",
    "wilcoxon",
]

__getattr__ = lazily(
    __name__,
    {
        "Columns": "columns",
        "IncrementalFront": "pareto",
        "a12": "statistics",
        "anytime_best": "anytime",
        "attainment": "pareto",
        "best_reward": "anytime",
        "bootstrap_interval": "statistics",
        "front": "pareto",
        "holm": "statistics",
        "iqm": "statistics",
        "run_front": "pareto",
        "run_hypervolume": "hypervolume",
        "wilcoxon": "statistics",
    },
)
