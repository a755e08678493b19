"""Copies of the checkout, what each room's tests reach there, and each mutant tried on them."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.mutation.forking import Ended, Job, run_jobs
from tests.mutation.population import Mutant
from tests.mutation.reach import reach, tried

ROOT = Path(__file__).resolve().parents[2]
START_S = 8.0
"""For importing and collecting, beside three times what the tests took while they were watched."""


@dataclass(frozen=True)
class Reached:
    """The tests of a room: their seconds, those that start processes, and by line who runs it."""

    seconds: Mapping[str, float]
    starters: Sequence[str]
    lines: Mapping[str, Mapping[int, Sequence[str]]]
    cpu_s: float

    def chosen(self, mutant: Mutant) -> list[str]:
        """Tests to try, by file: those that run the statement, then others of the same files.

        What importing runs, constants for instance, is tried on all tests of the room: first on
        those that run anything of the file. What no test runs in this process is tried on those
        that start others.
        """
        lines = self.lines[mutant.file]
        first, last = mutant.statement
        found = {test for n in range(first, last + 1) for test in lines.get(n, ())}
        importing = found == {""}
        if importing:
            found = {test for tests in lines.values() for test in tests}
        found &= self.seconds.keys()
        if not found:
            imported = any(lines.get(n) for n in range(first, last + 1))
            found = set(self.seconds if imported else self.starters)
        files = {test.split("::")[0] for test in (self.seconds if importing else found)}
        cost = {f: sum(self.seconds[t] for t in found if t.split("::")[0] == f) for f in files}

        def place(test: str) -> tuple[bool, float, str, float]:
            file = test.split("::")[0]
            return test not in found, cost.get(file, 0.0), file, self.seconds[test]

        return sorted((t for t in self.seconds if t.split("::")[0] in files), key=place)


def copies(folder: Path, count: int) -> list[Path]:
    """Clones of this checkout at its last commit, made anew, compiled."""
    if _git("status", "--porcelain"):
        print("not all is committed: what is tried is the last commit", flush=True)
    slots = [folder / f"slot-{k}" for k in range(count)]
    for slot in slots:
        shutil.rmtree(slot, ignore_errors=True)
        subprocess.run(["git", "clone", "-q", str(ROOT), str(slot)], check=True)
        subprocess.run(["git", "checkout", "-q", commit()], cwd=slot, check=True)
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", "nasbench_mobile"], cwd=slot, check=True
        )
    return slots


def commit() -> str:
    return _git("rev-parse", "HEAD")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def measured(
    slots: Sequence[Path], rooms: Mapping[str, tuple[Sequence[str], Sequence[str]]]
) -> dict[str, Reached]:
    """What each room's tests reach on the unchanged code, where they must pass."""
    jobs = [
        Job(room, partial(reach, files=files, tests=tests), cpu_s=1200, wall_s=2400)
        for room, (files, tests) in rooms.items()
    ]
    found: dict[str, Reached] = {}
    for ended in run_jobs(jobs, slots, slots[0].parent):
        answer = ended.answer
        if answer is None or answer["code"] != 0:
            failed = ", ".join(answer["failed"]) if answer else "the process died"
            raise SystemExit(
                f"room {ended.name}'s tests fail on unchanged code ({failed}); mend them first\n"
                f"{ended.output}"
            )
        lines = {
            file: {int(line): tests for line, tests in by_line.items()}
            for file, by_line in answer["lines"].items()
        }
        found[ended.name] = Reached(answer["seconds"], answer["starters"], lines, ended.cpu_s)
        _load(answer["libraries"])
    return found


def _load(libraries: Sequence[str]) -> None:
    """Import here what tests import, but this project: children then need not."""
    for name in libraries:
        try:
            importlib.import_module(name)
        except Exception:  # some modules are made by others and cannot be imported by name
            continue


def try_all(
    mutants: Sequence[Mutant], reached: Mapping[str, Reached], slots: Sequence[Path]
) -> Iterator[tuple[Mutant, dict[str, Any]]]:
    """Each mutant with its outcome, as they end."""
    stamps = {}
    waiting = []
    for count, mutant in enumerate(mutants, 1):
        order = reached[mutant.room].chosen(mutant)
        if not order:
            yield mutant, _row("survived", "no test runs this", 0, 0.0)
            continue
        original = (slots[0] / mutant.file).stat().st_mtime_ns
        stamps[mutant.key] = original + count * 10**10
        waiting.append((mutant, order))
    sources = {m.file: (slots[0] / m.file).read_bytes() for m, _ in waiting}
    times = {(s, f): (s / f).stat().st_mtime_ns for s in slots for f in sources}
    limits = {
        m.key: START_S + 3 * sum(reached[m.room].seconds[test] for test in order)
        for m, order in waiting
    }
    jobs = (
        Job(
            (m, len(order)),
            partial(tried, file=m.file, source=m.source, order=order, stamp_ns=stamps[m.key]),
            cpu_s=limits[m.key],
            wall_s=10 * limits[m.key],
        )
        for m, order in waiting
    )
    for ended in run_jobs(jobs, slots, slots[0].parent):
        mutant, count = ended.name
        path = ended.slot / mutant.file
        path.write_bytes(sources[mutant.file])
        os.utime(path, ns=(times[ended.slot, mutant.file],) * 2)
        shutil.rmtree(ended.slot / ".hypothesis", ignore_errors=True)
        yield mutant, _outcome(ended, count)


def _outcome(ended: Ended, count: int) -> dict[str, Any]:
    if ended.over:
        return _row("timeout", "", count, ended.cpu_s)
    if ended.answer is None:
        return _row("caught", "the process died", count, ended.cpu_s)
    code = ended.answer["code"]
    if code == 4:  # the same words ran before: what is new is that a module cannot be imported
        return _row("caught", "the tests could not be collected", count, ended.cpu_s)
    if code == 5:
        raise SystemExit(f"pytest found no tests (it ended with {code})\n{ended.output}")
    return _row("survived" if code == 0 else "caught", ended.answer["failed"], count, ended.cpu_s)


def _row(outcome: str, by: str | None, tests: int, cpu_s: float) -> dict[str, Any]:
    return {"outcome": outcome, "by": by, "tests": tests, "cpu_s": round(cpu_s, 2)}
