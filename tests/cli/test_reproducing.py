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
    assert [claim["status"] for claim in result["claims"]] == ["exact", "exact"]
    assert "0.4923" in command("reproduce", "figure3", "--out", tmp_path).out  # soft at 100 ms


def test_figure_6_in_small(command: Callable[..., Any], tmp_path: Path) -> None:
    arguments = (
        "reproduce", "figure6", "--strategies", "regularized-evolution", "--seeds", 2,
        "--samples", 150, "--out", tmp_path,
    )  # fmt: skip
    result = command(*arguments, "--json").json
    part = result["strategies"]["regularized-evolution"]
    assert [check["check"] for check in part["checks"]] == [1, 2, 3, 4, 5]
    for check in part["checks"]:
        assert check["answer"] in ("yes", "no", "undecided")
        assert len(check["per_seed"]) == 2
        assert check["ci95"] is None  # two seeds give no interval
    for other in part["target_invariance"]["others"]:
        ratio = other["reward_ratio"]
        wanted = (other["target_ms"] / 75.0) ** 0.07
        assert ratio["least"] == pytest.approx(wanted, rel=1e-12)
        assert ratio["greatest"] == pytest.approx(wanted, rel=1e-12)
        # evolution looks at ranks alone, so the target cannot move it
        assert other["runs_with_identical_proposals"] == 2
    assert (tmp_path / part["picture"]).read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "figure6.json").read_text()) == result
    again = command(*arguments)  # finished, so it is kept
    assert "section 7.1" in again.out
    assert "kept" in again.err
    refused = command(*arguments[:-4], "--samples", 151, "--out", tmp_path)
    assert refused.code == 2
    assert "samples differ" in refused.err


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


def test_list_knows_every_experiment_and_claim(command: Callable[..., Any]) -> None:
    rows = {row["name"]: row for row in command("reproduce", "list", "--json").json}
    assert {"table1", "figure2", "table6", "search-algorithms", "figure6-extended"} <= set(rows)
    for row in rows.values():
        assert row["title"]
        assert row["status"] in ("run", "not run")
        assert row["claims"] or row["name"] in ("figure6-extended", "asynchrony")
    shown = command("reproduce", "list").out
    assert all(name in shown for name in rows)


def test_several_at_once_and_a_report(command: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("reproduce", "consistency", "table1", "figure2", "--out", tmp_path, "--json")
    found = command(*arguments).json["experiments"]
    assert list(found) == ["consistency", "table1", "figure2"]
    page = (tmp_path / "report.html").read_text()
    assert "MobileNetV2 (1.4x)" in page
    assert "not run" in page  # the claims of the others
    assert (tmp_path / "claims.csv").is_file()
    assert (tmp_path / "table1.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("tabel1",), "did you mean 'table1'"),
        (("figure3", "--seeds", "3"), "--seeds means nothing to figure3"),
        (("table1", "--device", "phone"), "known are host and android:SERIAL"),
        (("list", "table1"), "stands alone"),
    ],
)
def test_mistakes_are_named(
    command: Callable[..., Any], arguments: tuple[str, ...], complaint: str
) -> None:
    result = command("reproduce", *arguments)
    assert result.code == 2
    assert complaint in result.err
