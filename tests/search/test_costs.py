"""Costs beside latency on their way through a run: repeats, noise, failures and resumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.catalog import build_strategy
from nasbench_mobile.costs import Cost
from nasbench_mobile.evaluators.noise import NoisyAccuracy
from nasbench_mobile.executors.pools import SimulatedPool
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog, read_log, read_run, same_run
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.search.asynchronous import EvaluationJob
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, LatencyReading, Proposal, StrategySpec, Trial

HEADER = RunHeader({}, "hash", StrategySpec("s"), seed=0, budget=0)
START = [(1,) * 28]
BUDGET = 12


class Metered:
    """Milliseconds and millijoules, which grow with the tokens; some architectures fail."""

    label, device, kind = "meter", "bench", "measured"

    def latency(self, architectures: Sequence[Architecture]) -> list[LatencyReading | Failure]:
        return [self._reading(sum(one.tokens)) for one in architectures]

    def _reading(self, size: int) -> LatencyReading | Failure:
        if size % 3 == 0:
            return Failure("too hot")
        return LatencyReading(10.0 + size, other_costs={"energy": Cost(size / 4, "mJ", 0.5)})


@pytest.fixture
def metered(synthetic_problem: Problem) -> Problem:
    noisy = NoisyAccuracy(synthetic_problem.noise_free, sd=0.02, seed=4)
    return replace(synthetic_problem, accuracy=noisy, latency=Metered())  # type: ignore[arg-type]


class Same:
    """Proposes what it was started from, again and again."""

    def __init__(self) -> None:
        self._asked = 0

    def start(self, trials: Sequence[Trial]) -> None:
        """It knows what it proposes."""

    def ask(self, count: int) -> list[Proposal]:
        first, self._asked = self._asked, self._asked + count
        return [Proposal(number, START[0]) for number in range(first, self._asked)]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Nothing would change its mind."""


def strategy(problem: Problem) -> Strategy:
    spec = StrategySpec("local-search")
    return build_strategy(spec, problem.space.decisions, 3, BUDGET)


def test_they_are_in_every_trial_and_a_run_that_was_cut_resumes_to_the_same_log(
    metered: Problem, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    with EventLog.create(whole, HEADER) as log:
        run = Search(strategy(metered), metered, BUDGET, start=START, log=log).run()
    measured = [trial for trial in run.trials if trial.measurement]
    assert 0 < len(measured) < BUDGET
    for trial, true in zip(run.trials, run.noise_free, strict=True):
        for one in (trial.measurement, true):
            if one is not None:
                assert one.costs["energy"] == Cost(sum(trial.tokens) / 4, "mJ", 0.5)
    lines = whole.read_bytes().splitlines(keepends=True)
    for kept in range(1, len(lines), 3):
        cut = tmp_path / f"cut{kept}"
        cut.write_bytes(b"".join(lines[:kept]))
        contents = read_log(cut)
        with EventLog.reopen(cut, contents) as log:
            search = Search(strategy(metered), metered, BUDGET, start=START, log=log)
            search.drive(contents.events)
        assert same_run(whole, cut)


def test_a_repeat_has_those_of_the_first_with_many_in_flight(
    metered: Problem, tmp_path: Path
) -> None:
    def run(name: str) -> Path:
        pool = SimulatedPool[EvaluationJob, Outcome | Failure](
            metered.evaluate_one, lambda *_: 1.0, 3
        )
        with EventLog.create(tmp_path / name, HEADER) as log:
            Search(Same(), metered, 6, pool=pool, start=START, log=log).drive()
        return tmp_path / name

    trials = read_run(run("log")).trials
    assert [trial.repeat_of for trial in trials] == [None, *[-1] * 5]
    assert {trial.measurement for trial in trials} == {trials[0].measurement}
    assert trials[5].measurement is not None
    assert trials[5].measurement.costs["energy"] == Cost(7.0, "mJ", 0.5)
    assert same_run(tmp_path / "log", run("again"))
