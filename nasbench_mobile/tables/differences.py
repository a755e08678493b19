"""The differences between two records, value by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_ABSENT = "nothing"

LATER = ("data_content",)
"""Keys that the first tables did not have yet: where one record lacks them they tell nothing."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Places (`training.recipe.epochs`) with the value on either side; false where none are."""

    found: tuple[tuple[str, Any, Any], ...]

    def __bool__(self) -> bool:
        return bool(self.found)

    def words(self, first: str, second: str) -> str:
        """All differences in one sentence; `first` and `second` say whose the values are."""
        return "; ".join(
            f"{place} is {one!r} in {first} and {other!r} in {second}"
            for place, one, other in self.found
        )


def differences(first: dict[str, Any], second: dict[str, Any], place: str = "") -> Differences:
    """Where two records of JSON values differ, nested ones by their innermost names."""
    found: list[tuple[str, Any, Any]] = []
    for key in [*first, *(key for key in second if key not in first)]:
        one, other = first.get(key, _ABSENT), second.get(key, _ABSENT)
        if key in LATER and _ABSENT in (one, other):
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            found += differences(one, other, f"{place}{key}.").found
        elif one != other:
            found.append((f"{place}{key}", one, other))
    return Differences(tuple(found))
