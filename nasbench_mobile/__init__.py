"""nasbench_mobile: compare search strategies for mobile neural architecture search.

The names below are the public ones; each is imported when first used, so that importing the
package is quick and pulls in no machine-learning library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.benchmark import Benchmark, load_benchmark
    from nasbench_mobile.errors import NasbenchError
    from nasbench_mobile.image_search import search_on_images
    from nasbench_mobile.interface.comparing import compare
    from nasbench_mobile.interface.result import Result
    from nasbench_mobile.interface.running import run
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
    "Result",
    "Search",
    "StrategySpec",
    "Study",
    "Trial",
    "compare",
    "load_benchmark",
    "run",
    "search_on_images",
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
    "Result": "interface.result",
    "Search": "search.loop",
    "StrategySpec": "types",
    "Study": "studies.study",
    "Trial": "types",
    "compare": "interface.comparing",
    "load_benchmark": "benchmark",
    "run": "interface.running",
    "search_on_images": "image_search",
}


__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
