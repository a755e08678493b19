"""Rewards, spaces and evaluators of the user's own, through a file beside a benchmark."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.cli import comparing
from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.report.study import write_report
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Measurement, StrategySpec

MEASURED = Measurement(0.7, 50.0, cost_s=9.0)
CODE = '''
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace


def per_root_ms(measurement, *, scale=1.0):
    return scale * measurement.accuracy / measurement.latency_ms**0.5


def odd(measurement):
    return {0.1: float("nan"), 0.2: -1.0, 0.3: 1 / 0 if measurement.accuracy == 0.3 else 0.0}[
        measurement.accuracy
    ]


class Margin:
    """Accuracy, less `weight` for every ms above the target."""

    def __init__(self, *, weight=0.001, target_ms=0.0):
        self.weight, self.target_ms = weight, target_ms

    def __call__(self, measurement):
        over = max(0.0, measurement.latency_ms - self.target_ms)
        return max(0.0, measurement.accuracy - self.weight * over)


class MySpace(MnasNetAnbSpace):
    pass


class MyLatency(Pixel1Latency):
    pass
'''
TOML = """
name = "own"
version = 1

[space]
name = "mine.py:MySpace"

[accuracy]
evaluator = "surrogate"
model = "imagenet-anb-ridge.json"
noise_sd = 0.01

[latency]
evaluator = "mine.py:MyLatency"
model = "pixel1-tunas.json"

[objective]
name = "mine.py:Margin"
target_ms = 60.0
weight = 0.002

[reference_point]
accuracy = 0.4
latency_ms = 298.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for model in Path(catalog.__file__).parent.glob("benchmarks/*.json"):
        (tmp_path / model.name).write_bytes(model.read_bytes())
    (tmp_path / "mine.py").write_text(CODE)
    (tmp_path / "own.toml").write_text(TOML)
    return tmp_path


@pytest.fixture
def own(folder: Path) -> Benchmark:
    return load_benchmark(str(folder / "own.toml"))


def test_a_benchmark_of_ones_own_parts(own: Benchmark, folder: Path) -> None:
    problem = own.build()
    assert type(problem.space).__name__ == "MySpace"
    assert type(problem.latency).__name__ == "MyLatency"
    assert problem.objective(replace(MEASURED, latency_ms=70.0)) == pytest.approx(0.7 - 0.02)
    assert str(folder) not in json.dumps(own.record())
    assert own.record()["objective"] == {
        "name": "mine.py:Margin",
        "options": {"weight": 0.002},
        "target_ms": 60.0,
        "sha256": own.record()["space"]["code_sha256"],
    }


def test_the_hash_is_that_of_the_code_not_of_its_place(
    own: Benchmark, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for file in folder.glob("*.*"):
        (elsewhere / file.name).write_bytes(file.read_bytes())
    assert load_benchmark(str(elsewhere / "own.toml")).hash == own.hash
    with (elsewhere / "mine.py").open("a") as code:
        code.write("# changed\n")
    assert load_benchmark(str(elsewhere / "own.toml")).hash != own.hash


def test_a_function_and_its_options(folder: Path) -> None:
    spec = StrategySpec("mine.py:per_root_ms", {"scale": 2.0})
    objective = OwnObjective.find(spec, 80.0, folder)
    assert objective(MEASURED) == pytest.approx(1.4 / 50.0**0.5)
    assert objective.name == "mine.py:per_root_ms:scale=2.0"
    assert pickle.loads(pickle.dumps(objective))(MEASURED) == objective(MEASURED)
    benchmark = load_benchmark("imagenet-pixel1").with_objective(objective.source, 80.0)
    assert benchmark.objective == objective


def test_the_target_can_be_moved(own: Benchmark) -> None:
    moved = own.with_objective(target_ms=40.0)
    assert moved.objective(MEASURED) == pytest.approx(0.7 - 0.02)
    assert moved.hash != own.hash


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [(0.1, "gave nan"), (0.2, "gave -1.0; give 0 or more"), (0.3, "raised ZeroDivisionError")],
)
def test_a_reward_that_is_none_is_an_error(folder: Path, accuracy: float, words: str) -> None:
    objective = OwnObjective.find(StrategySpec("mine.py:odd"), 80.0, folder)
    with pytest.raises(UsageError, match=words):
        objective(Measurement(accuracy, 50.0))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("other.py:Margin", {}, "which is not a file"),
        ("mine.py:Margn", {}, "did you mean 'Margin'"),
        ("mine.py:Margin", {"wieght": 1}, "no option 'wieght'; it has weight"),
        ("mine.py:per_root_ms", {"x": 1}, r"no option 'x'; it has scale \(default 1.0\)"),
    ],
)
def test_mistakes_are_found_at_once(
    folder: Path, name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        OwnObjective.find(StrategySpec(name, options), 80.0, folder)


def test_a_toml_file_names_the_line_of_a_missing_file(folder: Path) -> None:
    (folder / "own.toml").write_text(TOML.replace("mine.py:MySpace", "gone.py:MySpace"))
    with pytest.raises(UsageError, match=r"own.toml, line 6: key 'name' .*gone.py"):
        load_benchmark(str(folder / "own.toml"))


def test_a_study_scores_by_it_and_opens_again(own: Benchmark, folder: Path) -> None:
    plan = Plan(own, (StrategySpec("random"),), seeds=(0,), budget=30)
    study = Study.create(folder / "study", plan)
    study.run(jobs=1)
    again = Study.open(folder / "study")
    assert again.plan == plan
    [run] = again.runs()
    comparing._report(again, as_json=False)
    summary = json.loads((folder / "study/summary.json").read_text())
    assert summary["objective"] == own.objective.record()
    best = max(range(30), key=lambda i: run.trials[i].reward or 0.0)
    assert summary["strategies"][0]["best_reward"]["median"] == own.objective(run.noise_free[best])  # type: ignore[arg-type]
    with pytest.raises(LogError, match=r"a user's own, mine.py:Margin"):
        write_report(folder / "elsewhere", [run])


def test_from_the_command_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    arguments: dict[str, Any] = {"seeds": 1, "budget": 20, "out": Path("study"), "as_json": True}
    run: Callable[..., None] = comparing.compare
    run(strategies="random", objective="mine.py:per_root_ms:scale=3", jobs=1, **arguments)
    summary = json.loads(capsys.readouterr().out)
    assert summary["objective"]["name"] == "mine.py:per_root_ms"
    assert summary["objective"]["options"] == {"scale": 3}
    assert 0.0 < summary["strategies"][0]["best_reward"]["median"] < 1.0
