"""The tutorial, done as it says: from nothing to a leaderboard with the strategy in it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/write-a-strategy.md").read_text(encoding="utf-8")
LISTING = re.compile(r"^```\{code-block\} python\n---\ncaption: (\S+)\n---\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
LISTINGS = dict(LISTING.findall(PAGE))


def run(command: str, folder: Path) -> str:
    """What a command of the page prints, run in a folder as a reader would run it."""
    program, *arguments = shlex.split(command)
    script = "from nasbench_mobile.cli import main; main()"
    start = {"nasbench-mobile": ["-c", script], "python": []}[program]
    words = [sys.executable, *start, *arguments]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_user_code_is_short() -> None:
    lines = [line for text in LISTINGS.values() for line in text.splitlines() if line.strip()]
    assert set(LISTINGS) == {"my_strategy.py", "test_my_strategy.py"}
    assert len(lines) < 40


def test_the_example_is_the_listing() -> None:
    example = ROOT / "docs/examples/my_strategy.py"
    assert example.read_text(encoding="utf-8") == LISTINGS["my_strategy.py"]


@pytest.mark.no_cover
def test_doing_what_the_page_says(tmp_path: Path) -> None:
    """Its commands, in order, in an empty folder."""
    new, check, compare, test = COMMAND.findall(PAGE)
    run(new, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.glob("*.py")} == LISTINGS
    assert "keeps its laws: 17 kept" in run(check, tmp_path)
    run(compare, tmp_path)
    summary = json.loads((tmp_path / "out/mine/summary.json").read_text())
    rows = {row["name"]: row for row in summary["strategies"]}
    assert rows["my_strategy.py:MyStrategy"]["seeds"] == [0, 1, 2]
    assert "17 passed" in run(test, tmp_path)
