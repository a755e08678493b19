"""Whose code is run in the folder of a search: a stranger's not without being asked.

Trainings are made up, so that a search takes a second.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.plugins.code_files import code_of_file
from nasbench_mobile.runs.event_log import same_run
from tests.image_search.made_up import the_log

Command = Callable[..., Any]

RAN = """
from pathlib import Path

with (Path(__file__).parent / "ran.txt").open("a") as file:
    file.write("{what} ")

"""
FILES = {
    "my_strategy.py": RAN.format(what="strategy")
    + "from nasbench_mobile.strategies.random import RandomSearch\n\n\n"
    "class Mine(RandomSearch):\n    pass\n",
    "my_space.py": RAN.format(what="space")
    + "from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace\n\n\n"
    "class MySpace(MnasNetAnbSpace):\n    pass\n",
    "my_reward.py": RAN.format(what="objective")
    + "def root(measurement):\n    return measurement.accuracy / measurement.latency_ms**0.5\n",
}
ALL = {"strategy", "space", "objective"}


@pytest.fixture
def search(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a search with code of one's own in `code`, into `s`."""
    made_up = {"accuracy": 0.5, "cost_s": 0.0, "history": []}
    monkeypatch.setattr(TrainingAccuracy, "_train", lambda *_: dict(made_up))
    code = tmp_path / "code"
    code.mkdir()
    for name, text in FILES.items():
        (code / name).write_text(text)
    words = (
        "search", "--data", "digits", "--width", 0.1, "--epochs", 1, "--train-images", 60,
        "--validation-images", 20, "--set", "batch_size=6", "--top", 1, "--budget", 2,
        "--strategy", f"{code}/my_strategy.py:Mine", "--space", f"{code}/my_space.py:MySpace",
        "--objective", f"{code}/my_reward.py:root", "--out", tmp_path / "s",
    )  # fmt: skip
    return lambda *more: command(*words, *more)


def forget_runs(code: Path) -> None:
    """As in a new process: nothing of the code is in memory."""
    (code / "ran.txt").unlink(missing_ok=True)
    for name in [name for name in sys.modules if name.startswith("nasbench_mobile_user_")]:
        del sys.modules[name]


def ran(code: Path) -> set[str]:
    path = code / "ran.txt"
    return set(path.read_text().split()) if path.is_file() else set()


def test_code_of_ones_own_is_named_and_run(
    command: Command, search: Command, tmp_path: Path
) -> None:
    assert search().code == 0
    code = tmp_path / "code"
    for resumed in (False, True):
        forget_runs(code)
        ended = command("resume", tmp_path / "s") if resumed else search()
        assert ended.code == 0, ended.err
        for name in FILES:
            digest = code_of_file(code / name).sha256
            assert f"{code / name} (sha256 {digest}, as recorded)" in ended.err
        assert ran(code) >= {"space", "objective"}


@pytest.mark.parametrize("verb", ["search", "resume", "report"])
def test_a_strangers_search_runs_nothing_unless_trusted(
    command: Command, search: Command, tmp_path: Path, verb: str
) -> None:
    """Its code lies in its folder, and a link leads there, so that every name and hash is right."""
    assert search().code == 0
    code, home = tmp_path / "code", tmp_path / "s" / "code"
    shutil.move(code, home)
    code.symlink_to(home)
    log = the_log(tmp_path / "s")
    shutil.copy(log, tmp_path / "whole")
    if verb != "report":  # of its two candidates one is left to do
        log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    begun = log.read_bytes()
    forget_runs(home)

    def run(*more: str) -> Any:
        return search(*more) if verb == "search" else command(verb, tmp_path / "s", *more)

    refused = run()
    assert refused.code == 2
    assert "is code in the study's own folder" in refused.err
    assert "--trust" in refused.err
    assert ran(home) == set()
    assert log.read_bytes() == begun
    trusted = run("--trust")
    assert trusted.code == 0, trusted.err
    assert ran(home) >= ({"space"} if verb == "report" else ALL)
    assert same_run(log, tmp_path / "whole")


@pytest.mark.parametrize("verb", ["search", "resume"])
@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("my_strategy.py", 2, "--rerun"),
        ("my_space.py", 1, "results of two versions are never mixed"),
        ("my_reward.py", 1, "results of two versions are never mixed"),
    ],
)
def test_code_that_is_not_the_recorded_one_is_not_run(
    command: Command, search: Command, tmp_path: Path, verb: str, file: str, code: int, words: str
) -> None:
    assert search().code == 0
    path = tmp_path / "code" / file
    path.write_text(path.read_text() + "\n# edited\n")
    before = the_log(tmp_path / "s").read_bytes()
    for more in ((), ("--trust",)):
        forget_runs(tmp_path / "code")
        ended = search(*more) if verb == "search" else command(verb, tmp_path / "s", *more)
        assert ended.code == code, ended.err
        assert words in ended.err
        assert ran(tmp_path / "code") == set()
    assert the_log(tmp_path / "s").read_bytes() == before
