from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nasbench_mobile.catalog import BUILT_IN, build_strategy
from nasbench_mobile.errors import UsageError
from nasbench_mobile.executors.pools import ExecutorPool, SimulatedPool
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog, read_log, read_run, same_run
from nasbench_mobile.runs.events import Ask, Tell
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.search.asynchronous import EvaluationJob
from nasbench_mobile.search.ledger import Interrupted
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, Proposal, StrategySpec, Tokens, Trial

HEADER = RunHeader({}, "hash", StrategySpec("s"), seed=0, budget=0)


def simulated(problem: Problem, workers: int) -> SimulatedPool[EvaluationJob, Outcome | Failure]:
    """Evaluations that take 1 s and a little more for every unit of every token."""
    return SimulatedPool(
        problem.evaluate_one, lambda job, _: 1.0 + sum(job[0].tokens) / 50, workers
    )


class Scripted:
    def __init__(self, tokens: Sequence[Tokens]) -> None:
        self._tokens, self._next = list(tokens), 0
        self.told: list[Trial] = []

    def ask(self, count: int) -> list[Proposal]:
        chosen = self._tokens[self._next : self._next + count]
        self._next += len(chosen)
        return [Proposal(self._next - len(chosen) + i, tokens) for i, tokens in enumerate(chosen)]

    def tell(self, trials: Sequence[Trial]) -> None:
        self.told += trials


ZERO, ONE, TWO = (0,) * 28, (1,) * 28, (0, 0, 1, 1) * 7


def test_results_come_as_they_finish_and_repeats_wait(synthetic_problem: Problem) -> None:
    strategy = Scripted([ONE, ZERO, ONE, TWO, ZERO])
    pool = simulated(synthetic_problem, workers=2)
    run = Search(strategy, synthetic_problem, 5, pool=pool).run()
    assert (list(run.trials), run.finished) == (strategy.told, True)
    assert (run.header.workers, run.timing.simulated_s) == (2, pool.simulated_s)
    # 0 takes 1.56 s, 1 takes 1 s; 2 waits for 0 without a worker; 3 starts at 1 s, takes 1.28 s
    assert [trial.proposal.id for trial in strategy.told] == [1, 0, 2, 4, 3]
    assert [trial.repeat_of for trial in strategy.told] == [None, None, 0, 1, None]
    assert pool.simulated_s == pytest.approx(2.28)
    assert len(synthetic_problem.accuracy.evaluated) == 3  # type: ignore[attr-defined]


def test_more_workers_take_less_simulated_time(synthetic_problem: Problem) -> None:
    times = []
    for workers in (1, 4, 16):
        pool = simulated(synthetic_problem, workers)
        strategy = build_strategy(StrategySpec("random"), synthetic_problem.space.decisions, 0, 160)
        Search(strategy, synthetic_problem, 160, pool=pool).run()
        times.append(pool.simulated_s)
    assert times[0] == pytest.approx(4 * times[1], rel=0.05)
    assert times[0] == pytest.approx(16 * times[2], rel=0.15)


@pytest.mark.parametrize("name", list(BUILT_IN["strategy"]))
@pytest.mark.parametrize("workers", [1, 16])
def test_every_strategy_works_with_many_in_flight_and_replays(
    synthetic_problem: Problem, tmp_path: Path, name: str, workers: int
) -> None:
    budget = 12 if name == "optuna-gp" else 60  # its models are slow, and no others with more

    def strategy() -> Strategy:
        return build_strategy(StrategySpec(name), synthetic_problem.space.decisions, 3, budget)

    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        pool = simulated(synthetic_problem, workers)
        Search(strategy(), synthetic_problem, budget, pool=pool, log=log).run()
    run = read_run(path)
    assert run.finished
    assert sorted(trial.proposal.id for trial in run.trials) == list(range(len(run.trials)))
    spent = sum(trial.proposal.fidelity for trial in run.trials)
    assert budget - 1 < spent <= budget  # less than one full training is left over
    history = [event for event in read_log(path).events if isinstance(event, Ask | Tell)]
    Search(strategy(), synthetic_problem, budget).run(history)  # replay raises where it differs


@pytest.mark.parametrize("stop_after", [1, 8, 25])
def test_a_stopped_run_goes_on_with_what_was_in_flight(
    synthetic_problem: Problem, tmp_path: Path, stop_after: int
) -> None:
    def search(log: EventLog, stop: int) -> Search:
        return Search(
            build_strategy(StrategySpec("random"), synthetic_problem.space.decisions, 3, 40),
            synthetic_problem,
            40,
            pool=simulated(synthetic_problem, 5),
            log=log,
            on_progress=lambda progress: progress.trials >= stop,
        )

    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log, pytest.raises(Interrupted):
        search(log, stop_after).run()
    before = path.read_bytes()
    contents = read_log(path)
    with EventLog.reopen(path, contents) as log:
        search(log, 1000).run(contents.events)
    assert path.read_bytes().startswith(before)
    run = read_run(path)
    assert run.finished
    assert sorted(trial.proposal.id for trial in run.trials) == list(range(40))


def test_one_worker_is_the_synchronous_search(synthetic_problem: Problem, tmp_path: Path) -> None:
    paths = tmp_path / "async", tmp_path / "sync"
    for path in paths:
        strategy = build_strategy(
            StrategySpec("regularized-evolution", {"population_size": 10}),
            synthetic_problem.space.decisions, 3, 50,
        )  # fmt: skip
        with EventLog.create(path, HEADER) as log:
            if path is paths[0]:
                pool = simulated(synthetic_problem, 1)
                Search(strategy, synthetic_problem, 50, pool=pool, log=log).run()
            else:
                Search(strategy, synthetic_problem, 50, batch=1, log=log).run()
    assert same_run(*paths)


def test_real_threads(synthetic_problem: Problem) -> None:
    strategy = build_strategy(StrategySpec("random"), synthetic_problem.space.decisions, 0, 50)
    with ThreadPoolExecutor(4) as executor:
        pool = ExecutorPool(executor, synthetic_problem.evaluate_one, workers=4)
        search = Search(strategy, synthetic_problem, 50, pool=pool)
        search.run()
    assert search.progress.trials == 50
    assert search.progress.failed == 0


def test_a_pool_has_no_batches(synthetic_problem: Problem) -> None:
    pool = simulated(synthetic_problem, workers=2)
    with pytest.raises(UsageError, match="batch is 4, but a pool is asked"):
        Search(Scripted([ZERO]), synthetic_problem, 5, batch=4, pool=pool)
