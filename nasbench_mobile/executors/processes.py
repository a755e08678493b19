"""Worker processes, one thread each, that report progress and can be asked to stop."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What libraries read at import to size their thread pools; 1 in every worker, so that results
and seconds do not depend on how many workers share the machine."""


class Channel:
    """What a worker has of its parent: where to send messages, and whether to stop."""

    def __init__(self, messages: Any, stop: Any) -> None:
        self._messages, self._stop = messages, stop

    def send(self, message: Any) -> None:
        self._messages.put(message)

    @property
    def stopped(self) -> bool:
        return bool(self._stop.is_set())


_channel: Channel | None = None


def channel() -> Channel | None:
    """The worker's channel; None in a process that is no worker."""
    return _channel


@dataclass(frozen=True)
class Workers:
    """A pool and the parent's side of its channel."""

    executor: ProcessPoolExecutor
    messages: Any
    stop: Any

    def drain(self, handle: Callable[[Any], None]) -> None:
        """Give every message that has arrived to `handle`."""
        while True:
            try:
                handle(self.messages.get_nowait())
            except queue.Empty:
                return


@contextmanager
def workers(jobs: int) -> Iterator[Workers]:
    """`jobs` spawned processes. Leaving on an error or Ctrl-C stops them at their next message.

    Spawn, not fork: the same on every system, and no half-copied thread pools.
    """
    context = multiprocessing.get_context("spawn")
    messages, stop = context.Queue(), context.Event()
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    executor = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start, initargs=(messages, stop)
    )
    try:
        yield Workers(executor, messages, stop)
    except BaseException:
        stop.set()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        messages.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start(messages: Any, stop: Any) -> None:
    """Runs first in a worker. Ctrl-C is the parent's to handle: it tells workers to stop."""
    global _channel
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _channel = Channel(messages, stop)
