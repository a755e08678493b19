"""docs/take-away.md, run as it stands, its Python where this package cannot be imported.

The blocks are `py`, not `python`: test_docs.py runs those of a page alone, these need the commands.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_mobile.cli import main
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.preparing_code import preparing_code

PAGE = Path(__file__).resolve().parents[1] / "docs" / "take-away.md"
BLOCKS = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ALONE = "import sys; sys.modules['nasbench_mobile'] = None\n"  # importing it would now fail


def blocks(kind: str) -> list[str]:
    return [text for word, text in BLOCKS.findall(PAGE.read_text(encoding="utf-8")) if word == kind]


def test_the_files_are_read_without_this_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in blocks("console")[0].splitlines():
        monkeypatch.setattr(sys, "argv", shlex.split(line.removeprefix("$ ")))
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a1.pt2", "a1.tflite"]
    script = ALONE + "\n".join(blocks("py"))
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)  # there is nothing of ours to measure
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_shows_the_lines_of_a_network_for_photographs() -> None:
    assert preparing_code(Preparation(96), "channels last") in blocks("py")
