"""Install commands, shown on pages or in messages, are of the forms that work: no index has us."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nasbench_mobile.extras import install_command

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WHEEL = f"dist/nasbench_mobile-{PROJECT['version']}-py3-none-any.whl"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SHOWN = re.compile(r"pip install ([^`\n]+)")
ELSEWHERE = {"tflite-runtime", "twine"}
"""What a page may name without a pin: one wants another NumPy, the other is for uploads alone."""


def wrong(arguments: str) -> list[str]:
    """Arguments of a pip install that would fail on a clean machine, in the checkout's folder."""
    words = shlex.split(arguments, comments=True)
    bad = []
    while words:
        word = words.pop(0)
        if word == "-c":
            constraints = words.pop(0)
            bad += [] if (ROOT / constraints).is_file() else [constraints]
        elif word == "-e":
            target = words.pop(0)
            path, extras = split(target)
            fits = (ROOT / path / "pyproject.toml").is_file() and extras <= set(EXTRAS)
            bad += [] if fits else [target]
        elif not installable(word):
            bad.append(word)
    return bad


def installable(word: str) -> bool:
    path, extras = split(word)
    if path == WHEEL:
        return extras <= set(EXTRAS)
    if "/" in path:
        return (ROOT / path / "pyproject.toml").is_file() and not extras
    name = canonicalize_name(Requirement(word).name)
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return name in {canonicalize_name(pin.split("==")[0]) for pin in pins} | ELSEWHERE


def split(target: str) -> tuple[str, set[str]]:
    """A path and the extras in brackets behind it."""
    path, _, rest = target.partition("[")
    return path, {extra.strip() for extra in rest.rstrip("]").split(",")} - {""}


def test_a_command_that_does_not_work_is_noticed() -> None:
    assert wrong("-c constraints.txt -e '.[train,onnx]'  # comment") == []
    assert wrong(f"'{WHEEL}[train]' 'pillow>=10'") == []
    assert wrong("'nasbench-mobile[train]'") == ["nasbench-mobile[train]"]
    assert wrong("nasbench_mobile -e '.[nothing]' -c no.txt") == [
        "nasbench_mobile",
        ".[nothing]",
        "no.txt",
    ]
    assert wrong("'dist/nasbench_mobile-9.9.9-py3-none-any.whl[train]'") != []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_shown_install_commands_work(page: Path) -> None:
    found = SHOWN.findall(page.read_text("utf-8"))
    assert [word for arguments in found for word in wrong(arguments)] == []


def test_the_page_shows_each_form() -> None:
    """From the checkout, with an extra, and both ways of a wheel."""
    found = " ".join(SHOWN.findall((ROOT / "docs/install.md").read_text("utf-8")))
    for form in ("-e .", "-e '.[train]'", WHEEL, f"'{WHEEL}[train]'"):
        assert form in found


def test_the_page_names_each_extra_that_a_user_can_lack() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/install.md").read_text("utf-8"), re.M))
    tools = {"test", "lint", "types", "docs", "mutation", "dev"}
    assert named == set(EXTRAS) - tools


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_messages_name_a_command_that_works(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (arguments,) = SHOWN.findall(install_command(extra))
    assert wrong(arguments) == []


def test_no_code_shows_a_command_of_its_own() -> None:
    """`install_command` alone says how an extra is installed."""
    folders = (ROOT / "nasbench_mobile", ROOT / "strategies", ROOT / "spaces")
    found = {
        path.relative_to(ROOT).as_posix(): bad
        for folder in folders
        for path in folder.rglob("*.py")
        for arguments in re.findall(r"pip install ([\w.-]+(?:\[\w+\])?)", path.read_text("utf-8"))
        if (bad := wrong(arguments))
    }
    assert found == {}
    assert not [
        path
        for folder in folders
        for path in folder.rglob("*.py")
        if "nasbench-mobile[" in path.read_text("utf-8")
    ]
