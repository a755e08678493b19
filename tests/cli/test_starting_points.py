from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
