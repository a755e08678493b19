from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from filelock import FileLock

from nasbench_mobile.reproduce.experiment import ExperimentSetting, RunStudy
from nasbench_mobile.reproduce.registry import experiment
from nasbench_mobile.reproduce.session import Session
from nasbench_mobile.runs.run import Run, RunHeader, Timing
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

BENCHMARK: dict[str, Any] = {
    "name": "made-up",
    "version": 1,
    "latency": {"device": "pixel1", "kind": "estimate"},
    "objective": {"alpha": -0.07, "beta": -0.07, "target_ms": 75.0},
    "reference_point": {"accuracy": 0.5, "latency_ms": 200.0},
}

Sample = tuple[float, float, float]
"""Accuracy, latency (ms) and reward of a trial; None stands for one that failed."""


def make_run(
    samples: Sequence[Sample | None], *, seed: int = 0, strategy: str = "ppo",
    true: Sequence[tuple[float, float]] | None = None, partial: int | None = None,
    timing: Timing | None = None, benchmark: dict[str, Any] | None = None,
) -> Run:  # fmt: skip
    """A run of made-up samples; `true` is their noise-free accuracy and latency where it differs.

    The trial at `partial` is one of half a training.
    """
    told: list[Trial] = []
    noise_free: list[Measurement | None] = []
    for number, sample in enumerate(samples):
        proposal = Proposal(number, (number, seed), 0.5 if number == partial else 1.0)
        if sample is None:
            told.append(Trial(proposal, failure="made up"))
            noise_free.append(None)
            continue
        accuracy, latency_ms, reward = sample
        measurement = Measurement(accuracy, latency_ms)
        told.append(Trial(proposal, measurement, reward))
        noise_free.append(measurement if true is None else Measurement(*true[number]))
    header = RunHeader(
        benchmark or BENCHMARK, "hash", StrategySpec(strategy), seed, len(samples)
    )  # fmt: skip
    return Run(header, tuple(told), tuple(noise_free), True, timing=timing or Timing())


def run_here(study: Study) -> None:
    """Every run of a study in this process: starting workers would take longer than they work."""
    for task in study.tasks():
        assert perform(task).failure is None


@pytest.fixture(scope="session")
def smallest(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The folder that records lie in: one for all processes that share the tests out."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if hasattr(request.config, "workerinput") else own) / "reproduction"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def records(smallest: Path) -> Callable[[str], Any]:
    """The record of an experiment, run once in the smallest form: 2 seeds of 40 samples."""
    session, setting = Session(smallest), ExperimentSetting(seeds=2, samples=40, quick=True)
    made: dict[str, Any] = {}

    def record(name: str) -> Any:
        if name not in made:
            one = experiment(name)
            with FileLock(smallest / f"{name}.lock"):  # another process may be at it
                made[name] = session.kept(one, setting) or session.run(one, setting, run_here)
        return made[name]

    return record


@pytest.fixture
def run_maker() -> Callable[..., Run]:
    return make_run


SearchedInstead = Callable[[ModuleType, Callable[[str, Plan], list[Run]]], dict[str, Plan]]


@pytest.fixture
def searched_instead(monkeypatch: pytest.MonkeyPatch) -> SearchedInstead:
    """Gives an experiment's module made-up runs in place of searches, and what it asked for.

    `searched_instead(module, answer)` returns its plans by name, filled as the experiment runs;
    `answer(name, plan)` gives the runs.
    """

    def instead(module: ModuleType, answer: Callable[[str, Plan], list[Run]]) -> dict[str, Plan]:
        plans: dict[str, Plan] = {}

        def study_runs(folder: Path, name: str, plan: Plan, run_study: RunStudy) -> list[Run]:
            plans[name] = plan
            return answer(name, plan)

        monkeypatch.setattr(module, "study_runs", study_runs)
        return plans

    return instead


Drawn = list[tuple[list[Any], dict[str, Any]]]


@pytest.fixture
def watch_drawing(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType], Drawn]:
    """Series and words of every drawing that an experiment's module makes, as it makes them."""

    def watch(module: ModuleType) -> Drawn:
        found: Drawn = []
        draw = module.draw_points

        def watched(series: Sequence[Any], **words: Any) -> Any:
            found.append((list(series), words))
            return draw(series, **words)

        monkeypatch.setattr(module, "draw_points", watched)
        return found

    return watch
