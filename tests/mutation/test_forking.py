"""Children that answer, die, run on or sleep: each a job that ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.mutation.forking import Ended, Job, run_jobs


def place(slot: Path) -> list[str]:
    print("at work")
    return [slot.name, "x" * 200_000]  # more than a pipe holds


def death(slot: Path) -> Any:
    os.kill(os.getpid(), signal.SIGTERM)


def error(slot: Path) -> Any:
    raise ValueError("no way on")


def loop(slot: Path) -> Any:
    while True:
        pass


def sleep(slot: Path) -> Any:
    time.sleep(600)


def test_each_job_ends_in_its_way(tmp_path: Path) -> None:
    slots = [tmp_path / "a", tmp_path / "b"]
    jobs = [Job(work.__name__, work, 1.0, 60.0) for work in (place, death, error, loop)]
    jobs.append(Job("sleep", sleep, 60.0, 0.2))
    ended: dict[str, Ended] = {one.name: one for one in run_jobs(jobs, slots, tmp_path)}
    assert ended["place"].answer[0] in {"a", "b"}
    assert len(ended["place"].answer[1]) == 200_000
    assert "at work" in ended["place"].output
    assert (ended["death"].answer, ended["death"].over) == (None, False)
    assert "no way on" in ended["error"].output
    assert (ended["loop"].answer, ended["loop"].over) == (None, True)
    assert ended["loop"].cpu_s > 1
    assert (ended["sleep"].answer, ended["sleep"].over) == (None, True)
