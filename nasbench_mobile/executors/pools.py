"""Pools of workers that evaluate single architectures, each finishing in its own time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, Generic, Protocol, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


JobIn = TypeVar("JobIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)


class WorkerPool(Protocol[JobIn, ResultOut]):
    """Takes jobs by key and gives them back as they finish."""

    @property
    def workers(self) -> int:
        """How many jobs run at once."""

    @property
    def simulated_s(self) -> float:
        """The simulated clock in seconds; 0 where time is real."""

    def submit(self, key: Any, job: JobIn) -> None: ...

    def completed(self) -> Sequence[tuple[Any, ResultOut]]:
        """Wait until a job is done, and give all that are, in the order in which they finished."""


class ExecutorPool(Generic[Job, Result]):
    """Jobs run in a `concurrent.futures.Executor`, in real time; `run` must be picklable for
    processes. A job that raises, raises again in `completed`.
    """

    simulated_s = 0.0

    def __init__(self, executor: Executor, run: Callable[[Job], Result], workers: int) -> None:
        self._executor, self._run, self.workers = executor, run, workers
        self._futures: dict[Future[Result], Any] = {}

    def submit(self, key: Any, job: Job) -> None:
        self._futures[self._executor.submit(self._run, job)] = key

    def completed(self) -> list[tuple[Any, Result]]:
        done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
        return [(self._futures.pop(future), future.result()) for future in list(done)]


class SimulatedPool(Generic[Job, Result]):
    """Workers in simulated time: a job is run at once, but counts as done after `duration_s`.

    `simulated_s` is the simulated clock in seconds. Deterministic: jobs that finish together finish
    in the order they were submitted. More jobs than workers wait their turn.
    """

    def __init__(
        self,
        run: Callable[[Job], Result],
        duration_s: Callable[[Job, Result], float],
        workers: int,
    ) -> None:
        self._run, self._duration_s, self.workers = run, duration_s, workers
        self.simulated_s = 0.0
        self._free_at = [0.0] * workers
        self._running: list[tuple[float, int, Any, Result]] = []
        self._numbers = itertools.count()

    def submit(self, key: Any, job: Job) -> None:
        result = self._run(job)
        start = max(heapq.heappop(self._free_at), self.simulated_s)
        end = start + self._duration_s(job, result)
        heapq.heappush(self._free_at, end)
        heapq.heappush(self._running, (end, next(self._numbers), key, result))

    def completed(self) -> list[tuple[Any, Result]]:
        end, _, key, result = heapq.heappop(self._running)
        self.simulated_s = end
        return [(key, result)]
