"""The loop that asks a strategy for proposals, has them evaluated and tells it the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.search.ledger import Interrupted
    from nasbench_mobile.search.loop import Search
    from nasbench_mobile.search.problem import Outcome, Problem
    from nasbench_mobile.search.progress import Progress

__all__ = ["Interrupted", "Outcome", "Problem", "Progress", "Search"]

__getattr__ = lazily(
    __name__,
    {
        "Interrupted": "ledger",
        "Outcome": "problem",
        "Problem": "problem",
        "Progress": "progress",
        "Search": "loop",
    },
)
