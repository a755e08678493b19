"""`collect`, on digits: real trainings, of networks too small to learn much."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.collecting.members import every_architecture, optimum
from nasbench_mobile.runs.event_log import read_run
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.tables.writing import write_table
from nasbench_mobile.types import Failure

Command = Callable[..., Any]
Make = Callable[..., Any]
TINY = (
    "--data", "digits", "--width", 0.1, "--train-images", 80, "--validation-images", 20,
    "--epochs", 1, "--set", "batch_size=8", "--stem-stride", 1,
)  # fmt: skip
COARSE = ("--space", "mnasnet-coarse", *TINY)


def accuracies(folder: Path) -> dict[Any, float | None]:
    return {key: row.accuracy for key, row in read_table(folder).by_key.items()}


def test_collect_goes_on_and_grows(command: Command, tmp_path: Path) -> None:
    first = command("collect", *COARSE, "--count", 2, "--out", tmp_path, "--json").json
    assert (first["trained"], first["known"], first["failed"]) == (2, 0, 0)
    rows = read_table(tmp_path).rows
    for row in rows:
        assert row.tokens is not None
        assert len(row.tokens) == 42
        assert row.history == (row.accuracy,)
        assert row.latency_ms["pixel1"] > 10  # type: ignore[operator]
        assert row.multiply_adds > 5e7  # of the full-size network, not of the proxy
        assert row.cost_s > 0
    assert list((tmp_path / "trainings").iterdir()) == []
    more = command(
        "collect", *COARSE, "--count", 3, "--repeat-first", 1, "--repeat-seeds", 2,
        "--out", tmp_path, "--json",
    ).json  # fmt: skip
    assert (more["trained"], more["known"], more["rows"]) == (2, 2, 4)
    assert read_table(tmp_path).rows[:2] == rows
    assert [row.seed for row in read_table(tmp_path).rows] == [0, 0, 0, 1]
    again = command("collect", *COARSE, "--count", 3, "--out", tmp_path)
    assert "0 trainings done" in again.out
    sessions = read_table(tmp_path).sessions
    assert [session["rows_before"] for session in sessions] == [0, 2]
    assert sessions[0]["options"]["count"] == 2
    assert sessions[0]["versions"]["torch"]


def test_shards_merge_to_what_one_machine_collects(command: Command, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("whole", "one", "two", "merged")]
    whole, one, two, merged = folders
    assert command("collect", *COARSE, "--count", 3, "--out", whole).code == 0
    for part, folder in ((1, one), (2, two)):
        done = command("collect", *COARSE, "--count", 3, "--shard", f"{part}/2", "--out", folder)
        assert done.code == 0
    facts = command("collect", "merge", one, two, "-o", merged, "--json").json
    assert (facts["networks"], facts["trainings"]) == (3, 3)
    assert accuracies(merged) == accuracies(whole)
    assert "is there already" in command("collect", "merge", one, "-o", merged).err


def test_people_see_each_training(command: Command, tmp_path: Path) -> None:
    done = command("collect", *TINY, "--count", 1, "--around", "mnasnet-a1", "--around-share", 1,
                   "--out", tmp_path)  # fmt: skip
    assert done.code == 0
    read, first, row = done.err.splitlines()  # no terminal: plain lines, the first at once
    assert read.startswith("digits: 459 images of 10 classes (0, 1, 2 and 7 more); 80 to train on")
    assert first.startswith("1 training of 1 epoch on digits")
    assert first.endswith(f"1 at a time; into {tmp_path}")
    assert row.startswith("1/1 around")
    assert "1 trainings done" in done.out


def test_a_last_feature_map_of_one_pixel_is_hinted_at(command: Command, tmp_path: Path) -> None:
    small = (*TINY, "--stem-stride", 2, "--count", 1, "--out", tmp_path)
    assert "hint: 32 px leave a last feature map of 1 pixel" in command("collect", *small).err
    assert command("collect", *small).err.count("\n") == 1  # nothing is left to do but to read


def test_a_shortened_warmup_is_said_and_kept_in_the_table(command: Command, tmp_path: Path) -> None:
    done = command("collect", *TINY, "--recipe", "full", "--count", 1, "--out", tmp_path)
    assert done.code == 0
    assert "hint: warm-up is 0.1 of 1 epoch," in done.err
    header = json.loads((tmp_path / "table.jsonl").read_text().splitlines()[0])
    assert header["training"]["recipe"]["warmup_epochs"] == pytest.approx(0.1)


def test_a_failed_training_is_a_row(command: Command, tmp_path: Path) -> None:
    slow = (*COARSE, "--count", 1, "--out", tmp_path, "--json")
    assert command("collect", *slow, "--time-limit-s", 0.001).json["failed"] == 1
    [row] = read_table(tmp_path).failures
    assert "longer than" in str(row.failure)
    assert command("collect", *slow).json["trained"] == 0
    assert command("collect", *slow, "--retry-failed").json["trained"] == 1
    assert read_table(tmp_path).failures == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give --out FOLDER"),
        (("--out", "OUT"), "nothing is to be trained"),
        (("--count", 1, "--data", "nowhere", "--out", "OUT"), "there is no data at nowhere"),
        (("--count", 1, "--space", "nowhere", "--out", "OUT"), "unknown space"),
        (("--count", 1, "--shard", "3/2", "--out", "OUT"), "shard is '3/2'"),
        (("--count", 1, "--set", "batchsize=3", "--out", "OUT"), "unknown recipe option"),
        (("--count", 1, "--latency", "sundial", "--out", "OUT"), "known are pixel1"),
        (("--count", 1, "--latency", "host", "--jobs", 2, "--out", "OUT"), "disturbed"),
        (("--count", 1, "--around", "mnasnet-a9", "--out", "OUT"), "unknown model"),
        (("--count", 1, "--stem-stride", 2, "--train-images", 17, "--out", "OUT"), "needs 2"),
    ],
)
def test_mistakes_are_named(
    command: Command, tmp_path: Path, options: tuple[Any, ...], said: str
) -> None:
    given = [tmp_path / "t" if option == "OUT" else option for option in options]
    done = command("collect", *TINY, *given)
    assert done.code == 2
    assert said in done.err


def test_another_recipe_is_refused(command: Command, tmp_path: Path, synthetic_table: Make) -> None:
    write_table(tmp_path / "table.jsonl", synthetic_table(1))
    done = command("collect", *COARSE, "--count", 1, "--out", tmp_path)
    assert done.code == 2
    assert "training.recipe.name is 'proxy' in this command and 'synthetic' in" in done.err


DIES = """
import os, signal, sys
from nasbench_mobile.cli import main
from nasbench_mobile.tables.writing import TableWriter
from nasbench_mobile.training.trainer import Training

holder, name = {"epoch": (Training, "_save"), "row": (TableWriter, "row")}[sys.argv.pop(1)]
before = getattr(holder, name)

def and_die(*arguments):
    before(*arguments)
    os.killpg(0, signal.SIGKILL)

setattr(holder, name, and_die)
if __name__ == "__main__":
    main()
"""
"""`nasbench-mobile`, killed with its workers once an epoch is saved or a row is written."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_in_a_training_it_goes_on_to_the_same_table(
    command: Command, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    options = ("collect", *COARSE, "--epochs", 2, "--count", 3)
    assert command(*options, "--out", whole).code == 0
    # Alone, after the first epoch; then the driver of two, the second of which is at work.
    for event, rows in (("epoch", 0), ("row", 1)):
        words = [event, *options, "--out", killed, "--jobs", 1 + rows]
        line = [sys.executable, "-c", DIES, *map(str, words)]
        assert subprocess.run(line, start_new_session=True, check=False).returncode == -9
        assert len(read_table(killed).rows) == rows
    assert command(*options, "--out", killed).code == 0
    assert accuracies(killed) == accuracies(whole)


BENCHMARK = """
name = "mine"
version = 1
title = "a table of synthetic accuracies"

[space]
name = "mnasnet-coarse"

[accuracy]
evaluator = "tabular"
model = "mine.jsonl"

[latency]
evaluator = "pixel1"
model = "pixel1-tunas.json"

[objective]
form = "hard"
target_ms = 60.0

[reference_point]
accuracy = 0.1
latency_ms = 200.0
"""


@pytest.fixture
def benchmark_file(command: Command, tmp_path: Path, synthetic_table: Make) -> Path:
    """A benchmark on a synthetic table of all of `mnasnet-coarse`, made by `collect card`."""
    space = MnasNetCoarseSpace()
    tokens = [architecture.home.tokens for architecture in every_architecture(space)]
    write_table(tmp_path / "table.jsonl", synthetic_table(tokens=tokens))
    place = tmp_path / "benchmark"
    card = command(
        "collect", "card", tmp_path, "--name", "mine", "--space", space.name, "--out", place
    )
    assert card.code == 0
    (place / "mine.toml").write_text(BENCHMARK)
    return place / "mine.toml"


def test_a_card_keeps_an_earlier_table_unless_forced(
    command: Command, tmp_path: Path, synthetic_table: Make
) -> None:
    write_table(tmp_path / "table.jsonl", synthetic_table())
    place = tmp_path / "benchmark"
    card = ("collect", "card", tmp_path, "--name", "mine", "--out", place)
    assert command(*card).code == 0
    written = (place / "mine.jsonl").read_bytes()
    (place / "mine.md").write_text("with notes of mine")
    (place / "mine.jsonl").unlink()
    refused = command(*card)
    assert refused.code == 2
    assert f"{place / 'mine.md'} is there already" in refused.err
    assert (place / "mine.md").read_text() == "with notes of mine"
    assert command(*card, "--force").code == 0
    assert (place / "mine.jsonl").read_bytes() == written
    assert (place / "mine.md").read_text() != "with notes of mine"


def test_a_table_is_a_benchmark_whose_optimum_is_known(
    command: Command, tmp_path: Path, benchmark_file: Path
) -> None:
    best = optimum(load_benchmark(str(benchmark_file)).build())
    assert (best["architectures"], best["failed"]) == (108, 0)
    out = tmp_path / "study"
    done = command(
        "compare", "--benchmark", benchmark_file, "--strategies",
        "random-without-repeats,local-search", "--seeds", 1, "--budget", 108, "--jobs", 1,
        "--out", out, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    runs = [read_run(path) for path in out.glob("runs/**/*.jsonl")]
    assert len(runs) == 2
    for run in runs:
        rewards = [trial.reward for trial in run.trials if trial.reward is not None]
        assert max(rewards) <= best["reward"]
    exhaustive = next(r for r in runs if r.header.strategy.name == "random-without-repeats")
    assert max(t.reward or 0.0 for t in exhaustive.trials) == best["reward"]


def test_the_card_says_what_the_table_is(command: Command, benchmark_file: Path) -> None:
    card = benchmark_file.with_suffix(".md").read_text()
    assert "108 architectures of the space `mnasnet-coarse`, a part of `mnasnet`" in card
    assert "**A pilot**" in card
    assert "The noise of one training is" in card
    assert max(len(line) for line in card.splitlines() if not line.startswith("|")) <= 100
    facts = command("collect", "card", benchmark_file.with_suffix(".jsonl"), "--json").json
    assert facts["seeds"] == {"1": 88, "3": 20}
    assert facts["noise"]["seed_sd_interval"][0] < 0.004 < facts["noise"]["seed_sd_interval"][1]


def test_noise_of_a_part(command: Command, benchmark_file: Path) -> None:
    table = benchmark_file.with_suffix(".jsonl")
    record = command("collect", "noise", table, "--space", "mnasnet-coarse", "--json").json
    assert record["architectures"] == 108
    assert "of the spread" in command("collect", "noise", table).out


def test_a_table_without_spread_is_said_to_be_noise(
    command: Command, tmp_path: Path, synthetic_table: Make
) -> None:
    write_table(tmp_path / "t.jsonl", synthetic_table(30, accuracy=lambda _: 0.5, noise=0.02))
    said = command("collect", "noise", tmp_path / "t.jsonl").out
    assert "more than the third that is tolerated" in " ".join(said.split())
    assert "infinity" in said


def test_latencies_are_added_without_training(command: Command, benchmark_file: Path) -> None:
    table = benchmark_file.with_suffix(".jsonl")
    before = read_table(table)
    assert command("collect", "price", table, "--latency", "pixel1", "--json").json["latency"] == [
        "pixel1"
    ]
    after = read_table(table)
    assert after.header.latency["pixel1"]["kind"] == "estimate"
    assert [row.accuracy for row in after.rows] == [row.accuracy for row in before.rows]
    best = optimum(load_benchmark(str(benchmark_file)).build())
    space = MnasNetCoarseSpace()
    tokens = space.embed(tuple(best["tokens"]))
    assert after.architectures()[tokens][0].latency_ms["pixel1"] == pytest.approx(
        best["latency_ms"]
    )


def test_the_best_trained_anew_is_ranked_in_the_table(
    command: Command, tmp_path: Path, benchmark_file: Path, synthetic_table: Make
) -> None:
    """Synthetic accuracies again: the best, the worst, and what must not be compared."""
    space, problem = MnasNetCoarseSpace(), load_benchmark(str(benchmark_file)).build()
    best = space.embed(tuple(optimum(problem)["tokens"]))
    every = list(every_architecture(space))
    rewards = [o.reward for o in problem.evaluate(every) if not isinstance(o, Failure)]
    worst = every[rewards.index(min(rewards))].home.tokens
    table = synthetic_table(tokens=[best, worst], noise=0.0)
    fresh = tuple(replace(row, seed=row.seed + 3) for row in table.rows)
    write_table(tmp_path / "again.jsonl", replace(table, rows=fresh))
    rank = ("collect", "retrained", tmp_path / "again.jsonl", "--benchmark")
    first, last = command(*rank, benchmark_file, "--json").json["architectures"]
    assert (first["seeds"], first["in_top"]) == (3, True)
    assert first["better_share"] < 0.1 < 0.5 < last["better_share"]
    assert not last["in_top"]
    assert "better share" in command(*rank, benchmark_file).out
    assert "no table" in command(*rank, "imagenet-pixel1").err
    write_table(tmp_path / "again.jsonl", table)
    assert "train with other seeds" in command(*rank, benchmark_file).err
    longer = replace(table.header, training={**table.header.training, "epochs": 9.0})
    write_table(tmp_path / "again.jsonl", replace(table, header=longer, rows=fresh))
    assert "training.epochs is 1.0 in the table and 9.0" in command(*rank, benchmark_file).err


def test_given_architectures_are_trained_on_given_seeds(command: Command, tmp_path: Path) -> None:
    done = command(
        "collect", *COARSE, "--architecture", "0,0,0,0,0", "--seeds", 2, "--first-seed", 3,
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert done.json["trained"] == 2
    rows = read_table(tmp_path).rows
    assert [(row.origin, row.seed) for row in rows] == [("given", 3), ("given", 4)]
    assert rows[0].tokens == MnasNetCoarseSpace().embed((0, 0, 0, 0, 0))


def test_a_table_is_json_that_people_can_read(benchmark_file: Path) -> None:
    lines = benchmark_file.with_suffix(".jsonl").read_text().splitlines()
    assert json.loads(lines[0])["training"]["epochs"] == 1.0
    assert len(lines) == 1 + 108 + 40


def test_the_page_runs_as_it_stands(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of docs/collect.md, in order; the last asks for more than six architectures."""
    page = (Path(__file__).parents[3] / "docs" / "collect.md").read_text("utf-8")
    blocks = "".join(re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    lines = blocks.replace("\\\n", " ").splitlines()
    commands = [shlex.split(line)[2:] for line in lines if line.startswith("$ nasbench-mobile")]
    assert [words[0] for words in commands] == ["collect"] * 6 + ["fit"]
    monkeypatch.chdir(tmp_path)
    for words in commands[:-1]:
        done = command(*words)
        assert done.code == 0, done.err
    assert len(read_table(Path("out/both")).architectures()) == 6
    assert accuracies(Path("out/both")).items() <= accuracies(Path("out/table")).items()
    assert "# mine" in Path("out/benchmark/mine.md").read_text()
    refused = command(*commands[-1])
    assert refused.code == 2
    assert "6 trained architectures and a surrogate needs 300" in refused.err
