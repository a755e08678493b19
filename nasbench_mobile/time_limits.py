"""A limit on the wall time of one call of a plugin, which may hang for ever."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from nasbench_mobile.errors import NasbenchError, UsageError

PLUGIN_LIMIT_S = 3600.0
"""Seconds that one call of a strategy, or one evaluation, may take where it is a plugin's: our
choice, generous beside trainings of minutes. What is built in has no limit of this kind."""


class OverdueError(NasbenchError):
    """A call had not returned within its limit."""


class _Overdue(BaseException):
    """Raised within the call; no `except Exception` of a plugin catches it."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Within, `OverdueError` once so many seconds have passed; None is no limit.

    Works in a process's main thread, on systems with interval timers, and on calls that come back
    to the interpreter now and then. In a worker process whose call does not, and so for half as
    long again, the process ends: its parent sees that it died.
    """
    if seconds is None or not _can_be_limited():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_overdue)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if _hard:
        faulthandler.dump_traceback_later(1.5 * seconds + 1.0, exit=True)
    try:
        yield
    except _Overdue:
        raise OverdueError(f"it had not returned after {seconds:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if _hard:
            faulthandler.cancel_dump_traceback_later()


def checked_limit(seconds: float | None) -> float | None:
    """A user's limit: above 0 seconds, or None for none."""
    if seconds is not None and not seconds > 0.0:
        raise UsageError(f"the limit of a call is {seconds:g} s; give more than 0 seconds")
    return seconds


_hard = False


def end_process_that_hangs() -> None:
    """For a worker process: a call that never comes back to the interpreter ends the process."""
    global _hard
    with suppress(ValueError, OSError):
        faulthandler.enable(file=os.fdopen(os.dup(2), "w"))
        _hard = True


def _can_be_limited() -> bool:
    return hasattr(signal, "setitimer") and (threading.current_thread() is threading.main_thread())


def _raise_overdue(number: int, frame: FrameType | None) -> None:
    raise _Overdue
