"""Commands where what made a result is in question: labels, edited files, notes, mistakes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs/examples/my_strategy.py"
MINE = "docs/examples/my_strategy.py:MyStrategy"
SMALL = ("--seeds", 3, "--budget", 30, "--jobs", 1)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's example, from where it is named by its relative path."""
    file = tmp_path / "docs/examples/my_strategy.py"
    file.parent.mkdir(parents=True)
    shutil.copy(EXAMPLE, file)
    monkeypatch.chdir(tmp_path)
    return file


def test_an_edited_file_is_refused_with_a_sentence(
    command: Callable[..., Any], example: Path
) -> None:
    given = ("compare", "--strategies", "random", "--strategy", f"mine={MINE}", *SMALL)
    first = command(*given, "--out", "out/f2", "--json").json
    assert [row["label"] for row in first["strategies"]] == ["mine", "random"]
    assert {row["name"] for row in first["strategies"]} == {MINE, "random"}
    assert first["notes"] == []
    assert command(*given, "--out", "out/f2", "--json").json == first
    example.write_text(example.read_text().replace(">= self.restart", "> self.restart"))
    for refused in (command(*given, "--out", "out/f2"), command("resume", "out/f2")):
        assert refused.code == 2
        assert refused.out == ""
        said = " ".join(refused.err.split())
        assert said.startswith(
            f"error: the code of mine ({MINE}) has changed since its runs with seeds 0, 1, 2 in "
            "out/f2, and old and new results would stand under one label. Do them again with "
            "`nasbench-mobile resume out/f2 --rerun mine`"
        )
    noted = command("report", "out/f2", "--json").json
    assert "The code of mine" in noted["notes"][0]
    assert noted["strategies"] == first["strategies"]
    random = {path: path.read_bytes() for path in Path("out/f2/runs/random").iterdir()}
    again = command(*given, "--out", "out/f2", "--rerun", "mine", "--json")
    assert "old logs lie in out/f2/replaced" in " ".join(again.err.split())
    assert again.json["notes"] == []
    assert {path: path.read_bytes() for path in Path("out/f2/runs/random").iterdir()} == random
    assert len(list(Path("out/f2/replaced").rglob("*.jsonl"))) == 3
    wrong = command("resume", "out/f2", "--rerun", "mien")
    assert wrong.code == 2
    assert "did you mean 'mine'" in wrong.err


def test_an_alias_resumes_and_reports(command: Callable[..., Any], example: Path) -> None:
    words = ("--strategy", f"It's mine, Größe 1={MINE}:restart=0.3", "--strategy", f"mine={MINE}")
    done = command("compare", *words, *SMALL, "--out", "out/a", "--json").json
    labels = {row["label"] for row in done["strategies"]}
    assert labels == {"It's mine, Größe 1", "mine"}  # and no strategies that were not asked for
    folders = {path.name for path in Path("out/a/runs").iterdir()}
    assert "mine" in folders
    assert all(folder.isascii() and len(folder) < 60 for folder in folders)
    [log] = Path("out/a/runs").glob("It_s*/seed-0001.jsonl")
    whole = log.read_bytes()
    log.write_bytes(b"".join(whole.splitlines(keepends=True)[:9]))
    half = command("report", "out/a", "--json").json
    rows = {row["label"]: row for row in half["strategies"]}
    assert [run["seed"] for run in rows["It's mine, Größe 1"]["incomplete"]] == [1]
    resumed = command("resume", "out/a", "--jobs", 1, "--json").json
    assert [row["best_reward"] for row in resumed["strategies"]] == [
        row["best_reward"] for row in done["strategies"]
    ]
    header = json.loads(log.read_bytes().splitlines()[0])
    assert header["strategy"]["alias"] == "It's mine, Größe 1"
    assert header["strategy"]["options"] == {"restart": 0.3}


def test_both_options_give_strategies_in_their_order(
    command: Callable[..., Any], example: Path
) -> None:
    words = (
        "--strategy",
        "z=random",
        "--strategies",
        "local-search,random",
        "--strategy",
        "a=nsga2",
    )
    small = ("--seeds", 1, "--budget", 5, "--jobs", 1)
    command("compare", *words, *small, "--out", "out/o", "--json")
    manifest = json.loads(Path("out/o/study.json").read_text())
    said = [spec.get("alias", spec["name"]) for spec in manifest["strategies"]]
    assert said == ["local-search", "random", "z", "a"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strategy", "random"], "write LABEL=SPEC"),
        (["--strategy", "a=random,ppo"], "write LABEL=SPEC"),
        (["--strategy", "random=random", "--strategies", "random"], "'random' is listed twice"),
        (["--strategy", "a=random", "--strategy", "a=ppo"], "'a' is listed twice"),
        (["--strategy", "a\nb=random"], "cannot be printed"),
        (["--strategy", "a=randon"], "did you mean 'random'"),
        (["--strategy", "a=ppo:clip=(1,2)"], "option clip = (1, 2), which"),
        (["--strategy", "a=ppo:clip={1: 2}"], "its key 1 would come back as text"),
        (["--strategies", "ppo:clip=1e999"], "option clip = inf, which"),
        (["--strategies", "ppo:clip=nan"], "option clip = nan, which"),
        (["--strategies", "ppo:clip=1j"], "option clip = 1j, which"),
        (["--strategies", "ppo:clip=b'x'"], "option clip = b'x', which"),
        (["--strategies", "ppo:clip={1}"], "option clip = {1}, which"),
        (["--strategies", "ppo:clip=..."], "option clip = Ellipsis, which"),
        (["--first-seed", "4294967295", "--seeds", "2"], "a seed is 4294967296"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(
    command: Callable[..., Any], tmp_path: Path, arguments: list[str], message: str
) -> None:
    refused = command("compare", *arguments, "--budget", 5, "--out", tmp_path / "s")
    assert refused.code == 2
    assert message in " ".join(refused.err.split())
    assert "Traceback" not in refused.err
    assert not (tmp_path / "s").exists()


def test_long_and_similar_labels_run_side_by_side(
    command: Callable[..., Any], example: Path
) -> None:
    """A label of 400 characters, two that differ in case, and two that lost their difference."""
    labels = ["x" * 400, "X", "x", "é", "ü", "a/b.py:S", "a_b.py:S"]
    words = [word for label in labels for word in ("--strategy", f"{label}=random")]
    small = ("--seeds", 1, "--budget", 3, "--jobs", 1)
    summary = command("compare", *words, *small, "--out", "out/l", "--json").json
    assert {row["label"] for row in summary["strategies"]} == set(labels)
    folders = [path.name for path in Path("out/l/runs").iterdir()]
    assert len({folder.casefold() for folder in folders}) == len(labels)


def test_a_search_by_an_edited_strategy_is_refused_and_done_again(
    command: Callable[..., Any], example: Path
) -> None:
    """What it had trained is not trained again where it is proposed again."""
    pytest.importorskip("sklearn", reason="digits come with scikit-learn (extra 'train')")
    given = (
        "search", "--data", "digits", "--strategy", MINE, "--budget", 2, "--width", 0.1,
        "--train-images", 60, "--validation-images", 20, "--epochs", 1, "--set", "batch_size=6",
        "--top", 1, "--out", "out/s", "--json",
    )  # fmt: skip
    first = command(*given).json
    example.write_text(example.read_text() + "\n# edited\n")
    for words in (given, ("resume", "out/s", "--json")):
        refused = command(*words)
        assert refused.code == 2
        assert f"--rerun {MINE}`" in " ".join(refused.err.split())
    before = {path: path.stat().st_mtime_ns for path in Path("out/s/trainings").iterdir()}
    again = command("resume", "out/s", "--rerun", MINE, "--json")
    assert again.json["best"][0]["tokens"] == first["best"][0]["tokens"]
    assert {path: path.stat().st_mtime_ns for path in Path("out/s/trainings").iterdir()} == before
    assert len(list(Path("out/s/replaced").rglob("*.jsonl"))) == 1
    assert command(*given).json["best"] == again.json["best"][:1]
