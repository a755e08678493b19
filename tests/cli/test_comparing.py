from __future__ import annotations

import csv
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark

SMALL = ("--strategies", "random,regularized-evolution", "--seeds", 2, "--budget", 60)
ONE = ("--jobs", 1)  # starting another worker takes longer than it works


def test_compare_writes_what_it_says(command: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "study"
    result = command("compare", *SMALL, "--out", out)
    assert result.code == 0, result.err
    assert "regularized-evolution" in result.out
    assert "too few to test" in result.out
    summary = json.loads((out / "summary.json").read_text())
    assert summary["benchmark"] == "imagenet-pixel1@1"
    assert len(summary["benchmark_hash"]) == 64
    for row in summary["strategies"]:
        assert row["seeds"] == [0, 1]
        assert row["budget"] == 60
        assert set(row["best_reward"]) >= {"median", "iqm", "ci95"}
        assert set(row["hypervolume"]) >= {"median", "iqm", "ci95"}
        for key in ("name", "options", "versions", "within_target", "repeat_rate", "failed"):
            assert key in row
        assert row["ask_tell_s"] >= 0
        assert row["evaluations_per_s"] > 0
    with (out / "trials.csv").open() as file:
        assert sum(1 for _ in csv.DictReader(file)) == 2 * 2 * 60
    assert len(list((out / "runs").glob("*/seed-*.jsonl"))) == 4
    assert len(list((out / "plots").glob("*.png"))) == 4
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert "nasbench-mobile compare --benchmark imagenet-pixel1" in page
    (out / "summary.json").unlink()
    assert command("report", out, "--json").json == summary
    again = command("resume", out, "--json").json
    assert again["strategies"] == summary["strategies"]


def test_objective_and_target_change_the_task(command: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("compare", "--strategies", "random", "--seeds", 1, "--budget", 20, *ONE)
    summary = command(
        *arguments, "--objective", "hard", "--target-ms", 50, "--json", "--out", tmp_path
    ).json
    assert summary["objective"]["name"] == "hard"
    assert summary["objective"]["target_ms"] == 50
    assert summary["benchmark_hash"] != load_benchmark("imagenet-pixel1").hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strategies", "randon"], "did you mean 'random'"),
        (["--strategies", "random:size=3"], "no option 'size'"),
        (["--strategies", "regularized-evolution:population_size=x"], "population_size is 'x'"),
        (["--benchmark", "imagenet-pixel"], "did you mean 'imagenet-pixel1'"),
        (["--budget", "0"], "budget is 0"),
        (["--seeds", "0"], "seeds is 0"),
        (["--jobs", "0"], "jobs"),
        (["--objective", "sfot"], "give soft, hard"),
        (["--target-ms", "-1"], "target_ms is -1"),
        (["--budgte", "5"], "budgte"),
    ],
)
def test_mistakes_exit_with_2_before_anything_is_written(
    command: Callable[..., Any], tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = command("compare", *arguments, "--out", tmp_path / "study")
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "study").exists()


def test_a_failing_strategy_is_reported_and_exits_with_1(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        "class Bad:\n"
        "    '''A strategy that fails.'''\n"
        "    def __init__(self, decisions, seed, budget): pass\n"
        "    def ask(self, count): raise ValueError('no idea')\n"
        "    def tell(self, trials): pass\n"
    )
    result = command(
        "compare", "--strategies", f"random,{file}:Bad", "--seeds", 1, "--budget", 5,
        *ONE, "--out", tmp_path / "s",
    )  # fmt: skip
    assert result.code == 1
    assert "ask(1) raised ValueError: no idea" in " ".join(result.err.split())
    assert "random" in result.out


def test_a_benchmark_that_does_not_fit_together_fails_with_its_reason(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    text = Path(__file__).parents[2].joinpath("nasbench_mobile/benchmarks/imagenet-pixel1.toml")
    file = tmp_path / "mine.toml"
    file.write_text(text.read_text().replace('name = "mnasnet-anb"', 'name = "mnasnet"'))
    result = command(
        "compare", "--benchmark", file, "--strategies", "random", "--seeds", 1, "--budget", 5,
        *ONE, "--out", tmp_path / "s",
    )  # fmt: skip
    assert result.code == 1
    assert "was fitted to space 'mnasnet-anb'" in " ".join(result.err.split())


def test_trials_that_all_failed_are_no_success(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from nasbench_mobile.types import Failure\n\n\nclass Broken:\n"
        '    label, fidelity = "broken", None\n\n'
        "    def accuracy(self, architectures):\n"
        '        return [Failure("no luck") for _ in architectures]\n'
    )
    text = resources.files("nasbench_mobile.benchmarks") / "imagenet-pixel1.toml"
    file = tmp_path / "mine.toml"
    file.write_text(
        text.read_text()
        .replace('evaluator = "surrogate"', 'evaluator = "broken.py:Broken"')
        .replace('model = "imagenet-anb-ridge.json"\n', "", 1)
    )
    result = command(
        "compare", "--benchmark", file, "--strategies", "random", "--seeds", 1, "--budget", 16,
        *ONE, "--out", tmp_path / "s",
    )  # fmt: skip
    assert result.code == 1
    assert "16 of 16 trials failed; most often: no luck" in " ".join(result.err.split())


@pytest.mark.parametrize("name", ["compare", "resume", "report", "reproduce", "list", "describe",
                                  "explain", "fit accuracy", "fit latency"])  # fmt: skip
def test_every_command_has_help_with_an_example(command: Callable[..., Any], name: str) -> None:
    result = command(*name.split(), "--help")
    assert result.code == 0
    assert f"nasbench-mobile {name.split()[0]}" in result.out
    assert "Example" in result.out
