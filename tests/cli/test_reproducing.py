from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_figure_3(command: Callable[..., Any], tmp_path: Path) -> None:
    result = command("reproduce", "figure3", "--out", tmp_path, "--json").json
    soft = dict(zip(result["latency_ms"], result["soft"], strict=True))
    hard = dict(zip(result["latency_ms"], result["hard"], strict=True))
    # Tan et al. 2019, Fig. 3
    assert (soft[20], soft[160]) == (
        pytest.approx(0.5510, abs=5e-5),
        pytest.approx(0.4763, abs=5e-5),
    )
    assert (hard[80], hard[100]) == (0.5, 0.4)
    assert (tmp_path / "figure3.png").read_bytes().startswith(b"\x89PNG")
    assert "0.4923" in command("reproduce", "figure3").out  # soft at 100 ms


def test_figure_6_in_small(command: Callable[..., Any], tmp_path: Path) -> None:
    arguments = (
        "reproduce", "figure6", "--strategies", "regularized-evolution", "--seeds", 3,
        "--samples", 300, "--out", tmp_path,
    )  # fmt: skip
    result = command(*arguments, "--json").json
    part = result["strategies"]["regularized-evolution"]
    assert [check["check"] for check in part["checks"]] == [1, 2, 3, 4, 5]
    for check in part["checks"]:
        assert check["answer"] in ("yes", "no", "undecided")
        assert len(check["per_seed"]) == 3
        low, high = check["ci95"]
        assert low <= check["mean"] <= high
    for other in part["target_invariance"]["others"]:
        ratio = other["reward_ratio"]
        wanted = (other["target_ms"] / 75.0) ** 0.07
        assert ratio["least"] == pytest.approx(wanted, rel=1e-12)
        assert ratio["greatest"] == pytest.approx(wanted, rel=1e-12)
        # evolution looks at ranks alone, so the target cannot move it
        assert other["runs_with_identical_proposals"] == 3
    assert (tmp_path / part["picture"]).read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "figure6.json").read_text()) == result
    text = command(*arguments).out  # goes on with the finished study, so it is quick
    assert "section 7.1" in text


def test_asynchrony_in_small(command: Callable[..., Any], tmp_path: Path) -> None:
    arguments = (
        "reproduce", "asynchrony", "--strategies", "regularized-evolution", "--seeds", 2,
        "--samples", 150, "--out", tmp_path,
    )  # fmt: skip
    result = command(*arguments, "--json").json
    rows = {row["strategy"]: row for row in result["strategies"]}
    assert set(rows) == {"random", "regularized-evolution"}  # random sets the target
    # what random search samples does not depend on who waits for what
    assert rows["random"]["reward_lost"] == 0
    for row in rows.values():
        assert 8 < row["days_whole_1"] / row["days_whole_16"] <= 16
        assert row["reached_1"] >= 1
    assert "target reward" in command(*arguments).out
    assert len((tmp_path / "asynchrony.csv").read_text().splitlines()) == 3
