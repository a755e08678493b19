"""`--latency`: another device for a benchmark, with a bar while a table is filled for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.cli.latency.fill_progress import progress
from nasbench_mobile.studies import latency_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nasbench_mobile.benchmark import Benchmark
    from nasbench_mobile.protocols import LatencyEvaluator, SearchSpace


def choose_latency(benchmark: Benchmark, spec: str) -> Benchmark:
    """The benchmark with the latency that `spec` names."""
    return latency_choice.choose_latency(benchmark, spec, progress)


def latency_evaluators(
    specs: Sequence[str], space: SearchSpace, *, alone: bool = True
) -> dict[str, LatencyEvaluator]:
    """Evaluators by the kind that each of `specs` names; not `alone`, none that measures now."""
    return latency_choice.latency_evaluators(specs, space, alone=alone, filling=progress)
