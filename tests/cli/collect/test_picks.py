"""Whether a comparison's verdict survives another training: `--picks`, on synthetic accuracies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.collecting.members import members, optimum
from nasbench_mobile.collecting.picks import Pick, picks, retrained_strategies
from nasbench_mobile.errors import UsageError
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.studies.study import Study
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.tables.writing import write_table

Command = Callable[..., Any]
Make = Callable[..., Any]
TOML = """\
name = "mine"
version = 1
title = "synthetic accuracies"
space = { name = "mnasnet-coarse" }
accuracy = { evaluator = "tabular", model = "mine.jsonl" }
latency = { evaluator = "pixel1", model = "pixel1-tunas.json" }
objective = { form = "soft", target_ms = 60.0 }
reference_point = { accuracy = 0.2, latency_ms = 300.0 }
"""


@pytest.fixture
def study(command: Command, tmp_path: Path, synthetic_table: Make) -> Path:
    """Six seeds of local and of random search on a table of all of the space."""
    table = synthetic_table(tokens=sorted(members(MnasNetCoarseSpace())))
    write_table(tmp_path / "mine.jsonl", table)
    (tmp_path / "mine.toml").write_text(TOML)
    done = command(
        "compare", "--benchmark", tmp_path / "mine.toml", "--strategies", "random,local-search",
        "--seeds", 6, "--budget", 25, "--out", tmp_path / "study", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    return tmp_path / "study"


def test_picks_trained_anew_say_which_strategy_was_better(
    command: Command, study: Path, tmp_path: Path
) -> None:
    space = MnasNetCoarseSpace()
    chosen = picks(space, Study.open(study).runs())
    runs = {(pick.strategy, pick.seed) for pick in chosen}
    assert runs == {
        (strategy, seed) for strategy in ("random", "local-search") for seed in range(6)
    }
    assert len(chosen) == 12
    best = space.embed(
        tuple(optimum(load_benchmark(str(tmp_path / "mine.toml")).build())["tokens"])
    )
    assert best in {pick.tokens for pick in chosen if pick.strategy == "local-search"}
    table = read_table(tmp_path / "mine.jsonl")
    wanted = {pick.tokens for pick in chosen}
    fresh = tuple(replace(row, seed=row.seed + 3) for row in table.rows if row.tokens in wanted)
    write_table(tmp_path / "again.jsonl", replace(table, rows=fresh))
    rank = (
        "collect", "retrained", tmp_path / "again.jsonl", "--benchmark", tmp_path / "mine.toml",
        "--picks", study,
    )  # fmt: skip
    found = command(*rank, "--json").json
    assert {tuple(row["tokens"]) for row in found["architectures"]} == wanted
    strategies = {row["strategy"]: row for row in found["strategies"]}
    local, random = strategies["local-search"], strategies["random"]
    rewards = [row["reward"] for row in found["strategies"]]
    assert rewards == sorted(rewards, reverse=True)
    assert local["seeds"] == random["seeds"] == 6
    assert local["gain"] == pytest.approx(local["reward"] - random["reward"])
    low, high = local["gain_interval"]
    assert low <= local["gain"] <= high
    assert (random["gain"], random["p"]) == (None, None)
    assert "gain on random" in command(*rank).out
    write_table(tmp_path / "again.jsonl", replace(table, rows=fresh[:1]))
    assert "was not trained again; collect it with --picks" in command(*rank).err


def test_a_damaged_log_leaves_its_pick_out_and_says_so(
    command: Command, study: Path, tmp_path: Path
) -> None:
    space = MnasNetCoarseSpace()
    chosen = picks(space, Study.open(study).runs())
    table = read_table(tmp_path / "mine.jsonl")
    wanted = {pick.tokens for pick in chosen}
    fresh = tuple(replace(row, seed=row.seed + 3) for row in table.rows if row.tokens in wanted)
    write_table(tmp_path / "again.jsonl", replace(table, rows=fresh))
    log = next(t.log for t in Study.open(study).tasks() if t.strategy.label == "local-search")
    log.write_bytes(log.read_bytes().replace(b"tell", b"told", 1))
    rank = (
        "collect", "retrained", tmp_path / "again.jsonl", "--benchmark", tmp_path / "mine.toml",
        "--picks", study, "--json",
    )  # fmt: skip
    done = command(*rank)
    rows = {row["strategy"]: row["seeds"] for row in done.json["strategies"]}
    assert rows == {"random": 6, "local-search": 5}
    [said] = [line for line in done.err.splitlines() if str(log) in line]
    assert said.startswith("left out, its pick is not known, and its strategy is judged by fewer ")
    log.unlink()
    assert command("resume", study, "--jobs", 1).code == 0
    assert picks(space, Study.open(study).runs()) == chosen


def test_runs_of_another_space_have_no_picks_here(command: Command, study: Path) -> None:
    done = command("collect", "--picks", study, "--space", "mnasnet", "--out", study / "table")
    assert done.code == 2
    assert "give --space as it was there" in done.err
    assert not (study / "table").exists()


def test_picks_are_trained(command: Command, study: Path, tmp_path: Path) -> None:
    """A share of them, on 80 digits."""
    done = command(
        "collect", "--picks", study, "--space", "mnasnet-coarse", "--shard", "1/5", "--width", 0.1,
        "--train-images", 80, "--validation-images", 20, "--epochs", 1, "--set", "batch_size=8",
        "--stem-stride", 1, "--first-seed", 3, "--out", tmp_path / "again",
    )  # fmt: skip
    assert done.code == 0, done.err
    table = read_table(tmp_path / "again")
    chosen = {pick.tokens for pick in picks(MnasNetCoarseSpace(), Study.open(study).runs())}
    assert table.rows
    assert {(row.seed, row.origin) for row in table.rows} == {(3, "given")}
    assert {row.tokens for row in table.rows} < chosen
    assert table.sessions[0]["options"]["picks"] == "study"


def test_gains_are_of_shared_seeds_and_corrected() -> None:
    rewards = {(0,): 0.5, (1,): 0.6, (2,): 0.7}
    ranks: list[Any] = [
        {"tokens": list(tokens), "reward": reward, "table_reward": reward, "in_top": reward > 0.55}
        for tokens, reward in rewards.items()
    ]
    chosen = [Pick("random", seed, (0,)) for seed in range(8)]
    chosen += [Pick("good", seed, (2,)) for seed in range(7)]
    chosen += [Pick("better", seed, (1,)) for seed in range(8)]
    good, better, random = retrained_strategies(chosen, ranks)
    assert (good["strategy"], good["seeds"], better["seeds"]) == ("good", 7, 8)
    assert good["gain"] == pytest.approx(0.2)
    assert good["gain_interval"] == pytest.approx([0.2, 0.2])
    assert (better["p"], good["p"]) == pytest.approx((2 * 2 / 2**8, 2 * 2 / 2**8))
    assert (random["in_top"], better["in_top"]) == (0.0, 1.0)
    with pytest.raises(UsageError, match="picked by late with seed 0, was not trained again"):
        retrained_strategies([Pick("late", 0, (9,))], ranks)
