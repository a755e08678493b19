"""Ctrl-C, as a terminal sends it: to the driver and all its workers at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasbench_mobile.store import read_log, same_run
from nasbench_mobile.study import Study

COMMAND = "from nasbench_mobile.cli import main; main()"
ARGUMENTS = ("--strategies", "random,regularized-evolution", "--seeds", "2", "--budget", "3000")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # its own process group, so that the signal reaches it alone
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no process groups to signal")
def test_ctrl_c_leaves_a_study_that_resumes_to_the_same_logs(tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert start("compare", *ARGUMENTS, "--out", str(whole)).wait() == 0
    driver = start("compare", *ARGUMENTS, "--out", str(stopped))
    while driver.poll() is None and not list(stopped.glob("runs/*/*.jsonl")):
        time.sleep(0.005)
    os.killpg(driver.pid, signal.SIGINT)
    _, said = driver.communicate(timeout=60)
    assert driver.returncode == 130, said
    assert f"nasbench-mobile resume {stopped}" in said
    assert "Traceback" not in said
    study = Study.open(stopped)
    ended = [read_log(task.log).end for task in study.tasks() if task.log.exists()]
    assert None in ended or len(ended) < 4  # it was stopped in the middle
    again = start("resume", str(stopped))
    assert again.wait() == 0
    pairs = zip(Study.open(whole).tasks(), study.tasks(), strict=True)
    assert all(same_run(a.log, b.log) for a, b in pairs)
