"""What using a network costs, by name, with value and unit. Latency is the one that all have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from nasbench_mobile.errors import InvalidCostError

UNITS: Mapping[str, str] = {"latency": "ms"}
"""The unit of every cost that this version knows; a new built-in cost is a line here."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One cost of using a network: a value of at least 0 in its unit, and the value's spread.

    `sd` is the standard deviation in the same unit, None where it is not known.
    `InvalidCostError` where a number is not finite or is below 0, or the unit is empty.
    """

    value: float
    unit: str
    sd: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.value < math.inf:
            raise InvalidCostError(
                f"the value of a cost is {self.value!r}; it is finite and at least 0"
            )
        if self.sd is not None and not 0.0 <= self.sd < math.inf:
            raise InvalidCostError(f"the sd of a cost is {self.sd!r}; it is finite and at least 0")
        check_unit("", self.unit)


OtherCosts: TypeAlias = tuple[tuple[str, Cost], ...]
"""Costs beside latency, by name in ascending order."""


def check_name(name: object) -> None:
    """`InvalidCostError` where a cost's name is no identifier."""
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidCostError(f"a cost is named {name!r}; a name is an identifier, such as energy")


def check_unit(name: str, unit: object) -> None:
    """`InvalidCostError` where a cost has no unit, or a known one another than its own."""
    if not isinstance(unit, str) or not unit.strip() or not unit.isprintable():
        raise InvalidCostError(f"the unit of a cost is {unit!r}; give it a word, such as mJ")
    if UNITS.get(name, unit) != unit:
        raise InvalidCostError(f"the cost {name} is in {unit!r}; it must be in {UNITS[name]}")


def other_costs(
    given: Mapping[str, Cost] | Iterable[tuple[str, Cost]] | None,
) -> OtherCosts | None:
    """Costs beside latency as measurements keep them, None where there are none.

    `InvalidCostError` where a name is no identifier, is there twice, or is that of latency, where a
    value is no `Cost`, or where a known cost is in another unit than its own.
    """
    if not given:
        return None
    pairs = tuple(given.items() if isinstance(given, Mapping) else given)
    for name, cost in pairs:
        check_name(name)
        if name == "latency":
            raise InvalidCostError("latency is among the other costs; give it as latency_ms")
        if not isinstance(cost, Cost):
            raise InvalidCostError(f"the cost {name} is {cost!r}; it must be a Cost(value, unit)")
        check_unit(name, cost.unit)
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidCostError(f"a cost is there twice among {[name for name, _ in pairs]}")
    return tuple(sorted(pairs, key=lambda pair: pair[0]))
