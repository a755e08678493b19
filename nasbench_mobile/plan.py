"""What a study runs, as a value that can be written down and read back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nasbench_mobile.benchmark import Benchmark, LatencyChoice, load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.types import StrategySpec, Tokens


@dataclass(frozen=True)
class Plan:
    """What a study runs. `seeds` are the runs' seeds; `batch` None leaves it to each strategy.

    `start` holds architectures that every run evaluates first and learns from (charged), so that
    all strategies of a study start alike. `workers` None evaluates batch by batch; a number keeps
    so many proposals in flight, each told as it finishes in simulated time.
    """

    benchmark: Benchmark
    strategies: tuple[StrategySpec, ...]
    seeds: tuple[int, ...]
    budget: int
    batch: int | None = None
    start: tuple[Tokens, ...] = ()
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("budget", self.budget), ("seeds", len(self.seeds))):
            if value < 1:
                raise UsageError(f"{name} is {value}; it must be at least 1")
        for name, choice in (("batch", self.batch), ("workers", self.workers)):
            if choice is not None and choice < 1:
                raise UsageError(f"{name} is {choice}; it must be at least 1")
        if self.batch is not None and self.workers is not None:
            raise UsageError("batch and workers are both given; workers ask as they become free")
        if not self.strategies:
            raise UsageError("no strategies given; name at least one")

    def to_json(self) -> dict[str, Any]:
        benchmark = self.benchmark
        objective = benchmark.objective
        return {
            "schema": 1,
            "benchmark": benchmark.source,
            "objective": objective.source,
            "target_ms": objective.target_ms,
            "benchmark_hash": benchmark.hash,
            "strategies": [asdict(spec) for spec in self.strategies],
            "seeds": list(self.seeds),
            "budget": self.budget,
            "batch": self.batch,
            "start": [list(tokens) for tokens in self.start],
            "workers": self.workers,
            "latency": asdict(benchmark.latency_choice) if benchmark.latency_choice else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], folder: Path = Path()) -> Plan:
        """The plan that `to_json` wrote; KeyError or TypeError where it did not.

        A benchmark's file that is named without a folder lies in `folder`.
        """
        latency = data.get("latency")
        benchmark = _benchmark(data["benchmark"], folder).with_latency(
            LatencyChoice(**latency) if latency else None
        )
        return cls(
            benchmark=benchmark.with_objective(data["objective"], data["target_ms"]),
            strategies=tuple(StrategySpec(**spec) for spec in data["strategies"]),
            seeds=tuple(data["seeds"]),
            budget=data["budget"],
            batch=data["batch"],
            start=tuple(tuple(tokens) for tokens in data.get("start", ())),
            workers=data.get("workers"),
        )


def _benchmark(source: str, folder: Path) -> Benchmark:
    if (folder / source).is_file():
        return replace(load_benchmark(str(folder / source)), source=source)
    return load_benchmark(source)
