"""Every room says in a sentence what is in it, and the table in CONTRIBUTING.md says the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nasbench_mobile"
ROOMS = sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())
SUBROOMS = sorted(path.parent for room in ROOMS for path in room.glob("*/__init__.py"))
FILES = sorted(path for path in PACKAGE.glob("*.py") if not path.name.startswith("_"))
ROW = re.compile(r"^\| `(\w+(?:/|\.py))` \| (.+) \|$", re.MULTILINE)


def first_sentence(source: Path) -> str:
    """The first sentence of a module's docstring, on one line; empty where there is none."""
    said = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    found = re.match(r".*?\.(?=\s|$)", " ".join(said.split()))
    return found.group() if found else ""


@pytest.mark.parametrize("room", [*ROOMS, *SUBROOMS], ids=lambda room: room.name)
def test_a_room_says_what_is_in_it(room: Path) -> None:
    sentence = first_sentence(room / "__init__.py")
    assert len(sentence.split()) >= 5, f"{room}/__init__.py says too little: {sentence!r}"
    assert sentence[0].isupper()


def test_the_tables_are_what_rooms_and_files_say_of_themselves() -> None:
    rows = ROW.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    rooms = {f"{room.name}/": first_sentence(room / "__init__.py") for room in ROOMS}
    files = {path.name: first_sentence(path) for path in FILES}
    assert len(rows) == len(dict(rows))
    assert dict(rows) == rooms | files
