"""Ctrl-C and SIGTERM, as terminals and schedulers send them: to the driver and its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasbench_mobile.runs.event_log import has_begun, read_log, same_run
from nasbench_mobile.studies.study import Study

COMMAND = "from nasbench_mobile.cli import main; main()"
ARGUMENTS = ("--strategies", "random,regularized-evolution", "--seeds", "2", "--budget", "2000")


def _heed_ctrl_c() -> None:
    """What runs in the background of a shell inherits that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments: str) -> subprocess.Popen[str]:
    # Where coverage measures processes, it handles SIGTERM itself, and the command leaves it alone.
    measured = [name for name in os.environ if name.startswith("COVERAGE_")]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        env={name: value for name, value in os.environ.items() if name not in measured},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # its own process group, so that the signal reaches it alone
        preexec_fn=_heed_ctrl_c,
    )


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process groups to signal")


def stop(driver: subprocess.Popen[str], number: signal.Signals, once: Path, pattern: str) -> str:
    """Signal a command and its workers once files of a pattern are there; what it then said."""
    while driver.poll() is None and not list(once.glob(pattern)):
        time.sleep(0.005)
    os.killpg(driver.pid, number)
    _, said = driver.communicate(timeout=60)
    return said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("interrupting") / "whole"
    assert start("compare", *ARGUMENTS, "--out", str(folder)).wait() == 0
    return Study.open(folder)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
def test_a_stopped_study_resumes_to_the_same_logs(
    whole: Study, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    stopped = tmp_path / "stopped"
    driver = start("compare", *ARGUMENTS, "--out", str(stopped))
    said = stop(driver, number, stopped, "runs/*/*.jsonl")
    assert driver.returncode == code, said
    assert f"nasbench-mobile resume {stopped}" in said
    assert "Traceback" not in said
    study = Study.open(stopped)
    ended = [read_log(task.log).end for task in study.tasks() if has_begun(task.log)]
    assert None in ended or len(ended) < 4  # it was stopped in the middle
    assert start("resume", str(stopped)).wait() == 0
    pairs = zip(whole.tasks(), study.tasks(), strict=True)
    assert all(same_run(a.log, b.log) for a, b in pairs)


TRAINING = ("--data", "digits", "--epochs", "200", "--width", "0.2", "--train-images", "64")


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (("train", "mnasnet-small"), "checkpoint.pt"),
        (("search", "--budget", "2"), "trainings/*.pt"),
        pytest.param(
            ("collect", "--count", "3", "--jobs", "2"),
            "trainings/*.pt",
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_sigterm_ends_trainings_with_a_line_that_says_how_to_go_on(
    tmp_path: Path, arguments: tuple[str, ...], written: str
) -> None:
    out = tmp_path / "out"
    driver = start(*arguments, *TRAINING, "--out", str(out))
    said = stop(driver, signal.SIGTERM, out, written)
    assert driver.returncode == 143, said
    assert "Traceback" not in said
    assert "stopped; " in said
    assert "same command" in said
    assert list(out.glob(written))  # from which it goes on
