"""What the loop logs and counts: each value worked by hand on a few trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import EvaluationError, StrategyError, UsageError
from nasbench_mobile.evaluators.noise import NoisyAccuracy
from nasbench_mobile.executors.pools import SimulatedPool
from nasbench_mobile.runs.event_log import EventLog, read_log, read_run
from nasbench_mobile.runs.events import Ask, End, Event, Tell
from nasbench_mobile.runs.run import Run, RunHeader, Timing, ranked_results
from nasbench_mobile.search.asynchronous import EvaluationJob
from nasbench_mobile.search.ledger import FAILURES_IN_A_ROW, Interrupted
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.search.progress import Progress
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import (
    AccuracyReading,
    Failure,
    Measurement,
    Proposal,
    StrategySpec,
    Tokens,
    Trial,
)

HEADER = RunHeader({}, "hash", StrategySpec("s"), seed=0, budget=0)
ZERO, ONE = (0,) * 28, (1,) * 28


class Scripted:
    """Proposes given tokens at given fidelities, and keeps what it is told."""

    def __init__(self, script: Sequence[tuple[Tokens, float]]) -> None:
        self._script, self._next = list(script), 0
        self.counts: list[int] = []
        self.told: list[Trial] = []

    def ask(self, count: int) -> list[Proposal]:
        self.counts.append(count)
        chosen = self._script[self._next : self._next + count]
        first, self._next = self._next, self._next + len(chosen)
        return [Proposal(first + i, *what) for i, what in enumerate(chosen)]

    def tell(self, trials: Sequence[Trial]) -> None:
        self.told += trials


def test_the_log_holds_the_noise_free_measurement_beside_the_noisy_one(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    noisy = NoisyAccuracy(synthetic_problem.noise_free, sd=0.02, seed=4)
    problem = replace(synthetic_problem, accuracy=noisy)
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        Search(Scripted([(ONE, 1.0)]), problem, 1, log=log).run()
    run = read_run(path)
    [trial], [true] = run.trials, run.noise_free
    draw = noisy.standard_noise(Architecture(problem.space, ONE))
    assert true is not None
    assert trial.measurement is not None
    assert true.accuracy == 0.528  # 0.5 and a thousandth for each of the 28 ones
    assert trial.measurement.accuracy == pytest.approx(0.528 + 0.02 * draw)
    assert trial.measurement.accuracy != true.accuracy


SAME = (3, 1, 1, 0, 0, 0, 0, 0, 0, 2, 1, 2, 2, 1, 1, 2, 1, 1, 2, 1, 0, 2, 2, 0, 1, 1, 1, 0, 2, 2, 3,
        0, 0, 2, 0, 1, 0, 0, 0, 1, 1, 0)  # fmt: skip
"""Tokens of the paper's space that are not the canonical ones of their network."""


def test_two_token_lists_of_one_network_are_one_architecture(synthetic_problem: Problem) -> None:
    space = MnasNetSpace()
    canonical = space.canonical(SAME)
    assert canonical != SAME
    strategy = Scripted([(SAME, 1.0), (canonical, 1.0)])
    Search(strategy, replace(synthetic_problem, space=space), 2).run()
    assert [trial.repeat_of for trial in strategy.told] == [None, 0]
    assert strategy.told[1].reward == strategy.told[0].reward
    assert synthetic_problem.accuracy.evaluated == [SAME]  # type: ignore[attr-defined]


def test_another_fidelity_is_another_measurement(synthetic_problem: Problem) -> None:
    strategy = Scripted([(ONE, 0.5), (ONE, 1.0), (ONE, 0.5)])
    Search(strategy, synthetic_problem, 2).run()
    assert [trial.repeat_of for trial in strategy.told] == [None, None, 0]
    accuracies = [trial.measurement.accuracy for trial in strategy.told if trial.measurement]
    assert accuracies == [0.264, 0.528, 0.264]


def test_progress_counts_charges_and_the_best_of_full_trainings(synthetic_problem: Problem) -> None:
    seen: list[Progress] = []

    def note(progress: Progress) -> bool:
        seen.append(replace(progress))
        return False

    # less training is worth more here, so that a partial reading would be the best if it counted
    problem = replace(synthetic_problem, objective=lambda found: 1.0 - found.accuracy)
    script = [(ONE, 0.5), (ONE, 1.0), (ZERO, 0.25), (ZERO, 1.0)]
    Search(Scripted(script), problem, 3, on_progress=note).run()
    assert [progress.charged for progress in seen] == [0.5, 1.5, 1.75, 2.75]
    assert [progress.trials for progress in seen] == [1, 2, 3, 4]
    assert [progress.best_reward for progress in seen] == [
        -float("inf"), pytest.approx(0.472), pytest.approx(0.472), 0.5,
    ]  # fmt: skip


def test_a_stop_says_what_was_spent(synthetic_problem: Problem) -> None:
    strategy = Scripted([(ONE, 0.25)] * 9)
    with pytest.raises(Interrupted, match=r"stopped after 0\.25 of 2 proposals"):
        Search(strategy, synthetic_problem, 2, on_progress=lambda _: True).run()


@pytest.mark.parametrize("size", [0, None, -3, 2.0, True, "4"])
def test_a_batch_size_that_is_none_is_a_broken_strategy(
    synthetic_problem: Problem, tmp_path: Path, size: object
) -> None:
    strategy = Scripted([(ONE, 1.0)] * 9)
    strategy.batch_size = size  # type: ignore[attr-defined]
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log, pytest.raises(StrategyError, match="batch_size is"):
        Search(strategy, synthetic_problem, 9, log=log).run()
    assert "a whole number of at least 1" in (read_run(path).failure or "")
    Search(strategy, synthetic_problem, 9, batch=3).run()  # the user's batch needs no other
    assert len(strategy.told) == 9


def test_a_users_batch_of_nothing_is_refused(synthetic_problem: Problem) -> None:
    with pytest.raises(UsageError, match="batch is 0; it must be at least 1"):
        Search(Scripted([]), synthetic_problem, 9, batch=0)


def test_a_success_between_failures_starts_their_count_again(synthetic_problem: Problem) -> None:
    wrong, right = (ZERO, 1.0), (ONE, 1.0)
    few = FAILURES_IN_A_ROW - 1
    synthetic_problem.accuracy.wrong = lambda tokens: tokens == ZERO  # type: ignore[attr-defined]
    strategy = Scripted([*[wrong] * few, right, *[wrong] * few])
    Search(strategy, synthetic_problem, 2 * few + 1).run()
    assert len(strategy.told) == 2 * few + 1
    with pytest.raises(EvaluationError, match="50 trials in a row failed"):
        Search(Scripted([right, *[wrong] * 60]), synthetic_problem, 61).run()


def test_failures_before_a_stop_count_after_it(synthetic_problem: Problem, tmp_path: Path) -> None:
    synthetic_problem.accuracy.wrong = lambda _: True  # type: ignore[attr-defined]
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log, pytest.raises(Interrupted):
        Search(
            Scripted([(ZERO, 1.0)] * 90), synthetic_problem, 90, log=log,
            on_progress=lambda progress: progress.trials == 30,
        ).run()  # fmt: skip
    strategy = Scripted([(ZERO, 1.0)] * 90)
    with pytest.raises(EvaluationError):
        Search(strategy, synthetic_problem, 90).run(read_log(path).events)
    assert len(strategy.told) == FAILURES_IN_A_ROW


def test_time_goes_on_from_the_log(synthetic_problem: Problem, tmp_path: Path) -> None:
    measured = Measurement(0.5, 20.0)
    told = Trial(Proposal(0, ZERO), measured, 0.5)
    spent = Timing(ask_tell_s=100.0, evaluate_s=2000.0, wall_s=30000.0)
    history: list[Event] = [Ask(1, (told.proposal,)), Tell((told,), (measured,), spent)]
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        for event in history:
            log.write(event)
        Search(Scripted([(ZERO, 1.0), (ONE, 1.0)]), synthetic_problem, 2, log=log).run(history)
    end = read_log(path).end
    assert isinstance(end, End)
    assert 100.0 <= end.timing.ask_tell_s < 110.0
    assert 2000.0 <= end.timing.evaluate_s < 2010.0
    assert 30000.0 < end.timing.wall_s < 30100.0


def test_a_run_begins_at_no_time(synthetic_problem: Problem, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        Search(Scripted([(ZERO, 1.0)]), synthetic_problem, 1, log=log).run()
    timing = read_run(path).timing
    assert 0.0 <= timing.ask_tell_s < 10.0
    assert 0.0 <= timing.evaluate_s < 10.0
    assert 0.0 <= timing.wall_s < 60.0


class Watched:
    """A pool that keeps how many jobs were in flight, and never has one finish by itself."""

    simulated_s = 0.0

    def __init__(self, problem: Problem, workers: int) -> None:
        self.workers, self.most = workers, 0
        self._problem = problem
        self._jobs: dict[object, EvaluationJob] = {}

    def submit(self, key: object, job: EvaluationJob) -> None:
        self._jobs[key] = job
        self.most = max(self.most, len(self._jobs))

    def completed(self) -> list[tuple[object, Outcome | Failure]]:
        key = next(reversed(self._jobs))
        return [(key, self._problem.evaluate_one(self._jobs.pop(key)))]


def test_never_more_is_asked_for_than_workers_are_free(synthetic_problem: Problem) -> None:
    tokens = [(*ZERO[:-3], a, b, 0) for a in range(2) for b in range(3)]
    strategy = Scripted([(each, 1.0) for each in tokens])
    pool = Watched(synthetic_problem, workers=4)
    Search(strategy, synthetic_problem, 6, pool=pool).run()
    assert strategy.counts == [4, 1, 1]
    assert pool.most == 4
    assert [trial.proposal.id for trial in strategy.told] == [3, 4, 5, 2, 1, 0]


def test_in_flight_partial_trainings_are_charged_their_share(synthetic_problem: Problem) -> None:
    tokens = [(*ZERO[:-3], a, b, 0) for a in range(2) for b in range(3)]
    strategy = Scripted([(each, 1 / 3) for each in tokens])
    pool = SimulatedPool[EvaluationJob, Outcome | Failure](
        synthetic_problem.evaluate_one, lambda job, _: job[1], 2
    )
    search = Search(strategy, synthetic_problem, 2, pool=pool)
    search.run()
    assert len(strategy.told) == 6
    assert search.progress.charged == pytest.approx(2.0)
    assert pool.simulated_s == pytest.approx(1.0)  # three rounds of a third


def test_a_wrong_number_of_partial_readings_is_a_failure(synthetic_problem: Problem) -> None:
    class Short:
        label, fidelity = "short", None

        def accuracy(self, architectures: Sequence[Architecture]) -> list[AccuracyReading]:
            return [AccuracyReading(0.5) for _ in architectures]

        def accuracy_at(
            self, architectures: Sequence[Architecture], fidelities: Sequence[float]
        ) -> list[AccuracyReading]:
            return []

    problem = replace(synthetic_problem, accuracy=Short(), noise_free=Short())
    strategy = Scripted([(ZERO, 0.5)])
    Search(strategy, problem, 1).run()
    assert strategy.told[0].failure == (
        "short gave 0 readings for 1 architectures; one for each is wanted, in order"
    )


def test_a_benchmark_that_does_not_fit_stops_partial_trainings_as_full_ones(
    synthetic_problem: Problem,
) -> None:
    class Unfit:
        label, fidelity = "unfit", None

        def accuracy(self, architectures: Sequence[Architecture]) -> list[AccuracyReading]:
            raise UsageError("of another space")

        def accuracy_at(
            self, architectures: Sequence[Architecture], fidelities: Sequence[float]
        ) -> list[AccuracyReading]:
            raise UsageError("of another space")

    problem = replace(synthetic_problem, accuracy=Unfit(), noise_free=Unfit())
    for fidelity in (1.0, 0.5):
        with pytest.raises(UsageError, match="of another space"):
            Search(Scripted([(ZERO, fidelity)]), problem, 1).run()


def trial(number: int, reward: float | None, fidelity: float = 1.0) -> Trial:
    proposal = Proposal(number, (number,), fidelity)
    if reward is None:
        return Trial(proposal, failure="lost")
    return Trial(proposal, Measurement(0.5, 10.0), reward)


def test_results_are_full_trainings_with_a_reward_best_first_and_the_first_of_equals() -> None:
    trials = [
        trial(0, 0.2), trial(1, 0.9, 0.5), trial(2, None), trial(3, 0.4), trial(4, 0.3),
        trial(5, 0.4), trial(6, 0.0),
    ]  # fmt: skip
    assert ranked_results(trials) == [3, 5, 4, 0, 6]
    assert ranked_results([trial(0, 0.9, 0.5), trial(1, None)]) == []
    assert [one.counts for one in trials] == [True, False, False, True, True, True, True]
    run = Run(HEADER, tuple(trials), (None,) * 7, finished=True)
    assert run.charged == 6.5
