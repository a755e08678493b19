"""A time limit on each call of a plugin that needs no help from pytest or the system."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from nasbench_mobile.errors import NasbenchError

T = TypeVar("T")


class Overdue(NasbenchError):
    """A call of a plugin did not return in time."""


class Watch:
    """Knows which of the plugin's calls is running, and since when."""

    def __init__(self) -> None:
        self._running: tuple[str, float] | None = None

    @contextmanager
    def over(self, call: str) -> Iterator[None]:
        """The time of the block counts as that of `call`, which names it for people."""
        self._running = call, time.monotonic()
        try:
            yield
        finally:
            self._running = None

    @property
    def running(self) -> str | None:
        """The call of the plugin that is running, in words; None between calls."""
        running = self._running
        return running[0] if running else None

    def overdue(self, limit_s: float) -> str | None:
        """The call that has been running for longer than the limit."""
        running = self._running
        return running[0] if running and time.monotonic() - running[1] > limit_s else None


def within_limit(check: Callable[[], T], watch: Watch, limit_s: float) -> T:
    """The result of `check`, which runs in a thread of its own; `Overdue` names a call that hangs.

    A loop of Python that hangs is stopped; one in foreign code is left behind, and the interpreter
    does not wait for it at its end.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(check())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="nasbench-mobile check")
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        call = watch.overdue(limit_s)
        if call is not None and thread.is_alive():
            where = _place(thread)
            _stop(thread)
            raise Overdue(f"{call} had not returned after {limit_s:g} s{where}")
    if errors:
        raise errors[0]
    return results[0]


def _place(thread: threading.Thread) -> str:
    """The innermost line of the plugin that the thread is at: outside libraries and this package.

    Empty where there is none.
    """
    frame = sys._current_frames().get(thread.ident or 0)
    own = str(Path(__file__).parent)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(own):
            return ""
        if Path(path).is_file() and not {"site-packages", "lib"} & set(Path(path).parts):
            return f"; it was at line {frame.f_lineno} of {Path(path).name}"
        frame = frame.f_back
    return ""


def _stop(thread: threading.Thread) -> None:
    """Raise SystemExit in the thread, which ends a loop of Python that spares it.

    A thread that is in foreign code does not see it, and then it is withdrawn. While it is pending,
    CPython 3.11 under a tracer (coverage) never gets past the start of a Python function, in any
    thread: so nothing but C functions are called in between.
    """
    if thread.ident is None:
        return
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    ident, exception, nothing = (
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit), ctypes.py_object(),
    )  # fmt: skip
    sleep = time.sleep
    raise_in(ident, exception)
    sleep(0.2)
    raise_in(ident, nothing)
