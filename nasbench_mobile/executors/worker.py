"""What a worker process does: one job after the other, and what it has of its parent meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection, wait
from typing import Any

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.plugins.calls import named
from nasbench_mobile.plugins.time_limits import CallWatch, watched_by_parent
from nasbench_mobile.warned import warnings_in_words

STOP = b"stop"
"""What a parent sends to be told from a job: end at the next chance."""

PR_SET_PDEATHSIG = 1
"""The option of Linux's prctl(2) that has a process killed when its parent dies."""


class Channel:
    """What a worker has of its parent: where to send messages, and whether to stop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stopped = False

    def send(self, message: Any) -> None:
        self._connection.send(("message", message))

    @property
    def stopped(self) -> bool:
        """Whether the parent has said so."""
        if not self._stopped and self._connection.poll():
            self._stopped = self._connection.recv_bytes() == STOP
        return self._stopped


_channel: Channel | None = None


def channel() -> Channel | None:
    """The worker's channel; None in a process that is no worker."""
    return _channel


def work(connection: Connection, parent: int, watch: CallWatch) -> None:
    """Do one job after the other, until the pipe is closed."""
    global _channel
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which tells us to stop
    _end_with(parent)
    _print_to_stderr()
    watched_by_parent(watch)
    _channel = Channel(connection)
    with warnings_in_words():
        _serve(connection)


def _serve(connection: Connection) -> None:
    while True:
        try:
            call = connection.recv_bytes()
        except (EOFError, OSError):
            return
        if call == STOP:
            continue
        connection.send(("taken", None))
        connection.send(_done(call))


def _done(call: bytes) -> tuple[str, Any]:
    """The result of a call or the error it raised, as something that a pipe can carry."""
    try:
        function, arguments, options = pickle.loads(call)
        answer = "result", function(*arguments, **options)
        pickle.dumps(answer)
    except BaseException as error:
        return "error", error if isinstance(error, NasbenchError) else NasbenchError(named(error))
    return answer


def _end_with(parent: int) -> None:
    """End this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it has ended already
            os._exit(1)
    relative = multiprocessing.parent_process()
    if relative is not None:
        threading.Thread(target=_follow, args=(relative.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _print_to_stderr() -> None:
    """Keep whatever a plugin prints out of the result of a command.

    Line by line, so that nothing is lost with a process that is killed.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        os.dup2(2, 1)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)
