"""Studies: the plan and folder of runs to compare, and how they are run, trusted and resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.studies.plan import Plan
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.studies.task import RunProgress

__all__ = ["Plan", "RunProgress", "Study"]

__getattr__ = lazily(
    __name__,
    {
        "Plan": "plan",
        "RunProgress": "task",
        "Study": "study",
    },
)
