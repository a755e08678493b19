"""docs/search.md: its small search, done as it says."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from nasbench_mobile.cli import main

PAGE = Path(__file__).resolve().parents[1] / "docs" / "search.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_small_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = BLOCK.findall(PAGE.read_text(encoding="utf-8"))[0].replace("\\\n", " ")
    _, *lines = first.splitlines()  # all but the installation
    for line in lines:
        monkeypatch.setattr(sys, "argv", shlex.split(line.removeprefix("$ ")))
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
    folder = tmp_path / "out/first"
    listed = set(re.findall(r"`([\w.]+(?:/\d\.\w+)?/?)`", PAGE.read_text(encoding="utf-8")))
    there = {
        "best.json", "best/1.tflite", "best/1.json", "report.html", "plots/", "trials.csv",
        "benchmark.toml", "runs/",
    }  # fmt: skip
    assert there <= listed
    assert all((folder / name).exists() for name in there)
    summary = json.loads((folder / "best.json").read_text())
    assert len(summary["best"]) == 2
    assert summary["beware"] is None
    # "Right on most of the digits", as the page says: at least half, where guessing tells a tenth.
    assert max(row["accuracy"] for row in summary["front"]) > 0.5
    assert summary["chance"] == 0.1
