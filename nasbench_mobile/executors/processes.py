"""Worker processes, one thread each, that report progress, can be stopped, and die alone.

`concurrent.futures.ProcessPoolExecutor` gives up all its work when one worker dies, and its
workers live on when their parent is killed (docs/decisions/0012-own-worker-processes.md). Here each
worker has a pipe of its own: one that dies takes its one job with it, and all end with the parent.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.executors.worker import STOP, work
from nasbench_mobile.plugins.calls import named
from nasbench_mobile.plugins.time_limits import CallWatch

P = ParamSpec("P")
T = TypeVar("T")

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What libraries read at import to size their thread pools; 1 in every worker, so that results
and seconds do not depend on how many workers share the machine."""

LEAVING_S = 10.0
"""Seconds that a worker without a job may take to end before it is killed (our choice)."""

GRACE_S = 10.0
"""Seconds that running jobs have to end after SIGTERM, as schedulers send it some time before they
kill (our choice: the shortest grace that we know of, Docker's)."""

CHECK_S = 0.25
"""Seconds between two looks at the workers that are at work (our choice: seldom enough to cost
nothing). A call has to be overdue for as long before its worker is ended: the first look might be
right after the whole command was suspended and goes on."""


class WorkerDied(NasbenchError):
    """A worker process ended in the middle of its job.

    `overdue_s` is the limit of the call that its parent ended it for, where that is why.
    """

    def __init__(self, exit_code: int | None, overdue_s: float | None = None) -> None:
        how = _how(exit_code) if overdue_s is None else (
            f"was ended, because a call had not returned within its limit of {overdue_s:g} s and "
            "could not be interrupted"
        )  # fmt: skip
        super().__init__(f"its worker process {how}")
        self.worker_exit_code = exit_code

    @property
    def told_to_end(self) -> bool:
        """Whether somebody ended it from outside with SIGTERM, so that no job is to blame."""
        return self.worker_exit_code == -signal.SIGTERM


def _how(exit_code: int | None) -> str:
    if exit_code is None:
        return "was lost"
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = str(-exit_code)
    memory = ", as when memory runs out" if exit_code == -9 else ""
    return f"was killed by signal {name}{memory}"


@dataclass
class _Job:
    future: Future[Any]
    call: bytes
    taken: bool = False
    """Whether its worker has said that it has it."""


@dataclass
class _Worker:
    """The parent's side of a worker process."""

    process: Any
    connection: Connection
    watch: CallWatch
    job: _Job | None = None
    has_served: bool = False
    overdue_since_s: float | None = None
    ended_for_s: float | None = None

    def end_if_overdue(self) -> None:
        """Kill the worker where its call has been overdue for `CHECK_S`."""
        if self.job is None or not self.watch.overdue:
            self.overdue_since_s = None
        elif self.overdue_since_s is None:
            self.overdue_since_s = time.monotonic()
        elif self.ended_for_s is None and time.monotonic() - self.overdue_since_s > CHECK_S:
            self.ended_for_s = self.watch.limit_s
            self.process.kill()


@dataclass
class ProcessExecutor(Executor):
    """`jobs` spawned processes, started as they are needed; a future of a dead one is `WorkerDied`.

    Spawn, not fork: the same on every system, and no half-copied thread pools. What a job sends
    over its `channel` comes out of `drain`, in the parent.
    """

    jobs: int
    _waiting: deque[_Job] = field(default_factory=deque)
    _workers: list[_Worker] = field(default_factory=list)
    _messages: deque[Any] = field(default_factory=deque)
    _stopping: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._lock = threading.RLock()
        self._woken, self._wake = self._context.Pipe(duplex=False)
        self._manager = threading.Thread(target=self._manage, daemon=True, name="workers")
        self._manager.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        call = pickle.dumps((fn, args, kwargs))
        with self._lock:
            if self._ended or self._stopping:
                raise RuntimeError("the workers have been stopped")
            self._waiting.append(_Job(future, call))
        self._nudge()
        return future

    def drain(self, handle: Callable[[Any], None]) -> None:
        """Give every message that has arrived to `handle`."""
        while self._messages:
            handle(self._messages.popleft())

    def stop(self) -> None:
        """Begin no further job, and ask those that run to end at their next chance."""
        with self._lock:
            self._stopping = True
            self._cancel_waiting()
            for worker in self._workers:
                with contextlib.suppress(OSError):
                    worker.connection.send_bytes(STOP)

    def kill(self) -> None:
        """End every worker at once, whatever it is doing."""
        self.stop()
        with self._lock:
            for worker in self._workers:
                worker.process.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let running jobs end, and those that wait too unless they are cancelled."""
        self.end(cancel_futures=cancel_futures)
        if wait:
            self._manager.join()

    def ended_within(self, seconds: float) -> bool:
        """Whether all workers have ended once so many seconds have passed at the most."""
        self.end()
        self._manager.join(seconds)
        return not self._manager.is_alive()

    def end(self, *, cancel_futures: bool = False) -> None:
        """Take no further job; workers end when those they have are done."""
        with self._lock:
            self._ended = True
            if cancel_futures:
                self._cancel_waiting()
        self._nudge()

    def _cancel_waiting(self) -> None:
        for job in self._waiting:
            if not job.future.cancel():  # handed out once, to a worker that died before it began
                job.future.set_exception(WorkerDied(None))
        self._waiting.clear()

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send_bytes(b".")

    def _manage(self) -> None:
        """The manager's thread: hand out jobs, take in what workers send, until there are none.

        All workers are children of this thread, which outlives them: Linux ends them with it.
        """
        while True:
            with self._lock:
                self._hand_out()
                busy = [worker.connection for worker in self._workers]
                if self._ended and not self._waiting and not any(w.job for w in self._workers):
                    break
                at_work = any(worker.job for worker in self._workers)
            for ready in wait([self._woken, *busy], CHECK_S if at_work else None):
                if ready is self._woken:
                    self._woken.recv_bytes()
                else:
                    self._take_in(next(w for w in self._workers if w.connection is ready))
            self._look_after()
        for worker in self._workers:
            worker.connection.close()  # which tells it to end
        for worker in self._workers:
            worker.process.join(LEAVING_S)
            worker.process.kill()  # one that a plugin's thread keeps alive
            worker.process.join()
        self._wake.close()

    def _look_after(self) -> None:
        """End workers that hang, and notice those whose pipe a process they began keeps open."""
        for worker in list(self._workers):
            worker.end_if_overdue()
            if worker.job and not worker.process.is_alive() and not worker.connection.poll():
                self._bury(worker)

    def _hand_out(self) -> None:
        while self._waiting:
            free = next((worker for worker in self._workers if worker.job is None), None)
            if free is None and len(self._workers) < self.jobs:
                free = self._start()
            if free is None:
                return
            job = self._waiting.popleft()
            if not job.future.running() and not job.future.set_running_or_notify_cancel():
                continue
            free.job = job
            with contextlib.suppress(OSError):  # it died while idle: its end is read as a death
                free.connection.send_bytes(job.call)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        watch = CallWatch(self._context)
        with _one_thread(), _without_script():
            process = self._context.Process(target=work, args=(theirs, os.getpid(), watch))
            process.start()
        theirs.close()
        worker = _Worker(process, ours, watch)
        self._workers.append(worker)
        return worker

    def _take_in(self, worker: _Worker) -> None:
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        except Exception as error:  # what only the worker can make sense of
            kind, value = "error", NasbenchError(named(error))
        if kind == "message":
            self._messages.append(value)
            return
        if kind == "taken":
            worker.has_served = True
            if worker.job is not None:
                worker.job.taken = True
            return
        with self._lock:
            job, worker.job = worker.job, None
        if job is not None and kind == "result":
            job.future.set_result(value)
        elif job is not None:
            job.future.set_exception(value)

    def _bury(self, worker: _Worker) -> None:
        worker.process.join()
        worker.connection.close()
        job = worker.job
        with self._lock:
            self._workers.remove(worker)
            unbegun = job is not None and worker.has_served and not job.taken
            if job is not None and unbegun and not self._stopping:  # it died with nothing to do
                self._waiting.appendleft(job)
                return
        if job is not None:
            job.future.set_exception(WorkerDied(worker.process.exitcode, worker.ended_for_s))


@contextmanager
def workers(jobs: int, on_stop: Callable[[], None] = lambda: None) -> Iterator[ProcessExecutor]:
    """`jobs` worker processes. Leaving on an error asks them to stop and waits until they have.

    `on_stop` is called when that begins. Ctrl-C while they are waited for ends them at once, and so
    does the end of `GRACE_S` after a SIGTERM (which arrives as another `KeyboardInterrupt`).
    """
    executor = ProcessExecutor(jobs)
    try:
        yield executor
        executor.shutdown()
    except BaseException as error:
        executor.stop()
        terminated = isinstance(error, KeyboardInterrupt) and type(error) is not KeyboardInterrupt
        try:
            on_stop()
            if not executor.ended_within(GRACE_S if terminated else threading.TIMEOUT_MAX):
                executor.kill()
        except BaseException:
            executor.kill()
            raise
        finally:
            executor.shutdown()
        raise


@contextmanager
def _without_script() -> Iterator[None]:
    """Start processes within, which then do not run the user's script to have its `__main__`.

    Jobs are functions of modules. A script that compares at its top level, as a notebook does,
    would otherwise begin the comparison again in every worker.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextmanager
def _one_thread() -> Iterator[None]:
    """While this context is open, processes that start have one thread for each library."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
