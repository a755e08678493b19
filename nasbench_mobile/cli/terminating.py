"""SIGTERM, as schedulers, `kill` and `timeout` send it, stops a command as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""Exit code after SIGTERM, as shells use it."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived. Whatever handles Ctrl-C handles it too."""


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM raises `Terminated`, and what ends after it exits with `TERMINATED`.

    Only the first counts: `timeout` sends two at once. Where SIGTERM is ignored or handled by the
    caller already, and outside the main thread, nothing changes.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    told = False

    def terminate(number: int, frame: FrameType | None) -> None:
        nonlocal told
        told = True
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except BaseException:
        # Workers that got the signal too can be missed before it is handled here: no more to say.
        if told:
            raise SystemExit(TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
