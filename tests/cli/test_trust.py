"""Whose code is run: a folder of a stranger's runs none without being asked."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.plugins.code_files import code_of_file
from nasbench_mobile.runs.event_log import same_run
from nasbench_mobile.studies.logged_rewards import logged_rewards
from nasbench_mobile.studies.study import Study

STRATEGY = """
from pathlib import Path
from nasbench_mobile.strategies.random import RandomSearch

with (Path(__file__).parent / "ran.txt").open("a") as file:
    file.write("strategy ")


class Mine(RandomSearch):
    pass
"""
REWARD = """
from pathlib import Path

with (Path(__file__).parent / "ran.txt").open("a") as file:
    file.write("objective ")


def root(measurement):
    return measurement.accuracy / measurement.latency_ms**0.5
"""
SPACE = """
from pathlib import Path
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace

with (Path(__file__).parent / "ran.txt").open("a") as file:
    file.write("space ")


class MySpace(MnasNetAnbSpace):
    pass
"""
TOML = """
name = "own"
version = 1

[space]
name = "my_space.py:MySpace"

[accuracy]
evaluator = "surrogate"
model = "imagenet-anb-ridge.json"
noise_sd = {noise_sd}

[latency]
evaluator = "pixel1"
model = "pixel1-tunas.json"

[objective]
name = "my_reward.py:root"
target_ms = 60.0

[reference_point]
accuracy = 0.4
latency_ms = 200.0
"""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a study with space, reward and strategy of its own, whose code lies in `where`."""
    monkeypatch.chdir(tmp_path)

    def make(command: Callable[..., Any], where: str = "code", noise_sd: float = 0.0) -> Path:
        code = tmp_path / where
        code.mkdir(parents=True, exist_ok=True)
        names = {"my_strategy.py": STRATEGY, "my_reward.py": REWARD, "my_space.py": SPACE}
        for name, text in names.items():
            (code / name).write_text(text)
        (code / "own.toml").write_text(TOML.format(noise_sd=noise_sd))
        ended = command(
            "compare", "--benchmark", code / "own.toml", "--strategies", "random",
            "--strategy", f"mine={code}/my_strategy.py:Mine", "--seeds", 2, "--budget", 8,
            "--jobs", 1, "--out", tmp_path / "made",
        )  # fmt: skip
        assert ended.code == 0, ended.err
        (code / "ran.txt").unlink()
        for name in [name for name in sys.modules if name.startswith("nasbench_mobile_user_")]:
            del sys.modules[name]  # or nothing would be run a second time
        return tmp_path / "made"

    return make


def ran(code: Path) -> set[str]:
    path = code / "ran.txt"
    return set(path.read_text().split()) if path.is_file() else set()


def strangers(study: Path, code: Path) -> Path:
    """The study as a stranger would send it: the code lies in its folder, every hash is right.

    A link leads from where it was to there, so that no name has to change.
    """
    home = study / "code"
    shutil.move(code, home)
    code.symlink_to(home)
    return home


def test_code_of_ones_own_is_named_and_run(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path
) -> None:
    """The same file as recorded, outside of the folder: nothing is asked."""
    study = made(command)
    ended = command("report", study)
    assert ended.code == 0
    space = tmp_path / "code" / "my_space.py"
    digest = code_of_file(space).sha256
    assert f"runs code for the space: {space} (sha256 {digest}, as recorded)" in ended.err
    assert ran(tmp_path / "code") == {"space"}  # rewards without noise stand in the logs
    ended = command("resume", study, "--jobs", 1)
    assert ended.code == 0
    for name in ("my_space.py", "my_reward.py", "my_strategy.py"):
        assert f"{tmp_path / 'code' / name} (sha256 " in ended.err


def test_a_report_of_a_strangers_folder_runs_nothing(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path
) -> None:
    study = made(command)
    before = json.loads((study / "summary.json").read_text())
    home = strangers(study, tmp_path / "code")
    ended = command("report", study)
    assert ended.code == 0, ended.err
    assert ran(home) == set()
    assert f"code in the study's own folder, {home / 'my_space.py'}" in ended.err
    after = json.loads((study / "summary.json").read_text())
    for row, old in zip(after["strategies"], before["strategies"], strict=True):
        for key in ("best_reward", "hypervolume", "best_within_target", "picks", "failed"):
            assert row[key] == old[key]
    assert all(row["block_string"] is None for row in after["best_architectures"])
    assert after["best_architectures"][0]["tokens"] == before["best_architectures"][0]["tokens"]
    assert command("report", study, "--trust").code == 0
    assert ran(home) == {"space"}
    told = json.loads((study / "summary.json").read_text())["best_architectures"]
    assert told == before["best_architectures"]


def test_a_strangers_reward_behind_noise_is_refused(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path
) -> None:
    study = made(command, noise_sd=0.01)
    home = strangers(study, tmp_path / "code")
    ended = command("report", study)
    assert ended.code == 2
    assert f"the objective is code in the study's own folder, {home / 'my_reward.py'}" in ended.err
    assert "--trust" in ended.err
    assert ran(home) == set()
    assert command("report", study, "--trust").code == 0
    assert "objective" in ran(home)


def test_resume_of_a_strangers_folder_is_refused_unless_trusted(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path
) -> None:
    study = made(command)
    home = strangers(study, tmp_path / "code")
    for arguments in ((), ("--rerun", "random")):
        ended = command("resume", study, *arguments)
        assert ended.code == 2
        assert "in the study's own folder" in ended.err
        assert ran(home) == set()
    assert not (study / "replaced").exists()
    [log, _] = sorted(study.glob("runs/mine/*.jsonl"))
    before = tmp_path / "before.jsonl"
    log.rename(before)
    ended = command("resume", study, "--jobs", 1, "--trust")
    assert ended.code == 0, ended.err
    assert ran(home) == {"strategy", "space", "objective"}
    assert same_run(log, before)


@pytest.mark.parametrize("file", ["my_space.py", "my_reward.py"])
def test_an_edited_part_of_a_benchmark_is_refused_before_it_runs(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path, file: str
) -> None:
    study = made(command)
    path = tmp_path / "code" / file
    path.write_text(path.read_text() + "\n# edited\n")
    for name in ("report", "resume"):
        ended = command(name, study)
        assert ended.code == 1
        assert "results of two versions are never mixed" in ended.err
        assert ran(tmp_path / "code") == set()


def test_an_edited_strategy_without_runs_needs_trust(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path
) -> None:
    """Where it has runs, the study says what to do with those; here it has none."""
    study = made(command)
    for log in study.glob("runs/mine/*.jsonl"):
        log.unlink()
    path = tmp_path / "code" / "my_strategy.py"
    recorded = code_of_file(path).sha256
    path.write_text(path.read_text() + "\n# edited\n")
    ended = command("resume", study, "--jobs", 1)
    assert ended.code == 2
    assert f"is not the one that the study recorded (sha256 {recorded})" in ended.err
    assert ran(tmp_path / "code") == set()
    ended = command("resume", study, "--jobs", 1, "--trust")
    assert ended.code == 0, ended.err
    assert f"recorded was {recorded}" in ended.err
    assert len(Study.open(study).runs()) == 4


def test_an_edited_strategy_with_runs_is_done_again_as_before(
    command: Callable[..., Any], made: Callable[..., Path], tmp_path: Path
) -> None:
    study = made(command)
    path = tmp_path / "code" / "my_strategy.py"
    path.write_text(path.read_text() + "\n# edited\n")
    ended = command("resume", study, "--jobs", 1)
    assert ended.code == 2
    assert "--rerun mine" in ended.err
    assert "strategy" not in ran(tmp_path / "code")
    assert command("resume", study, "--jobs", 1, "--rerun", "mine").code == 0


def test_logged_rewards_are_those_of_the_objective(
    command: Callable[..., Any], made: Callable[..., Path]
) -> None:
    study = Study.open(made(command))
    own = study.plan.benchmark.objective
    assert isinstance(own, OwnObjective)
    runs = study.runs()
    logged = logged_rewards(runs, own)
    assert logged is not None
    for run in runs:
        for trial, true in zip(run.trials, run.noise_free, strict=True):
            assert true is not None
            assert logged(true) == trial.reward == own(true)
