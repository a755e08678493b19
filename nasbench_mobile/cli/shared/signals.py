"""SIGTERM, as schedulers, `kill` and `timeout` send it, stops a command as Ctrl-C does.

So does SIGHUP, which a terminal that is closed sends.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""Exit code after SIGTERM, as shells use it."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP arrived. Whatever handles Ctrl-C handles it too."""


@contextmanager
def terminable() -> Iterator[None]:
    """While this context is open, SIGTERM and SIGHUP raise `Terminated`; exit codes are 128 + it.

    Only the first counts: `timeout` sends two at once. A signal that is ignored (under `nohup`,
    say) or handled by the caller already stays so, as do all outside the main thread.
    """
    told: list[int] = []

    def terminate(number: int, frame: FrameType | None) -> None:
        told.append(number)
        for other in heeded:
            signal.signal(other, signal.SIG_IGN)
        raise Terminated

    main = threading.current_thread() is threading.main_thread()
    heeded = [n for n in SIGNALS if main and signal.getsignal(n) is signal.SIG_DFL]
    for number in heeded:
        signal.signal(number, terminate)
    try:
        yield
    except BaseException:
        # Workers that got the signal too can be missed before it is handled here: no more to say.
        if told:
            raise SystemExit(128 + told[0]) from None
        raise
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it."""
