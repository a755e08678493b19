"""docs/from-images-to-a-file.md, done as it says: from a search to a file that knows digits."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.cli import main

PAGE = Path(__file__).resolve().parents[1] / "docs" / "from-images-to-a-file.md"
BLOCKS = re.compile(
    r"^```(?:(console|py|text)|\{code-block\} python\n---\ncaption: (\S+)\n---)\n(.*?)^```",
    re.MULTILINE | re.DOTALL,
)
ALONE = "import sys; sys.modules['nasbench_mobile'] = None\n"  # importing it would now fail
SAID = re.compile(r"^(\S+): (\d+) of (\d+) right; the training's own: ([\d.]+)%$", re.MULTILINE)


def blocks() -> list[tuple[str, str]]:
    """(kind or file name, text) of all blocks, in their order."""
    found = BLOCKS.findall(PAGE.read_text(encoding="utf-8"))
    return [(kind or caption, text) for kind, caption, text in found]


def commands(text: str) -> list[list[str]]:
    return [shlex.split(line[2:]) for line in text.replace("\\\n", " ").splitlines()]


def figures(text: str) -> dict[str, tuple[int, int, float]]:
    """(right, of, percent of the training) by file, of what classify.py prints."""
    return {file: (int(a), int(b), float(c)) for file, a, b, c in SAID.findall(text)}


def test_the_page_is_read_whole() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert 2 * len(blocks()) == len(re.findall(r"^```", text, re.MULTILINE))
    assert list(figures(blocks()[-1][1])) == ["out/digits.tflite", "out/digits-int8.tflite"]


@pytest.mark.slow
def test_doing_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every block in its order, in an empty folder; the figures are the training's own."""
    pytest.importorskip("ai_edge_quantizer")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    (_, install), *rest = blocks()
    assert [words[1:4] for words in commands(install)] == [["-m", "pip", "install"]]
    names: dict[str, Any] = {}
    said = ""
    for kind, text in rest:
        if kind == "py":
            exec(text, names)
        elif kind.endswith(".py"):
            (tmp_path / kind).write_text(text)
        elif kind == "console":
            said += "".join(run(words, monkeypatch) for words in commands(text))
    record = json.loads((tmp_path / "out/digits/training.json").read_text())
    assert names["best"]["train"] in capfd.readouterr().out
    assert len(list((tmp_path / "images").glob("*/*.png"))) == 359

    seen, shown = figures(said), figures(blocks()[-1][1])
    claimed = record["test_accuracy"]
    right, of, percent = seen["out/digits.tflite"]
    assert (of, percent) == (359, round(100 * claimed, 1))
    assert abs(right - claimed * of) <= 1.01
    right, of, percent = seen["out/digits-int8.tflite"]
    assert (of, percent) == (359, round(100 * claimed, 1))
    assert abs(right / of - claimed) <= 0.02
    # Another processor trains to another accuracy, near to what the page shows.
    for file, (right, of, _) in shown.items():
        assert of == 359
        assert abs(seen[file][0] - right) <= 0.05 * of


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a script prints where this package cannot be imported; nothing for our own commands."""
    if words[0] == "nasbench-mobile":
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return ""
    script = ALONE + Path(words[1]).read_text()
    done = subprocess.run(
        [sys.executable, "-c", script, *words[2:]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
