from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_what_is_written_works(command: Callable[..., Any], tmp_path: Path) -> None:
    result = command("new", "strategy", "my-idea", "--out", tmp_path / "my")
    assert result.code == 0
    file, test = tmp_path / "my/my_idea.py", tmp_path / "my/test_my_idea.py"
    assert f"nasbench-mobile check strategy {file}:MyIdea" in result.out
    assert "class MyIdea:" in file.read_text()
    assert len(test.read_text().splitlines()) < 12
    checked = command("check", "strategy", f"{file}:MyIdea:restart=0.2", "--quick")
    assert checked.code == 0, checked.out
    script = [sys.executable, "-m", "pytest", "--import-mode=prepend", "-q", "-k", "seed"]
    done = subprocess.run(
        [*script, test], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed, 16 deselected" in done.stdout
    assert "warning" not in done.stdout


@pytest.mark.parametrize(
    ("name", "file", "class_name"),
    [
        ("simulated annealing 2", "simulated_annealing_2.py", "SimulatedAnnealing2"),
        ("NSGA", "nsga.py", "NSGA"),
    ],
)
def test_names(
    command: Callable[..., Any], tmp_path: Path, name: str, file: str, class_name: str
) -> None:
    assert command("new", "strategy", name, "--out", tmp_path).code == 0
    assert f"class {class_name}:" in (tmp_path / file).read_text()
    assert f"import {class_name}\n" in (tmp_path / f"test_{file}").read_text()


@pytest.mark.parametrize("name", ["", "3-ideas", "!"])
def test_a_name_that_gives_no_class_is_refused(
    command: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    result = command("new", "strategy", name, "--out", tmp_path / "x")
    assert result.code == 2
    assert "gives no name for a class" in result.err
    assert not (tmp_path / "x").exists()


def test_nothing_is_overwritten(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("precious")
    result = command("new", "strategy", "mine", "--out", tmp_path)
    assert result.code == 2
    assert "test_mine.py is there already" in result.err
    assert (tmp_path / "test_mine.py").read_text() == "precious"
    assert not (tmp_path / "mine.py").exists()
