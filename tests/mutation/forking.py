"""Work in children forked from a process that has the libraries loaded, some at a time."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MEMORY_BYTES = 12 * 2**30
"""Address space of a child: a change may ask for any amount."""


@dataclass(frozen=True)
class Job:
    """What a child does: `work` gives a value that JSON can hold. Limits are of a process."""

    name: Any
    work: Callable[[Path], Any]
    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Ended:
    """What became of a job: its answer, or None where the child died or ran over a limit."""

    name: Any
    slot: Path
    answer: Any
    over: bool
    cpu_s: float
    wall_s: float
    output: str


@dataclass
class _Child:
    job: Job
    slot: Path
    log: Path
    answer: Path
    started: float = field(default_factory=time.monotonic)
    killed: bool = False


def run_jobs(jobs: Iterable[Job], slots: Iterable[Path], logs: Path) -> Iterator[Ended]:
    """Each job in a child of its own, one at a time in each slot's folder; given as they end."""
    waiting, free = iter(jobs), list(slots)
    running: dict[int, _Child] = {}
    more = True
    try:
        while more or running:
            while more and free:
                job = next(waiting, None)
                if job is None:
                    more = False
                else:
                    slot = free.pop()
                    pid, child = _start(job, slot, logs)
                    running[pid] = child
            for pid, child in list(running.items()):
                if ended := _look(pid, child):
                    del running[pid]
                    free.append(child.slot)
                    yield ended
            time.sleep(0.02)
    finally:
        for pid in running:
            _kill(pid)


def _start(job: Job, slot: Path, logs: Path) -> tuple[int, _Child]:
    log, answer = logs / f"{slot.name}.log", logs / f"{slot.name}.json"
    answer.unlink(missing_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid, _Child(job, slot, log, answer)
    try:
        os.setsid()
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = os.fdopen(1, "w", closefd=False)  # whatever took their place
        seconds = max(1, int(job.cpu_s) + 1)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.RLIM_INFINITY))
        answer.write_text(json.dumps(job.work(slot)))
    except BaseException:  # a child never goes on with what its parent was doing
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _look(pid: int, child: _Child) -> Ended | None:
    """The end of a child, where it has come; children out of time are killed."""
    wall_s = time.monotonic() - child.started
    ended, status, used = os.wait4(pid, os.WNOHANG)
    if not ended:
        if wall_s > child.job.wall_s and not child.killed:
            child.killed = True
            _kill(pid)
        return None
    _kill(pid)  # what it started and left behind
    by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ended(
        child.job.name,
        child.slot,
        _read(child.answer),
        child.killed or by in (signal.SIGXCPU, signal.SIGKILL),
        used.ru_utime + used.ru_stime,
        wall_s,
        child.log.read_text(errors="replace")[-4000:],
    )


def _read(answer: Path) -> Any:
    try:
        return json.loads(answer.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
