"""The benchmark of a search: accuracy by training, the latency and target that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_mobile.benchmark import Benchmark, Part, load_benchmark, parse_benchmark
from nasbench_mobile.files.toml_text import toml_text
from nasbench_mobile.studies.latency_choice import Filling, choose_latency, unseen

if TYPE_CHECKING:
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.types import StrategySpec

FILE = "benchmark.toml"
"""The name of the benchmark's file in the folder of a search."""

PIXEL1 = "imagenet-pixel1"
"""The benchmark whose latency, target and reference latency a search starts from."""


@dataclass(frozen=True)
class CandidateTraining:
    """What is searched and how it is trained, before the latency is chosen.

    `training` holds options of `TrainingAccuracy`; an option of None keeps its default.
    """

    space: StrategySpec
    training: Mapping[str, Any]

    def accuracy(self) -> TrainingAccuracy:
        """Make the evaluator, read its data and look for its device, so that mistakes show now."""
        from nasbench_mobile import catalog
        from nasbench_mobile.evaluators.training import TrainingAccuracy

        space = catalog.build_space(self.space.name, self.space.options)
        evaluator = TrainingAccuracy(**_given(self.training))
        _ = evaluator.precision
        evaluator.check(space)
        return evaluator


def search_benchmark(
    subject: CandidateTraining,
    accuracy: TrainingAccuracy,
    latency: str,
    target_ms: float | None,
    filling: Filling = unseen,
) -> Benchmark:
    """Make the benchmark of a search; `filling` hears of a look-up table that is filled for it.

    The target is 75 ms on a Pixel 1, as in the paper's Fig. 6, and keeps its ratio to MobileNetV2's
    latency on other devices. The hypervolume's corner is chance and, on a Pixel 1, the 298 ms of
    `imagenet-pixel1` (our choices).
    """
    pixel1 = load_benchmark(PIXEL1)
    data = {"data_identity": accuracy.data.identity, "data_content": accuracy.data.content}
    options = _given({**subject.training, **data})
    benchmark = replace(
        pixel1,
        name=f"search-{subject.space.name}",
        version=1,
        title=f"{subject.space.name}, trained on {accuracy.data.identity}",
        space=Part(subject.space.name, dict(subject.space.options)),
        accuracy=Part("training", options),
        reference_point=replace(pixel1.reference_point, accuracy=1 / len(accuracy.data.classes)),
    )
    return choose_latency(benchmark, latency, filling).with_objective(target_ms=target_ms)


def classes(benchmark: Benchmark) -> int:
    """Give the number of classes in a search's data; one divided by it is chance, the corner."""
    return round(1 / benchmark.reference_point.accuracy)


def as_file(benchmark: Benchmark, folder: Path) -> tuple[Benchmark, str]:
    """Give the benchmark as it is read from `FILE` in the folder, and that file's text.

    An objective of the user's own is not in the file.
    """
    point, objective = benchmark.reference_point, benchmark.with_objective("soft").objective
    tables = {
        "space": {"name": benchmark.space.name, **benchmark.space.options},
        "accuracy": {"evaluator": benchmark.accuracy.name, **benchmark.accuracy.options},
        "latency": _latency(benchmark.latency),
        "objective": {"form": "soft", "target_ms": objective.target_ms},
        "reference_point": {"accuracy": point.accuracy, "latency_ms": point.latency_ms},
    }
    head = {"name": benchmark.name, "version": benchmark.version, "title": benchmark.title}
    text = toml_text({**head, **tables})
    return replace(parse_benchmark(folder / FILE, text), source=FILE), text


def _latency(part: Part) -> dict[str, Any]:
    values = {"evaluator": part.name, **part.options}
    if part.model is not None:
        own = Path(str(resources.files("nasbench_mobile.benchmarks"))) / part.model.name
        inside = own.is_file() and own.samefile(part.model)
        values["model"] = part.model.name if inside else str(part.model.resolve())
    return values


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value not in (None, {})}
