"""Whether strategies can run on a benchmark: what is found out before anything is written."""

from __future__ import annotations

import inspect
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.studies.plan import Plan


def check_plan(plan: Plan) -> None:
    """Build what can be built of a plan, so that mistakes are known before anything is written."""
    space = plan.benchmark.build_space()
    for tokens in plan.start:
        space.validate(tokens)
    for spec in plan.strategies:
        factory = catalog.load("strategy", spec.name)
        catalog.check_options(factory, "strategy", spec.name, spec.options)
        if spec.options:
            try:
                catalog.build_strategy(spec, space.decisions, plan.seeds[0], plan.budget)
            except UsageError as error:
                raise UsageError(f"strategy {spec.label!r}: {error}") from None
        check_abilities(factory, spec.label, plan)


def check_abilities(factory: Any, label: str, plan: Plan) -> None:
    """`UsageError` where a strategy needs what the benchmark lacks, or cannot do what is asked."""
    if getattr(factory, "partial_trainings", False) and not _trains_partially(plan.benchmark):
        raise UsageError(
            f"strategy {label!r} trains networks for a part of the full training, which "
            f"{plan.benchmark.name} does not offer; leave it out, or compare on "
            "imagenet-pixel1-curves or a benchmark of trainings"
        )
    if plan.start and not hasattr(factory, "start"):
        raise UsageError(
            f"strategy {label!r} cannot start from known architectures (it has no "
            "method `start`); leave it out or start all cold"
        )


def _trains_partially(benchmark: Benchmark) -> bool:
    """Whether a benchmark's evaluator can train for less, as far as its class says."""
    factory = catalog.load("accuracy evaluator", benchmark.accuracy.name)
    return not inspect.isclass(factory) or hasattr(factory, "accuracy_at")
