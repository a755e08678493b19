from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.cli.shared.start_from_option import starting_points
from nasbench_mobile.errors import UsageError
from nasbench_mobile.studies.study import Study

SMALL = ("--strategies", "regularized-evolution", "--seeds", 1, "--budget", 30, "--jobs", 1)


def test_start_from_a_model_and_from_a_study(command: Callable[..., Any], tmp_path: Path) -> None:
    first = tmp_path / "first"
    assert (
        command("compare", *SMALL, "--start-from", "efficientnet-b0-blocks", "--out", first).code
        == 0
    )
    (log,) = first.glob("runs/*/*.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines[:3]] == ["header", "start", "tell"]
    assert lines[1]["proposals"][0][0] == -1
    second = tmp_path / "second"
    assert command("compare", *SMALL, "--start-from", first, "--out", second).code == 0
    (log,) = second.glob("runs/*/*.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines[1]["proposals"]) == 10
    rewards = [trial["reward"] for trial in lines[2]["trials"]]
    assert rewards == sorted(rewards, reverse=True)
    assert command("report", second).code == 0


def test_a_study_is_started_from_by_its_full_trainings(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    benchmark = "imagenet-pixel1-curves"
    halving = (
        "compare", "--benchmark", benchmark, "--strategies", "successive-halving", "--jobs", 1,
        "--seeds", 2,
    )  # fmt: skip
    first, short = tmp_path / "first", tmp_path / "short"
    command(*halving, "--budget", 8, "--out", first)
    full = [
        trial for run in Study.open(first).runs() for trial in run.trials
        if trial.proposal.fidelity == 1.0
    ]  # fmt: skip
    assert len(full) >= 2
    wanted = sorted(full, key=lambda trial: -(trial.reward or 0.0))
    found = starting_points(str(first), load_benchmark(benchmark))
    assert list(found) == [trial.tokens for trial in wanted][:10]
    command(*halving, "--budget", 1, "--out", short)
    with pytest.raises(UsageError, match="has trained nothing in full"):
        starting_points(str(short), load_benchmark(benchmark))


def test_a_start_that_cannot_be_is_a_usage_error(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    for arguments, message in (
        (("--start-from", "mnasnet-a11"), "did you mean 'mnasnet-a1'"),
        (("--start-from", "mnasnet-a1"), "mnasnet-anb"),  # not of that space
        (("--strategies", "random", "--start-from", "efficientnet-b0-blocks"), "cannot start"),
    ):
        result = command("compare", *SMALL, *arguments, "--out", tmp_path / "s")
        assert result.code == 2, result.out
        assert message in result.err
        assert not (tmp_path / "s").exists()
