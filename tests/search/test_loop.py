from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.errors import EvaluationError, ReplayError, StrategyError
from nasbench_mobile.runs.event_log import EventLog, read_log, read_run, same_run
from nasbench_mobile.runs.events import Ask, Tell
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.search.ledger import FAILURES_IN_A_ROW, Interrupted
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.search.progress import Progress
from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
from nasbench_mobile.types import AccuracyReading, Proposal, StrategySpec, Trial

HEADER = RunHeader({}, "hash", StrategySpec("s"), seed=0, budget=0)


class Scripted:
    """Proposes given tokens, and keeps what it is told."""

    def __init__(self, tokens: Sequence[tuple[int, ...]], batch_size: int = 1) -> None:
        self.tokens, self.batch_size = list(tokens), batch_size
        self.counts: list[int] = []
        self.told: list[Trial] = []
        self._next = 0

    def ask(self, count: int) -> list[Proposal]:
        self.counts.append(count)
        chosen = self.tokens[self._next : self._next + count]
        proposals = [Proposal(self._next + i, tokens) for i, tokens in enumerate(chosen)]
        self._next += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        self.told.extend(trials)


ZERO = (0,) * 28
ONE = (1,) * 28


def test_budget_is_kept_and_repeats_are_charged_but_not_evaluated(
    synthetic_problem: Problem,
) -> None:
    strategy = Scripted([ZERO, ONE, ZERO, ZERO, ONE], batch_size=2)
    search = Search(strategy, synthetic_problem, budget=5)
    search.run()
    assert strategy.counts == [2, 2, 1]
    assert [trial.repeat_of for trial in strategy.told] == [None, None, 0, 0, 1]
    assert synthetic_problem.accuracy.evaluated == [ZERO, ONE]  # type: ignore[attr-defined]
    assert search.progress == Progress(
        5, search.progress.best_reward, repeats=3, failed=0, charged=5.0
    )
    assert {trial.reward for trial in strategy.told[2:4]} == {strategy.told[0].reward}


def test_a_user_batch_replaces_the_strategys(synthetic_problem: Problem) -> None:
    strategy = Scripted([ZERO] * 10, batch_size=2)
    Search(strategy, synthetic_problem, budget=10, batch=4).run()
    assert strategy.counts == [4, 4, 2]


def test_a_strategy_with_nothing_more_ends_the_run(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        Search(Scripted([ZERO]), synthetic_problem, budget=10, log=log).run()
    run = read_run(path)
    assert run.finished
    assert len(run.trials) == 1


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (lambda: Overspender([ZERO] * 9), "would overspend the budget"),
        (lambda: Scripted([(9,) * 28]), "proposal 0 is malformed: token 0 is 9"),
        (lambda: Scripted([(0,) * 5]), "proposal 0 is malformed"),
        (lambda: SameId([ZERO] * 9), "id 0 was used twice"),
        (lambda: Raiser([ZERO]), "raised ValueError: no idea"),
    ],
)
def test_a_broken_strategy_is_named_and_logged(
    synthetic_problem: Problem, tmp_path: Path, strategy: Callable[[], Scripted], message: str
) -> None:
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log, pytest.raises(StrategyError, match=message):
        Search(strategy(), synthetic_problem, budget=9, log=log).run()
    run = read_run(path)
    assert not run.finished
    assert run.failure is not None


class Overspender(Scripted):
    def ask(self, count: int) -> list[Proposal]:
        return super().ask(count + 1)


class SameId(Scripted):
    def ask(self, count: int) -> list[Proposal]:
        return [replace(proposal, id=0) for proposal in super().ask(count)]


class Raiser(Scripted):
    def tell(self, trials: Sequence[Trial]) -> None:
        raise ValueError("no idea")


def test_an_evaluator_that_raises_fails_that_trial_alone(synthetic_problem: Problem) -> None:
    synthetic_problem.accuracy.wrong = lambda tokens: tokens == ZERO  # type: ignore[attr-defined]
    strategy = Scripted([ONE, ZERO, ONE], batch_size=3)
    search = Search(strategy, synthetic_problem, budget=3)
    search.run()
    assert [trial.ok for trial in strategy.told] == [True, False, True]
    assert strategy.told[1].failure == "RuntimeError: the training diverged"
    assert search.progress.failed == 1


@pytest.mark.parametrize("accuracy", [float("nan"), 72.0, -1.0])
def test_an_impossible_reading_is_a_failed_trial(
    synthetic_problem: Problem, accuracy: float
) -> None:
    class Wrong:
        label, fidelity = "wrong", None

        def accuracy(self, architectures: Sequence[object]) -> list[AccuracyReading]:
            return [AccuracyReading(accuracy) for _ in architectures]

    wrong = Wrong()
    strategy = Scripted([ZERO])
    Search(strategy, replace(synthetic_problem, accuracy=wrong, noise_free=wrong), budget=1).run()
    assert "must be a fraction" in (strategy.told[0].failure or "")


def test_too_many_failures_end_the_run_with_the_first_reason(synthetic_problem: Problem) -> None:
    synthetic_problem.accuracy.wrong = lambda _: True  # type: ignore[attr-defined]
    strategy = Scripted([ZERO] * (FAILURES_IN_A_ROW + 10))
    search = Search(strategy, synthetic_problem, budget=FAILURES_IN_A_ROW + 10)
    with pytest.raises(EvaluationError, match="50 trials in a row failed.*diverged"):
        search.run()
    assert len(strategy.told) == FAILURES_IN_A_ROW


def run_logged(
    problem: Problem, path: Path, budget: int = 60, stop_after: int | None = None
) -> None:
    """Run or go on with regularized evolution on a log; stop after so many trials if asked."""
    decisions = problem.space.decisions
    strategy = RegularizedEvolution(decisions, 5, budget, population_size=10, sample_size=3)
    history: tuple[object, ...] = ()
    if path.exists():
        contents = read_log(path)
        log, history = EventLog.reopen(path, contents), contents.events
    else:
        log = EventLog.create(path, HEADER)
    with log:
        search = Search(
            strategy,
            problem,
            budget,
            log=log,
            on_progress=lambda progress: stop_after is not None and progress.trials >= stop_after,
        )
        search.run(history)  # type: ignore[arg-type]


@pytest.mark.parametrize("stop_after", [1, 7, 10, 33])
def test_a_stopped_run_resumes_to_the_same_log(
    synthetic_problem: Problem, tmp_path: Path, stop_after: int
) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    run_logged(synthetic_problem, whole)
    with pytest.raises(Interrupted):
        run_logged(synthetic_problem, resumed, stop_after=stop_after)
    run_logged(synthetic_problem, resumed)
    assert same_run(whole, resumed)


def test_a_run_cut_anywhere_resumes_to_the_same_log(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    run_logged(synthetic_problem, whole)
    data = whole.read_bytes()
    for size in range(data.index(b"\n") + 1, len(data) - 1, 1499):
        resumed.write_bytes(data[:size])
        run_logged(synthetic_problem, resumed)
        assert same_run(whole, resumed)


def test_another_seeds_log_is_refused(synthetic_problem: Problem) -> None:
    strategy = RandomSearch(synthetic_problem.space.decisions, 1, 10)
    proposals = tuple(RandomSearch(synthetic_problem.space.decisions, 2, 10).ask(5))
    with pytest.raises(ReplayError, match="proposal 0 is .* in the log"):
        Search(strategy, synthetic_problem, 10).run([Ask(5, proposals)])


def test_replay_reuses_measurements(synthetic_problem: Problem, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        Search(Scripted([ZERO, ONE]), synthetic_problem, 2, log=log).run()
    history = [event for event in read_log(path).events if isinstance(event, Ask | Tell)]
    synthetic_problem.accuracy.evaluated.clear()  # type: ignore[attr-defined]
    strategy = Scripted([ZERO, ONE, ZERO])
    Search(strategy, synthetic_problem, 3).run(history)
    assert synthetic_problem.accuracy.evaluated == []  # type: ignore[attr-defined]
    assert [trial.repeat_of for trial in strategy.told] == [None, None, 0]


class Starting(Scripted):
    """Keeps what it is started with."""

    started: tuple[Trial, ...] = ()

    def start(self, trials: Sequence[Trial]) -> None:
        self.started = tuple(trials)


def test_a_warm_start_is_evaluated_charged_logged_and_replayed(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    strategy = Starting([ONE, TWO])
    with EventLog.create(path, HEADER) as log:
        Search(strategy, synthetic_problem, 4, start=[ZERO, ONE], log=log).run()
    assert [trial.proposal.id for trial in strategy.started] == [-1, -2]
    assert [trial.repeat_of for trial in strategy.told] == [-2, None]
    assert strategy.counts == [1, 1]
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in range(1, len(lines)):  # cut after the start, after its tell, after an ask, ...
        cut = tmp_path / f"cut{kept}"
        cut.write_bytes(b"".join(lines[:kept]))
        contents = read_log(cut)
        again = Starting([ONE, TWO])
        with EventLog.reopen(cut, contents) as log:
            search = Search(again, synthetic_problem, 4, start=[ZERO, ONE], log=log)
            search.run(contents.events)
        assert same_run(path, cut)
        assert again.started == strategy.started


def test_a_strategy_that_cannot_start_warm_says_so(synthetic_problem: Problem) -> None:
    with pytest.raises(StrategyError, match="Scripted cannot be started from known architectures"):
        Search(Scripted([ONE]), synthetic_problem, 4, start=[ZERO]).run()


def test_negative_ids_are_for_the_start(synthetic_problem: Problem) -> None:
    class Negative(Scripted):
        def ask(self, count: int) -> list[Proposal]:
            return [Proposal(-1, ZERO)]

    with pytest.raises(StrategyError, match="the id -1; ids are whole numbers from 0 up"):
        Search(Negative([]), synthetic_problem, 4).run()


TWO = (0, 0, 1, 1) * 7


def test_a_run_gives_back_what_it_was(synthetic_problem: Problem, tmp_path: Path) -> None:
    """Of its trials where it has no log, of its log where it has one: the same run."""

    def search(log: EventLog | None, budget: int = 4) -> Search:
        strategy = Starting([ONE, TWO, ONE])
        return Search(strategy, synthetic_problem, budget, start=[ZERO], log=log)

    synthetic_problem.accuracy.wrong = lambda tokens: tokens == TWO  # type: ignore[attr-defined]
    kept = search(None).run()
    with EventLog.create(tmp_path / "log", HEADER) as log:
        logged = search(log).run()
    assert [trial.proposal.id for trial in kept.trials] == [-1, 0, 1, 2]
    assert [trial.repeat_of for trial in kept.trials] == [None, None, None, 0]
    assert logged.trials == kept.trials
    assert logged.noise_free == kept.noise_free
    assert logged == read_run(tmp_path / "log")
    assert logged.header == HEADER
    assert (kept.finished, kept.failure, kept.charged) == (True, None, 4.0)
    assert kept.timing.evaluate_s > 0.0
    assert kept.header.strategy.name == "Starting"
    assert (kept.header.budget, kept.header.start, kept.header.workers) == (4, (ZERO,), None)
    assert kept.header.target_ms == synthetic_problem.objective.target_ms  # type: ignore[attr-defined]


def test_a_resumed_run_gives_back_its_first_trials_too(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    with EventLog.create(tmp_path / "log", HEADER) as log:
        whole = Search(Scripted([ZERO, ONE, ZERO]), synthetic_problem, 3, log=log).run()
    history = read_log(tmp_path / "log").events[:4]
    again = Search(Scripted([ZERO, ONE, ZERO]), synthetic_problem, 3, header=HEADER).run(history)
    assert again.trials == whole.trials
    assert again.header is HEADER
