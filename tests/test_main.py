"""`python -m nasbench_mobile` is the command."""

from __future__ import annotations

import subprocess
import sys


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nasbench_mobile", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_says_how_it_was_called() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: python -m nasbench_mobile [OPTIONS] COMMAND" in done.stdout


def test_a_mistake_ends_as_the_command_ends() -> None:
    done = run("describe", "nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
