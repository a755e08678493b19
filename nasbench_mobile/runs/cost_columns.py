"""Costs beside latency of many trials, kept as arrays."""

from __future__ import annotations

import math
from array import array
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.costs import Cost, OtherCosts

Floats = NDArray[np.float64]
_Column: TypeAlias = "tuple[array[float], array[float]]"


class CostColumns:
    """Of each cost, by name and unit, its values and sds by position; nothing where none has any.

    Costs are added in ascending order of positions, and read once all are added.
    """

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], _Column] = {}

    def add(self, position: int, costs: OtherCosts) -> None:
        """The costs of the trial at a position."""
        for name, cost in costs:
            column = self._columns.setdefault((name, cost.unit), (array("d"), array("d")))
            for numbers, value in zip(column, (cost.value, cost.sd), strict=True):
                numbers.extend([math.nan] * (position - len(numbers)))
                numbers.append(math.nan if value is None else value)

    def at(self, position: int) -> OtherCosts | None:
        """The costs of the trial at a position, None where it has none."""
        found = [
            (name, Cost(values[position], unit, None if math.isnan(sd) else sd))
            for (name, unit), (values, sds) in sorted(self._columns.items())
            if position < len(values) and not math.isnan(values[position])
            for sd in (sds[position],)
        ]
        return tuple(found) or None

    def values(self, trials: int) -> dict[tuple[str, str], Floats]:
        """The values of each cost by name and unit, of shape `(trials,)`, NaN where there is none.

        >>> columns = CostColumns()
        >>> columns.add(1, (("energy", Cost(3.5, "mJ")),))
        >>> columns.values(3)
        {('energy', 'mJ'): array([nan, 3.5, nan])}
        """
        found = {}
        for key, (values, _) in sorted(self._columns.items()):
            found[key] = np.full(trials, np.nan)
            found[key][: len(values)] = values
        return found
