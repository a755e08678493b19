"""What a person calls and holds in Python: one run, a comparison, and what a run found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.interface.comparing import compare
    from nasbench_mobile.interface.result import Result
    from nasbench_mobile.interface.running import run

__all__ = ["Result", "compare", "run"]

__getattr__ = lazily(
    __name__,
    {
        "Result": "result",
        "compare": "comparing",
        "run": "running",
    },
)
