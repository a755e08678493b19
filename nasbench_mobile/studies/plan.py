"""What a study runs, as a value that can be written down and read back."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nasbench_mobile.benchmark import Benchmark, LatencyChoice, load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import LARGEST_WHOLE
from nasbench_mobile.files.json_values import checked_whole_number
from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.plugins.strategy_words import check_labels, means_itself
from nasbench_mobile.types import StrategySpec, Tokens

LARGEST_SEED = 2**32 - 1
"""The largest seed that every library's generator takes (numpy's RandomState, for one)."""

MOST_SEEDS = 100_000
"""How many seeds a study may have: our choice, a manifest lists each, and each is a file."""


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """The `count` seeds from `first` on; `UsageError` where a study cannot have them."""
    checked_whole_number("seeds", count, 1, MOST_SEEDS)
    checked_whole_number("a seed", first, 0, LARGEST_SEED)
    return tuple(range(first, first + count))


@dataclass(frozen=True)
class Plan:
    """What a study runs. `seeds` are the runs' seeds; `batch` None leaves it to each strategy.

    `start` holds architectures that every run evaluates first and learns from (charged), so that
    all strategies of a study start alike. `workers` None evaluates batch by batch; a number keeps
    so many proposals in flight, each told as it finishes in simulated time. Numbers may be
    numpy's; what is kept are ints.
    """

    benchmark: Benchmark
    strategies: tuple[StrategySpec, ...]
    seeds: tuple[int, ...]
    budget: int
    batch: int | None = None
    start: tuple[Tokens, ...] = ()
    workers: int | None = None

    def __post_init__(self) -> None:
        if len(self.seeds) < 1:
            raise UsageError(f"seeds is {len(self.seeds)}; it must be at least 1")
        self._keep("seeds", tuple(_seed(seed) for seed in self.seeds))
        twice = [seed for seed, count in Counter(self.seeds).items() if count > 1]
        if twice:
            raise UsageError(f"seed {twice[0]} is listed twice; give each once")
        self._keep("budget", checked_whole_number("budget", self.budget, 1, LARGEST_WHOLE))
        for name, choice in (("batch", self.batch), ("workers", self.workers)):
            if choice is not None:
                self._keep(name, checked_whole_number(name, choice, 1, LARGEST_WHOLE))
        if self.batch is not None and self.workers is not None:
            raise UsageError(
                "batch and workers are both given; give one, as a worker asks when it is free"
            )
        if not self.strategies:
            raise UsageError("no strategies given; name at least one")
        self._keep("strategies", tuple(self.strategies))
        check_labels(self.strategies)
        start = (
            tuple(checked_whole_number("a token of start", t, 0) for t in one) for one in self.start
        )
        self._keep("start", tuple(start))

    def _keep(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def to_json(self) -> dict[str, Any]:
        benchmark = self.benchmark
        return {
            "benchmark": benchmark.source,
            "objective": _objective(benchmark),
            "target_ms": benchmark.objective.target_ms,
            "benchmark_hash": benchmark.hash,
            "strategies": [spec.record() for spec in self.strategies],
            "seeds": list(self.seeds),
            "budget": self.budget,
            "batch": self.batch,
            "start": [list(tokens) for tokens in self.start],
            "workers": self.workers,
            "latency": asdict(benchmark.latency_choice) if benchmark.latency_choice else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], folder: Path = Path()) -> Plan:
        """The plan that `to_json` wrote.

        Args:
            data: What it wrote, as JSON values.
            folder: The folder in which a benchmark's file lies that is named without one.

        Returns:
            The same plan, with its benchmark read anew.

        Raises:
            KeyError: An entry is missing.
            TypeError: An entry is of another type than `to_json` writes.
            UsageError: The benchmark cannot be read, or a number is out of range.
        """
        latency = data.get("latency")
        benchmark = _benchmark(data["benchmark"], folder).with_latency(
            LatencyChoice(**latency) if latency else None
        )
        return cls(
            benchmark=_with_objective(benchmark, data["objective"], data["target_ms"]),
            strategies=tuple(_spec(spec) for spec in data["strategies"]),
            seeds=tuple(data["seeds"]),
            budget=data["budget"],
            batch=data["batch"],
            start=tuple(tuple(tokens) for tokens in data.get("start", ())),
            workers=data.get("workers"),
        )


def described(plan: Plan) -> str:
    """What a plan runs, in a line."""
    benchmark = plan.benchmark
    return (
        f"{benchmark.identifier}: {len(plan.strategies)} strategies x {len(plan.seeds)} "
        f"seeds x {plan.budget:,} proposals, {benchmark.objective.name} objective, "
        f"T = {benchmark.objective.target_ms:g} ms"
    )


def _objective(benchmark: Benchmark) -> str | dict[str, Any]:
    """What `with_objective` takes, or the name and options of a reward that words do not mean."""
    objective = benchmark.objective
    if isinstance(objective, OwnObjective) and not means_itself(objective.spec):
        return objective.spec.record()
    return objective.source


def _with_objective(benchmark: Benchmark, form: Any, target_ms: float) -> Benchmark:
    if isinstance(form, str):
        return benchmark.with_objective(form, target_ms)
    return replace(benchmark, objective=OwnObjective.find(StrategySpec(**form), target_ms, Path()))


def _seed(seed: Any) -> int:
    return checked_whole_number("a seed", seed, 0, LARGEST_SEED)


def _spec(record: dict[str, Any]) -> StrategySpec:
    """The spec among what a study's manifest says of a strategy."""
    return StrategySpec(record["name"], record["options"], record.get("alias"))


def _benchmark(source: str, folder: Path) -> Benchmark:
    if (folder / source).is_file():
        return replace(load_benchmark(str(folder / source)), source=source)
    return load_benchmark(source)
