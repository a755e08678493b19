"""The budget of a run: what is spent, what is left, and which proposals it still pays for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

SLACK = 1e-9
"""Rounding allowed in sums of partial charges: nine ninths are one training (our choice; a million
charges of the nearest float err by less than a hundredth of it)."""


class Budget:
    """A number of full trainings to spend; a proposal is charged its fidelity, in (0, 1].

    Charges are added exactly, so that the order of proposals and their number cannot matter.

    >>> budget = Budget(2)
    >>> budget.admit([1.0, 1 / 3, 1 / 3]), budget.left
    (3, 1)
    >>> budget.admit([1 / 3, 1.0]), budget.left
    (1, 0)
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._spent = Fraction(0)
        self._closed = False

    @property
    def spent(self) -> float:
        """Full trainings charged so far."""
        return float(self._spent)

    @property
    def left(self) -> int:
        """Full trainings that may still be asked for, at least 0; 1 for what is left of one."""
        left = 0 if self._closed else self.total - self._spent
        if left < SLACK:
            return 0
        return max(math.floor(left + Fraction(SLACK)), 1)

    def admit(self, fidelities: Iterable[float]) -> int:
        """Charge proposals in their order while there is room; how many were admitted.

        The first that finds too little room ends the spending: what is left buys nothing more, and
        a smaller one behind it must not overtake it.
        """
        admitted = 0
        for fidelity in fidelities:
            after = self._spent + Fraction(fidelity)
            if self._closed or after > self.total + Fraction(SLACK):
                self._closed = True
                break
            self._spent = after
            admitted += 1
        return admitted
