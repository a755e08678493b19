"""The example package: built, installed beside nothing else of its own, found and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "docs/examples/plugin-package"
Command = Callable[..., str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Runs Python where the package is installed; what it prints comes back."""
    pytest.importorskip("setuptools")
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PACKAGE, folder / "package")  # building leaves files beside the source
    site = folder / "site"
    # Not measured: the same commands are, in the tests of the command line, and take half as long.
    unmeasured = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = {**unmeasured, "PYTHONPATH": str(site)}

    def run(*arguments: object, code: int = 0) -> str:
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    run(*install, "--no-build-isolation", "--target", site, folder / "package")
    assert (site / "nasbench_mobile_annealing/__init__.py").is_file()
    return run


MAIN = ("-c", "from nasbench_mobile.cli import main; main()")


def test_it_is_listed_with_its_options(installed: Command) -> None:
    rows = {
        row["name"]: row for row in json.loads(installed(*MAIN, "list", "strategies", "--json"))
    }
    assert rows["annealing"]["options"] == {"temperature": 0.05}
    assert rows["annealing"]["summary"].startswith("Simulated annealing")


def test_it_keeps_its_laws(installed: Command) -> None:
    verdict = json.loads(installed(*MAIN, "check", "strategy", "annealing", "--json"))
    assert {law["result"] for law in verdict["laws"]} == {"kept"}
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "package")
    assert "1 passed" in installed(*tests, "-k", "seed")


def test_it_takes_part_in_a_comparison(installed: Command) -> None:
    arguments = ("--strategies", "random,annealing:temperature=0.1", "--seeds", 2, "--budget", 60)
    summary = json.loads(installed(*MAIN, "compare", *arguments, "--out", "study", "--json"))
    names = {row["name"] for row in summary["strategies"]}
    assert names == {"random", "annealing"}
