"""Runs of the real loop, stopped at several places and gone on with from their logs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import EvaluationError, ReplayError, StrategyError
from nasbench_mobile.executors.pools import SimulatedPool
from nasbench_mobile.protocols import AccuracyEvaluator
from nasbench_mobile.runs.event_log import EventLog, read_log, same_run
from nasbench_mobile.runs.events import Event
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import StrategySubject
from nasbench_mobile.testing.law import LawBroken
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity, StrategySpec

BENCHMARK, WORKERS = "imagenet-pixel1", 7


def resumed_equals_uninterrupted(subject: StrategySubject, watch: Watch) -> str:
    """`LawBroken` where a run that was stopped and resumed is another run."""
    problem = flaky_problem()
    with tempfile.TemporaryDirectory() as folder:
        for workers in (1, WORKERS):
            run = _Runs(subject, watch, problem, workers, Path(folder) / str(workers))
            whole = run.run("whole")
            lines = whole.read_bytes().splitlines(keepends=True)
            for place in (2 * len(lines) // 5, len(lines) - 3):
                run.stopped_at(lines, max(place, 2))  # at least the header and the first ask
    return (
        f"2 runs of {subject.budget} proposals on {BENCHMARK}, one with {WORKERS} in flight, each "
        "stopped twice and resumed"
    )


@dataclass(frozen=True)
class _Runs:
    subject: StrategySubject
    watch: Watch
    problem: Problem
    workers: int
    folder: Path

    def run(self, name: str, history: Sequence[Event] = ()) -> Path:
        """Run with a log, and go on with the one that is there, if there is one."""
        path = self.folder / name
        decisions, budget = self.problem.space.decisions, self.subject.budget
        player = self.subject.start(self.watch, decisions, seed=8, budget=budget)
        with self._log(path) as log:
            pool = (
                None
                if self.workers == 1
                else SimulatedPool(self.problem.evaluate_one, _duration_s, self.workers)
            )
            search = Search(player, self.problem, budget, pool=pool, log=log)
            try:
                search.drive(history)
            except EvaluationError:
                pass  # too many failed in a row: the run ends there, resumed or not
            except StrategyError as error:
                if isinstance(error.__cause__, LawBroken):
                    raise error.__cause__ from None
                raise
        return path

    def _log(self, path: Path) -> EventLog:
        if path.exists():
            return EventLog.reopen(path, read_log(path))
        header = RunHeader({}, "", StrategySpec("subject"), seed=8, budget=self.subject.budget)
        return EventLog.create(path, header)

    def stopped_at(self, lines: Sequence[bytes], place: int) -> None:
        """Resume from the first `place` lines; `LawBroken` where the outcome differs."""
        path = self.folder / f"stopped-{place}"
        path.write_bytes(b"".join(lines[:place]))
        events = read_log(path).events
        told = sum(len(event.trials) for event in events if hasattr(event, "trials"))
        try:
            self.run(path.name, events)
        except ReplayError as error:
            raise LawBroken(f"resumed after {told} trials, it does otherwise: {error}") from None
        if self.workers == 1 and not same_run(self.folder / "whole", path):
            raise LawBroken(f"resumed after {told} trials, it goes on otherwise than unstopped")


def _duration_s(job: tuple[Architecture, float], _: Outcome | Failure) -> float:
    """Seconds in simulated time, up to 5: trials finish out of order."""
    architecture, fidelity = job
    return fidelity * (1.0 + sum(architecture.tokens) % 5)


@dataclass(frozen=True)
class _Flaky:
    """An accuracy evaluator that fails for every tenth architecture or so.

    It can train for less, which costs accuracy: made up, so that any strategy can run on it.
    """

    evaluator: AccuracyEvaluator

    @property
    def label(self) -> str:
        return f"{self.evaluator.label}, failing now and then"

    @property
    def fidelity(self) -> Fidelity | None:
        return self.evaluator.fidelity

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        readings = self.evaluator.accuracy(architectures)
        return [
            Failure("lost, for the sake of the test") if sum(one.tokens) % 10 == 0 else reading
            for one, reading in zip(architectures, readings, strict=True)
        ]

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        readings = self.accuracy(architectures)
        return [
            reading
            if isinstance(reading, Failure)
            else replace(reading, accuracy=reading.accuracy * (0.8 + 0.2 * fidelity))
            for reading, fidelity in zip(readings, fidelities, strict=True)
        ]


def flaky_problem() -> Problem:
    """A real benchmark where one architecture in ten fails, and that can train for less."""
    problem = load_benchmark(BENCHMARK).build()
    flaky = _Flaky(problem.accuracy)
    return replace(problem, accuracy=flaky, noise_free=flaky)
