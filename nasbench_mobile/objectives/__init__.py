"""How a measurement becomes a reward: MnasNet's objectives, and those that users write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.objectives.mnasnet import LatencyObjective, parse_objective
    from nasbench_mobile.objectives.user import OwnObjective

__all__ = ["LatencyObjective", "OwnObjective", "parse_objective"]

__getattr__ = lazily(
    __name__,
    {
        "LatencyObjective": "mnasnet",
        "OwnObjective": "user",
        "parse_objective": "mnasnet",
    },
)
