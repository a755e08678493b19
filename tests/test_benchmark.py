from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import built_in_names, load_benchmark, read_benchmark
from nasbench_mobile.catalog import build_space
from nasbench_mobile.errors import UnknownNameError, UsageError

TEXT = """\
name = "mine"
version = 2
title = "my own"

[space]
name = "mnasnet-anb"

[accuracy]
evaluator = "surrogate"
model = "accuracy.json"
noise_sd = 0.01

[latency]
evaluator = "pixel1"
model = "latency.json"

[objective]
form = "hard"
target_ms = 60.0

[reference_point]
accuracy = 0.4
latency_ms = 200.0
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's benchmark beside copies of the package's models."""
    built_in = load_benchmark("imagenet-pixel1")
    for part, name in ((built_in.accuracy, "accuracy.json"), (built_in.latency, "latency.json")):
        assert part.model is not None
        (tmp_path / name).write_bytes(part.model.read_bytes())
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("name", built_in_names())
def test_every_built_in_benchmark_builds(name: str) -> None:
    benchmark = load_benchmark(name)
    problem = benchmark.build()
    tokens = (0,) * len(problem.space.decisions)
    (outcome,) = problem.evaluate([Architecture(problem.space, tokens)])
    assert outcome.reward == pytest.approx(  # type: ignore[union-attr]
        benchmark.objective(outcome.measurement)  # type: ignore[union-attr]
    )


def test_the_main_benchmark_is_as_the_paper_says() -> None:
    benchmark = load_benchmark("imagenet-pixel1")
    assert benchmark.identifier == "imagenet-pixel1@1"
    assert (benchmark.objective.name, benchmark.objective.target_ms) == ("soft", 75.0)
    assert benchmark.budget_unit == "proposals"
    assert load_benchmark("imagenet-pixel1-noisy").noise_sd == 0.0026


def test_a_users_file_is_a_benchmark(own: Path) -> None:
    benchmark = load_benchmark(str(own))
    assert (benchmark.name, benchmark.objective.name, benchmark.noise_sd) == ("mine", "hard", 0.01)
    assert benchmark.build().space.name == "mnasnet-anb"


def test_a_model_of_the_package_needs_no_copy(own: Path) -> None:
    own.write_text(TEXT.replace("accuracy.json", "imagenet-anb-ridge.json"))
    assert load_benchmark(str(own)).build().space.name == "mnasnet-anb"


def test_the_hash_changes_with_what_matters_and_not_with_the_place(
    own: Path, tmp_path: Path
) -> None:
    benchmark = load_benchmark(str(own))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for file in tmp_path.glob("*.json"):
        (moved / file.name).write_bytes(file.read_bytes())
    (moved / own.name).write_text(own.read_text())
    assert load_benchmark(str(moved / own.name)).hash == benchmark.hash
    assert replace(benchmark, title="another title").hash == benchmark.hash
    for other in (
        replace(benchmark, version=3),
        replace(benchmark, noise_sd=0.02),
        benchmark.with_objective("soft"),
        benchmark.with_objective(target_ms=75.0),
    ):
        assert other.hash != benchmark.hash
    with (tmp_path / "latency.json").open("a") as grown:
        grown.write("\n")
    assert load_benchmark(str(own)).hash != benchmark.hash


def test_noise_is_the_runs_and_scores_are_without(own: Path) -> None:
    benchmark = load_benchmark(str(own))
    tokens = (1,) * 28
    outcomes = []
    for seed in (0, 0, 1):
        problem = benchmark.build(seed)
        outcomes += problem.evaluate([Architecture(problem.space, tokens)])
    first, again, other = outcomes
    assert first == again
    assert first.measurement.accuracy != other.measurement.accuracy  # type: ignore[union-attr]
    assert first.noise_free == other.noise_free  # type: ignore[union-attr]
    assert first.noise_free.accuracy != first.measurement.accuracy  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 2", "version = ", r"not valid TOML.*line 2"),
        ("version = 2", 'version = "2"', r"line 2: key 'version' is '2'"),
        ("version = 2", "versoin = 2", r"line 2: key 'versoin' is unknown"),
        ("target_ms = 60.0", 'target_ms = "60"', r"line 19: key 'target_ms' in \[objective\]"),
        (
            "target_ms = 60.0",
            "taget_ms = 60.0",
            r"line 19: key 'taget_ms' in .objective. is unknown",
        ),
        ("latency_ms = 200.0", "", r"key 'latency_ms' is missing from .reference_point."),
        ("target_ms = 60.0", "target_ms = -5", r"key 'objective' cannot be used"),
        ('form = "hard"', 'form = "harsh"', r"key 'objective' cannot be used.*harsh"),
        ("noise_sd = 0.01", "noise_sd = 1.5", r"line 11: key 'noise_sd' is 1.5"),
        ('model = "latency.json"', 'model = "no.json"', r"line 15: key 'model' is 'no.json'"),
        ('evaluator = "pixel1"', "", r"key 'evaluator' is missing from \[latency\]"),
        ("[reference_point]", "[reference]", r"key 'reference' is unknown"),
        ("noise_sd = 0.01", "size = inf", r"line 11: key 'size' is inf, which logs cannot keep"),
        ("noise_sd = 0.01", "day = 2026-01-01", r"line 11: key 'day' .* nothing for a date"),
        ("version = 2", 'version = 2\nschema = "1"', r"line 3: key 'schema' is no schema"),
        ("version = 2", "version = -2", r"line 2: key 'version' is -2"),
        ("version = 2", "version = true", r"line 2: key 'version' is True.* whole number"),
        ("version = 2", "version = " + "9" * 5000, r"line 2 is not valid TOML.*digits"),
        ("version = 2", "version = " + "9" * 400, r"line 2: key 'version' is 9+; "),
        ("version = 2", "x = " + "[" * 5000, r"not valid TOML: it is nested too deeply"),
        ('name = "mine"', "name = 2026-01-01", r"line 1: key 'name' is datetime"),
        ('name = "mine"', 'name = " "', r"line 1: key 'name' is ' '"),
        ('title = "my own"', "title = 3", r"line 3: key 'title' is 3; .*text"),
        ("noise_sd = 0.01", "noise_seed = 1.9", r"line 11: key 'noise_seed' is 1.9"),
        ("noise_sd = 0.01", "noise_seed = true", r"line 11: key 'noise_seed' is True"),
        ("noise_sd = 0.01", "noise_sd = true", r"line 11: key 'noise_sd' .* is True"),
        ('model = "latency.json"', "model = 3", r"line 15: key 'model' is 3"),
        ('evaluator = "pixel1"', "evaluator = 3", r"line 14: key 'evaluator' is 3"),
        ('form = "hard"', 'form = "hard"\nalpha = 0', r"line 19: key 'alpha' .*beside `form`"),
        ('form = "hard"', 'form = "hard"\nbeta = 0', r"line 19: key 'beta' .*beside `form`"),
        ('form = "hard"', "alpha = 0", r"line 17: key 'beta' is missing from \[objective\]$"),
        ('form = "hard"', "alpha = -1000\nbeta = 0", r"'objective' cannot be used: alpha is -1000"),
        ('form = "hard"', "form = 3", r"line 18: key 'form' is 3"),
        ("target_ms = 60.0", "target_ms = 1" + "0" * 400, r"line 19: key 'target_ms'"),
        ("accuracy = 0.4", "accuracy = 1.0", r"line 22: key 'accuracy' is 1.0; .* \(0, 1\)"),
        ("accuracy = 0.4", "accuracy = 0", r"line 22: key 'accuracy' is 0.0"),
        ("latency_ms = 200.0", "latency_ms = 0", r"line 23: key 'latency_ms' is 0.0; .*above 0 ms"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_by_key_and_line(
    own: Path, old: str, new: str, message: str
) -> None:
    assert old in TEXT
    own.write_text(TEXT.replace(old, new))
    with pytest.raises(UsageError, match=message):
        load_benchmark(str(own))


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("utf-16", "is UTF-16 text"), ("utf-32", "is UTF-32 text"),
     ("latin-1", "is not UTF-8: line 3 has the byte 0xfc")],
)  # fmt: skip
def test_another_encoding_is_named(own: Path, encoding: str, message: str) -> None:
    own.write_bytes(TEXT.replace("my own", "für mich").encode(encoding))
    with pytest.raises(UsageError, match=message):
        load_benchmark(str(own))


def test_a_byte_order_mark_is_no_part_of_the_text(own: Path) -> None:
    before = load_benchmark(str(own)).hash
    own.write_text(TEXT, encoding="utf-8-sig")
    assert load_benchmark(str(own)).hash == before


def test_unknown_names_suggest_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'imagenet-pixel1'"):
        load_benchmark("imagnet-pixel1")
    with pytest.raises(UsageError, match="there is no benchmark file"):
        load_benchmark(str(tmp_path / "no.toml"))
    own_space = TEXT.replace("mnasnet-anb", "mnasnet-abn")
    path = tmp_path / "b.toml"
    path.write_text(own_space.replace("accuracy.json", "b.toml").replace("latency.json", "b.toml"))
    with pytest.raises(UnknownNameError, match="did you mean 'mnasnet-anb'"):
        load_benchmark(str(path)).build()


NARROW = """
name = "narrow"
version = 1

[space]
name = "mnasnet"
depth_multiplier = 0.35

[accuracy]
evaluator = "training"
data = "digits"
width = 0.25

[latency]
evaluator = "pixel1"
model = "pixel1-tunas.json"

[objective]
form = "soft"
target_ms = 22

[reference_point]
accuracy = 0.1
latency_ms = 298
"""


def test_the_width_of_a_space_has_one_hash_under_both_its_names(tmp_path: Path) -> None:
    """The hash is that of before the option was renamed, so that old studies go on."""
    path = tmp_path / "narrow.toml"
    path.write_text(NARROW)
    old = read_benchmark(path)
    path.write_text(NARROW.replace("depth_multiplier", "width"))
    new = read_benchmark(path)
    assert old.hash == "6024000309d3b46ef47c449ede7b73e22e8318baa0a9c00a39b9028865bda0de"
    assert new == old
    assert new.record() == old.record()
    assert new.record()["space"]["options"] == {"depth_multiplier": 0.35}
    assert new.space.options == {"width": 0.35}
    space = new.build().space
    assert space.options == {"depth_multiplier": 0.35}
    assert build_space("mnasnet", space.options).options == space.options
    path.write_text(NARROW.replace("depth_multiplier = 0.35", "depth_multiplier = 1\nwidth = 1"))
    with pytest.raises(UsageError, match=r"depth_multiplier, its old name; give width"):
        read_benchmark(path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("accuracy", "has no 'label'; an accuracy evaluator has label, fidelity, accuracy"),
        ("latency", "has no 'label'; a latency evaluator has label, device, kind, latency"),
    ],
)
def test_what_an_evaluator_lacks_is_named(own: Path, kind: str, words: str) -> None:
    (own.parent / "bare.py").write_text("class Bare:\n    pass\n")
    built_in = {"accuracy": "surrogate", "latency": "pixel1"}[kind]
    lines = TEXT.replace("noise_sd = 0.01\n", "").replace(f'model = "{kind}.json"\n', "")
    own.write_text(lines.replace(f'"{built_in}"', '"bare.py:Bare"'))
    with pytest.raises(UsageError, match=words):
        read_benchmark(own).build()
