"""The page of the Python API follows `__all__`: what it takes for public, and how it shows it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import nasbench_mobile

ROOT = Path(__file__).resolve().parents[1]


def extension() -> ModuleType:
    """The Sphinx extension that makes the page; it is no part of the package."""
    spec = importlib.util.spec_from_file_location("api_reference", ROOT / "docs/api_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


page = extension()
PUBLIC = page.public_names()


def test_public_is_what_all_says() -> None:
    assert sorted(PUBLIC["nasbench_mobile"]) == sorted(nasbench_mobile.__all__)
    assert next(iter(PUBLIC)) == "nasbench_mobile"
    assert {"nasbench_mobile.protocols", "nasbench_mobile.types"} <= set(PUBLIC)
    assert "StrategyContract" in PUBLIC["nasbench_mobile.testing"]


def test_a_room_with_all_comes_in_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__init__.py").write_text('__all__ = ["A"]\n')
    for room, text in {"shown": '__all__ = ["f", "g"]\n', "hidden": "def h(): ...\n"}.items():
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text(text)
    (tmp_path / "types.py").write_text("X: int = 1\nclass C: ...\nclass _P: ...\ny = 2\n")
    monkeypatch.setattr(page, "PACKAGE", tmp_path)
    assert page.public_names() == {
        "nasbench_mobile": ["A"],
        "nasbench_mobile.shown": ["f", "g"],
        "nasbench_mobile.types": ["X", "C"],
    }


@pytest.mark.parametrize("module_name", PUBLIC)
def test_public_names_exist_and_classes_and_functions_say_what_they_are(module_name: str) -> None:
    module = importlib.import_module(module_name)
    for name in PUBLIC[module_name]:
        thing = getattr(module, name)
        assert not inspect.ismodule(thing), f"{name} is a module of that name, not what is meant"
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), f"{module_name}.{name} has no docstring"


def test_a_section_shows_each_thing_once() -> None:
    shown: dict[int, str] = {}
    first = list(
        page.section("nasbench_mobile", ["Trial", "load_benchmark", "NasbenchError"], shown)
    )
    assert ".. autoclass:: nasbench_mobile.Trial" in first
    assert ".. autofunction:: nasbench_mobile.load_benchmark" in first
    assert ".. autoexception:: nasbench_mobile.NasbenchError" in first
    again = "\n".join(page.section("nasbench_mobile.types", ["Trial", "Tokens"], shown))
    assert "{py:obj}`Trial <nasbench_mobile.Trial>`" in again
    assert "autoclass" not in again
    assert ".. autodata:: nasbench_mobile.types.Tokens" in again


def test_indented_examples_become_code() -> None:
    written = ["Do so:", "", "    a = 1 * 2", "    b = 2", "", "    c = 3", "", "Then."]
    assert page.for_sphinx(written) == [*written[:2], "::", "", *written[2:]]


def test_arguments_become_parameters() -> None:
    written = ["Args:", "    first: what is,", "        and more.", "    other: rest.", "", "End."]
    first = [":param first: what is,", "        and more."]
    assert page.for_sphinx(written) == [*first, ":param other: rest.", "", "End."]


def test_what_comes_back_and_what_is_raised_become_fields() -> None:
    written = [
        "Returns:", "    A run,", "    which is long.", "", "Raises:", "    LogError: It is `a*`.",
        "    UsageError: No * at all.", "", "End.",
    ]  # fmt: skip
    assert page.for_sphinx(written) == [
        ":returns: A run,", "    which is long.", "", ":raises LogError: It is `a*`.",
        r":raises UsageError: No \* at all.", "", "End.",
    ]  # fmt: skip


def test_stars_stay_stars() -> None:
    assert page.for_sphinx(["Then `*`, 2 * 3."]) == [r"Then `*`, 2 \* 3."]
    plain = ["- a point", "  of two lines", "", ">>> 2 * 3", "6"]
    assert page.for_sphinx(plain) == plain
