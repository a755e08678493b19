"""What counts as the code of a file: the file, and what it imports from beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

import pytest

from nasbench_mobile.plugins.code_files import Code, code_of_file


def code(folder: Path, **files: str) -> Code:
    """The code of main.py among files whose names have `__` for a slash."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return code_of_file(folder / "main.py")


def beside(found: Code) -> set[str]:
    return {str(place) for place in found.beside}


def test_a_file_alone_has_the_hash_of_its_bytes(tmp_path: Path) -> None:
    text = "import math, numpy\nfrom nasbench_mobile import Proposal\n"
    found = code(tmp_path, main=text, unused="x = 1\n")
    assert found.beside == {}
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert found.outside == {"numpy"}


def test_every_form_of_import_is_followed(tmp_path: Path) -> None:
    found = code(
        tmp_path,
        main=(
            "import one\nimport two as other\nfrom three import thing\n"
            "def later():\n    import four\n    from folder import five\n"
            "if True:\n    import spaced.six\n"
        ),
        one="import seven\n", two="", three="thing = 1\n", four="", folder__five="",
        spaced__six="", seven="", eight="",
    )  # fmt: skip
    assert beside(found) == {
        "one.py", "two.py", "three.py", "four.py", "folder/five.py", "spaced/six.py", "seven.py",
    }  # fmt: skip


def test_packages_are_followed_with_their_relative_imports(tmp_path: Path) -> None:
    (tmp_path / "kit/deep").mkdir(parents=True)
    (tmp_path / "kit/__init__.py").write_text("from .first import x\n")
    (tmp_path / "kit/deep/__init__.py").write_text("")
    (tmp_path / "kit/deep/last.py").write_text("from ..second import y\nfrom . import near\n")
    found = code(
        tmp_path,
        main="from kit.deep import last\n",
        kit__first="x = 1\n", kit__second="y = 2\n", kit__third="", kit__deep__near="",
    )  # fmt: skip
    assert beside(found) == {
        "kit/__init__.py", "kit/deep/__init__.py", "kit/deep/last.py", "kit/first.py",
        "kit/second.py", "kit/deep/near.py",
    }  # fmt: skip


def test_a_star_may_import_any_module_of_a_package(tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit/__init__.py").write_text("")
    found = code(tmp_path, main="from kit import *\n", kit__a="", kit__b="")
    assert beside(found) == {"kit/__init__.py", "kit/a.py", "kit/b.py"}


def test_cycles_end_and_the_file_itself_is_not_beside(tmp_path: Path) -> None:
    found = code(tmp_path, main="import a\n", a="import b\nimport main\n", b="import a\n")
    assert beside(found) == {"a.py", "b.py"}


def test_the_standard_library_and_this_package_are_never_beside(tmp_path: Path) -> None:
    text = "import random\nimport nasbench_mobile.types\n"
    found = code(tmp_path, main=text, random="", nasbench_mobile__types="")
    assert found.beside == {}
    assert found.outside == frozenset()


def test_computed_names_are_not_seen(tmp_path: Path) -> None:
    found = code(tmp_path, main="import importlib\nimportlib.import_module('a')\n", a="")
    assert found.beside == {}


@pytest.mark.parametrize("text", ["def broken(:\n", "x = '\0'\n"])
def test_a_file_that_is_no_python_has_the_hash_of_its_bytes(tmp_path: Path, text: str) -> None:
    found = code(tmp_path, main=text)
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_hash_follows_content_and_names_of_neighbours_alone(tmp_path: Path) -> None:
    first = code(tmp_path / "a", main="import one\n", one="import two\n", two="x = 1\n")
    same = code(tmp_path / "b", main="import one\n", one="import two\n", two="x = 1\n", three="")
    assert first.sha256 == same.sha256
    assert first.beside[PurePosixPath("two.py")] == tmp_path / "a" / "two.py"
    other = code(tmp_path / "c", main="import one\n", one="import two\n", two="x = 2\n")
    assert other.sha256 != first.sha256
    alone = code(tmp_path / "d", main="import one\n")
    assert len({first.sha256, other.sha256, alone.sha256}) == 3
