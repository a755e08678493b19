"""The page on Python and the quick start: what they show runs."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_quickstart", DOCS / "make_quickstart.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_script(script: Path, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(script)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_notebook_is_what_the_script_makes() -> None:
    """`python docs/make_quickstart.py` makes it again."""
    made = maker().notebook((DOCS / "examples/quickstart.py").read_text(encoding="utf-8"))
    assert (DOCS / "quickstart.ipynb").read_text(encoding="utf-8") == made
    cells = json.loads(made)["cells"]
    assert {cell["cell_type"] for cell in cells} == {"markdown", "code"}
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    compile(code, "quickstart.ipynb", "exec")
    assert "# %%" not in code


@pytest.mark.no_cover
def test_the_quick_start_runs(tmp_path: Path) -> None:
    said = run_script(DOCS / "examples/quickstart.py", tmp_path)
    assert "best reward" in said
    assert "100 proposals, seeds: 8" in said
    assert (tmp_path / "out/quickstart/code/HillClimber.py").is_file()


@pytest.mark.no_cover
def test_the_snippet_of_the_page_runs(tmp_path: Path) -> None:
    """With fewer seeds and proposals than it says, which change its figures alone."""
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    [snippet] = re.findall(r"^```\{code-block\} python\n(.*?)^```", page, re.M | re.S)
    assert snippet.count("budget=1000") == 2
    shutil.copy(DOCS / "examples/my_strategy.py", tmp_path)
    small = snippet.replace("budget=1000", "budget=30").replace("seeds=10", "seeds=1")
    (tmp_path / "snippet.py").write_text(small)
    said = run_script(tmp_path / "snippet.py", tmp_path)
    assert "Measurement(accuracy=" in said
    assert "30 proposals, seeds: 1" in said
    assert (tmp_path / "anytime.png").is_file()
    assert not (tmp_path / "study/code").exists()
