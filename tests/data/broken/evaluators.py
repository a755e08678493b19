"""Accuracy evaluators that end or hold up their process on some architectures. All made up."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Sequence

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.types import AccuracyReading


class Deadly:
    """Ends its process on one architecture in `one_in`, whatever else is in the batch."""

    label, fidelity = "deadly", None

    def __init__(self, *, one_in: int = 9, number: int = int(signal.SIGSEGV)) -> None:
        self._one_in, self._number = one_in, number

    def accuracy(self, architectures: Sequence[Architecture]) -> list[AccuracyReading]:
        return [self._reading(sum(one.tokens)) for one in architectures]

    def _reading(self, total: int) -> AccuracyReading:
        if total % self._one_in == 0:
            self._end()
        return AccuracyReading(0.4 + total / 200)

    def _end(self) -> None:
        os.kill(os.getpid(), self._number)
        time.sleep(60)


class Slow(Deadly):
    """Sleeps for ever instead."""

    label = "slow"

    def _end(self) -> None:
        time.sleep(600)


class Deaf(Slow):
    """Sleeps for ever and lets no signal through."""

    label = "deaf"

    def _end(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        super()._end()


class Stuck(Deaf):
    """Holds the interpreter too, as a library that waits for a lock of its own does."""

    label = "stuck"

    def _end(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        ctypes.PyDLL(None).sleep(600)


class Unlabelled:
    fidelity = None

    def accuracy(self, architectures: Sequence[Architecture]) -> list[AccuracyReading]:
        return [AccuracyReading(0.5) for _ in architectures]


class RaisesAtBirth(Deadly):
    def __init__(self) -> None:
        raise OSError("no licence server")
