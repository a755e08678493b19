"""The tools that keep the laws of the house see through the links to strategies and spaces."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CULPRIT = """import spaces
from nasbench_mobile.strategies import random as another
from nasbench_mobile.networks import graph
import optuna
"""


@pytest.fixture(scope="module")
def guilty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with a strategy in it that breaks four laws."""
    copy = tmp_path_factory.mktemp("guilty") / "checkout"
    copy.mkdir()
    for name in ("nasbench_mobile", "strategies", "spaces", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            pycache = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / name, symlinks=True, ignore=pycache)
        else:
            shutil.copy(source, copy / name)
    (copy / "strategies" / "culprit.py").write_text(CULPRIT, encoding="utf-8")
    return copy


def output(command: list[str], folder: Path) -> str:
    """What a command that must find fault prints, as one line."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_import_contracts_reach_linked_rooms(guilty: Path) -> None:
    pytest.importorskip("importlinter")
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    said = output([sys.executable, "-c", script, "--no-cache"], guilty)
    culprit = "nasbench_mobile.strategies.culprit -> "
    assert culprit + "nasbench_mobile.networks" in said
    assert culprit + "nasbench_mobile.strategies.random" in said
    assert culprit + "optuna" in said


def test_bare_names_of_rooms_are_banned(guilty: Path) -> None:
    pytest.importorskip("ruff")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "."]
    said = output(command, guilty)
    assert "strategies/culprit.py:1:8: TID251" in said
