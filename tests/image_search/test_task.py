from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.benchmark import (
    Benchmark,
    Part,
    load_benchmark,
    parse_benchmark,
    read_benchmark,
)
from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.image_search.task import FILE, CandidateTraining, as_file, search_benchmark
from nasbench_mobile.types import StrategySpec

SUBJECT = CandidateTraining(
    StrategySpec("mnasnet", {"blocks": 7}),
    {"data": "digits", "width": 0.1, "epochs": None, "options": {"batch_size": 8, "flip": False}},
)


@pytest.fixture(scope="module")
def benchmark_() -> Benchmark:
    return search_benchmark(SUBJECT, SUBJECT.accuracy(), "pixel1", None)


def test_it_trains_what_was_asked_for(benchmark_: Benchmark) -> None:
    problem = benchmark_.build()
    assert isinstance(problem.accuracy, TrainingAccuracy)
    assert problem.accuracy.recipe.batch_size == 8
    assert problem.accuracy.width == 0.1
    assert benchmark_.objective.target_ms == 75
    assert benchmark_.reference_point.accuracy == 0.1  # one of ten classes by chance
    assert benchmark_.accuracy.options["data_identity"] == problem.accuracy.data.identity
    assert benchmark_.accuracy.options["data_content"] == problem.accuracy.data.content
    other = search_benchmark(SUBJECT, problem.accuracy, "pixel1", 40.0)
    assert other.objective.target_ms == 40


@pytest.mark.parametrize(
    "latency",
    [
        Part("android", {"serial": 'R5 "x" \\ é', "nominal_ms": 20.5}),
        Part("host", {"nominal_ms": 1e-3, "processor": "AMD EPYC"}),
    ],
)
def test_its_file_says_all_of_it(benchmark_: Benchmark, latency: Part, tmp_path: Path) -> None:
    other = replace(benchmark_, latency=latency)
    again, text = as_file(other, tmp_path)
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    read = read_benchmark(tmp_path / FILE)
    assert read.record() == again.record() == other.record()
    assert again.source == FILE


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_place_and_name_is_read_back(benchmark_: Benchmark, place: str) -> None:
    options = {**benchmark_.accuracy.options, "data": place}
    part = Part("mnasnet", {**benchmark_.space.options, f"x_{place}": [place, 0.5]})
    other = replace(benchmark_, accuracy=Part("training", options), space=part)
    again, text = as_file(other, Path("nowhere"))
    assert again.hash == other.hash
    assert parse_benchmark(Path("nowhere") / FILE, text).record() == other.record()


def test_a_model_of_the_users_is_named_by_its_place(
    benchmark_: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = load_benchmark("imagenet-pixel1").latency.model
    mine = tmp_path / "mine.json"
    mine.write_bytes(model.read_bytes())
    monkeypatch.chdir(tmp_path)
    other = replace(benchmark_, latency=replace(benchmark_.latency, model=Path("mine.json")))
    again, _ = as_file(other, tmp_path / "elsewhere")
    assert again.latency.model == mine
    own, text = as_file(benchmark_, tmp_path)
    assert 'model = "pixel1-tunas.json"' in text
    assert own.hash == benchmark_.hash
