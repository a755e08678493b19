"""Places where cosmic-ray's operators can change a file, and the changes themselves."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.mutation.population import Mutant, mutant, places

pytest.importorskip("cosmic_ray", reason="cosmic-ray is in the environment mutation alone")

SOURCE = '''"""1 + 1"""
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

Text: TypeAlias = str | bytes

if TYPE_CHECKING:
    import os


@dataclass(slots=True)
class Box:
    size: int | None = None

    def larger(self, other: int | str = "é") -> bool | None:
        return "é" != other and (
            len(other) > 3
        )
'''
NOTHING = re.compile("(?!)")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "box.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def test_types_slots_and_words_are_no_places(root: Path) -> None:
    found = places(root, "room", ["box.py"], NOTHING)
    assert [(place.start[0], place.within) for place in found] == [
        (12, "Box"),  # the decorator
        (17, "Box.larger"),  # !=
        (17, "Box.larger"),  # and
        (18, "Box.larger"),  # >
        (18, "Box.larger"),  # 3
    ]
    assert len({place.key for place in found}) == 5


def test_operators_can_be_left_out(root: Path) -> None:
    pattern = re.compile("core/ReplaceComparisonOperator_.*")
    found = places(root, "room", ["box.py"], pattern)
    assert {name for place in found for name, _ in place.changes} == {
        "core/ReplaceAndWithOr",
        "core/RemoveDecorator",
        "core/NumberReplacer",
    }


def test_a_mutant_is_one_change_of_its_place(root: Path) -> None:
    *_, number = places(root, "room", ["box.py"], NOTHING)
    drawn = [mutant(root, number, seed) for seed in range(20)]
    found = [one for one in drawn if isinstance(one, Mutant)]
    assert {(one.old, one.new.replace(" ", "")) for one in found} == {
        ("len(other) > 3", "len(other)>4"),
        ("len(other) > 3", "len(other)>2"),
    }
    for one in found:
        assert one.statement == (17, 19)
        assert one.line == 18
        assert ast.parse(one.source)
        assert "\n+" in one.diff


def test_a_place_keeps_its_key_when_lines_move(root: Path) -> None:
    before = [place.key for place in places(root, "room", ["box.py"], NOTHING)]
    moved = SOURCE.replace("@dataclass", "MORE = 7\n\n\n@dataclass")
    (root / "box.py").write_text(moved, encoding="utf-8")
    after = [place.key for place in places(root, "room", ["box.py"], NOTHING)]
    assert after[1:] == before
