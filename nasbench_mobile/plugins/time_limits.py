"""A limit on the wall time of one call of a plugin, which may hang for ever."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from nasbench_mobile.errors import NasbenchError, UsageError

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

PLUGIN_LIMIT_S = 3600.0
"""Seconds that a plugin may take for one call of a strategy, or to measure one proposal: our
choice, generous beside trainings of minutes. What is built in has no limit of this kind."""


class OverdueError(NasbenchError):
    """A call had not returned within its limit."""


class _Overdue(BaseException):
    """The error that is raised within the call; no `except Exception` of a plugin catches it."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `OverdueError` within this context once its seconds have passed; None is no limit.

    Works in a process's main thread, on systems with interval timers, and on calls that come back
    to the interpreter now and then. A call that does not is watched by the parent of the worker
    (`CallWatch`).
    """
    if seconds is None or not _can_be_limited():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_overdue)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if _watch is not None:
        _watch.begins(seconds)
    try:
        yield
    except _Overdue:
        raise OverdueError(f"it had not returned after {seconds:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if _watch is not None:
            _watch.ends()


def checked_limit(seconds: float | None) -> float | None:
    """Check a user's limit, which is above 0 seconds, or None for no limit."""
    if seconds is not None and not seconds > 0.0:
        raise UsageError(f"the limit of a call is {seconds:g} s; give more than 0 seconds")
    return seconds


class CallWatch:
    """Shared by a worker process and its parent: until when the call under way may take.

    A call that holds the interpreter, or blocks the timer's signal, cannot be interrupted from
    within its process; the parent ends the process once `overdue`.
    """

    def __init__(self, context: BaseContext) -> None:
        self._limit_s, self._until = context.RawValue("d", 0.0), context.RawValue("d", math.inf)

    def begins(self, limit_s: float) -> None:
        """A call begins; it is overdue after half as long again, and a second (our choice)."""
        self._limit_s.value = limit_s
        self._until.value = time.monotonic() + 1.5 * limit_s + 1.0

    def ends(self) -> None:
        """The call has returned."""
        self._until.value = math.inf

    @property
    def limit_s(self) -> float:
        """The limit of the call under way, or of the last one."""
        return float(self._limit_s.value)

    @property
    def overdue(self) -> bool:
        """Whether the call under way should have been interrupted long since."""
        return time.monotonic() > float(self._until.value)


_watch: CallWatch | None = None


def watched_by_parent(watch: CallWatch) -> None:
    """Let a worker's parent learn from `watch` which call the worker is in, and for how long."""
    global _watch
    _watch = watch


def _can_be_limited() -> bool:
    return hasattr(signal, "setitimer") and (threading.current_thread() is threading.main_thread())


def _raise_overdue(number: int, frame: FrameType | None) -> None:
    raise _Overdue
