"""Evaluations per second of the whole loop: random search on `imagenet-pixel1`, log on disk.

`--benchmark-json` has them as `extra_info`; the bar is 5,000 evaluations/s on one core.
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import StrategySpec

EVALUATIONS = 5000


def test_search_loop_with_the_log_on_disk(benchmark: Any, tmp_path: Path) -> None:
    plan = Plan(load_benchmark("imagenet-pixel1"), (StrategySpec("random"),), (0,), EVALUATIONS)
    numbers = itertools.count()

    def fresh() -> tuple[tuple[Any, ...], dict[str, Any]]:
        (task,) = Study.create(tmp_path / str(next(numbers)), plan).tasks()
        return (task,), {}

    result = benchmark.pedantic(perform, setup=fresh, rounds=5, warmup_rounds=1)
    assert result.trials == EVALUATIONS
    (task,), _ = fresh()
    start = time.process_time()
    perform(task)
    benchmark.extra_info["evaluations_per_cpu_s"] = EVALUATIONS / (time.process_time() - start)
