"""The command that makes a study again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.objectives.mnasnet import FORMS, LatencyObjective
from nasbench_mobile.plugins.strategy_words import labelled_words, means_itself
from nasbench_mobile.shell_words import command
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.types import StrategySpec


def study_command(plan: Plan, folder: Path) -> str:
    """The command `nasbench-mobile compare ...` that makes a study again, quoted for a shell.

    What no option can say, seeds that do not follow each other and architectures to start from, is
    said behind a #.
    """
    words = command(*_words(plan, folder))
    lost = []
    if list(plan.seeds) != list(range(plan.seeds[0], plan.seeds[0] + len(plan.seeds))):
        lost.append(f"seeds {', '.join(map(str, plan.seeds))}")
    if plan.start:
        lost.append(f"--start-from the {len(plan.start)} architectures in study.json")
    return f"{words}  # with {' and '.join(lost)}" if lost else words


def _words(plan: Plan, folder: Path) -> Iterator[str]:
    latency = plan.benchmark.latency_choice
    yield from ("compare", "--benchmark", plan.benchmark.source)
    if latency:
        yield from ("--latency", latency.spec)
    yield from _strategies(plan.strategies)
    yield from ("--seeds", f"{len(plan.seeds)}")
    if plan.seeds[0]:
        yield from ("--first-seed", f"{plan.seeds[0]}")
    yield from ("--budget", f"{plan.budget}")
    objective = _objective(plan.benchmark)
    yield from (f"--objective={objective}",) if objective[0] == "-" else ("--objective", objective)
    yield from ("--target-ms", f"{plan.benchmark.objective.target_ms!r}".removesuffix(".0"))
    if plan.batch:
        yield from ("--batch", f"{plan.batch}")
    if plan.workers:
        yield from ("--in-flight", f"{plan.workers}")
    yield from ("--out", f"{folder}")


def _strategies(specs: tuple[StrategySpec, ...]) -> Iterator[str]:
    """Those that need no label in one list, and from the first that does on, each with its own.

    So they keep their order: `--strategies` come before every `--strategy`.
    """
    plain = 0
    while plain < len(specs) and means_itself(specs[plain]):
        plain += 1
    if plain:
        yield from ("--strategies", ",".join(spec.label for spec in specs[:plain]))
    for spec in specs[plain:]:
        yield from ("--strategy", labelled_words(spec))


def _objective(benchmark: Benchmark) -> str:
    """The objective as `--objective` takes it."""
    objective = benchmark.objective
    if isinstance(objective, LatencyObjective) and objective.name in FORMS:
        return objective.name
    return objective.source
