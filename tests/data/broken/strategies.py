"""Strategies that are broken, each in its own way; the first is whole."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench_mobile import Decision, Proposal, Trial


class Whole:
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        self.cardinalities = [decision.cardinality for decision in decisions]
        self.rng = np.random.default_rng(seed)
        self.asked = 0

    def ask(self, count: int) -> Any:
        drawn = [self.rng.integers(self.cardinalities).tolist() for _ in range(count)]
        self.asked += count
        return [Proposal(self.asked - count + k, tuple(t)) for k, t in enumerate(drawn)]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Nothing is learnt."""


class RaisesAtBirth(Whole):
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        raise ValueError("no licence")


class ExitsAtBirth(Whole):
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        sys.exit(0)


class ExitsInTell(Whole):
    def tell(self, trials: Sequence[Trial]) -> None:
        print("this must not stand in a result")
        raise SystemExit(0)


class InterruptsInAsk(Whole):
    def ask(self, count: int) -> Any:
        raise KeyboardInterrupt


class GivesNothing(Whole):
    def ask(self, count: int) -> Any:
        return None


class GivesWords(Whole):
    def ask(self, count: int) -> Any:
        return [Proposal(p.id, "0" * len(p.tokens)) for p in super().ask(count)]  # type: ignore[arg-type]


class GivesAGenerator(Whole):
    def ask(self, count: int) -> Any:
        return (proposal for proposal in super().ask(count))


class TooMany(Whole):
    def ask(self, count: int) -> Any:
        return super().ask(count + 1)


class HangsInTell(Whole):
    def tell(self, trials: Sequence[Trial]) -> None:
        time.sleep(600)


class SticksInTell(Whole):
    """Holds the interpreter and lets no signal through: nothing in the process interrupts it."""

    def tell(self, trials: Sequence[Trial]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        ctypes.PyDLL(None).sleep(600)


class DiesInTell(Whole):
    def tell(self, trials: Sequence[Trial]) -> None:
        if self.asked > 5:
            os.kill(os.getpid(), signal.SIGSEGV)


class NumpyNumbers(Whole):
    """Not broken: its numbers are numpy's."""

    def ask(self, count: int) -> Any:
        return [
            Proposal(np.int64(p.id), np.array(p.tokens), np.float32(1.0))  # type: ignore[arg-type]
            for p in super().ask(count)
        ]
