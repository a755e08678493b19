"""nasbench_mobile: compare search strategies for mobile neural architecture search.

The names below are the public ones; each is imported when first used, so that importing the
package is quick and pulls in no machine-learning library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.benchmark import Benchmark, load_benchmark
    from nasbench_mobile.errors import NasbenchError
    from nasbench_mobile.objectives.mnasnet import LatencyObjective
    from nasbench_mobile.search.loop import Search
    from nasbench_mobile.search.problem import Problem
    from nasbench_mobile.studies.plan import Plan
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.types import Decision, Measurement, Proposal, StrategySpec, Trial

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "Benchmark",
    "Decision",
    "LatencyObjective",
    "Measurement",
    "NasbenchError",
    "Plan",
    "Problem",
    "Proposal",
    "Search",
    "StrategySpec",
    "Study",
    "Trial",
    "load_benchmark",
]

_HOMES = {
    "Architecture": "architecture",
    "Benchmark": "benchmark",
    "Decision": "types",
    "LatencyObjective": "objectives.mnasnet",
    "Measurement": "types",
    "NasbenchError": "errors",
    "Plan": "studies.plan",
    "Problem": "search.problem",
    "Proposal": "types",
    "Search": "search.loop",
    "StrategySpec": "types",
    "Study": "studies.study",
    "Trial": "types",
    "load_benchmark": "benchmark",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
