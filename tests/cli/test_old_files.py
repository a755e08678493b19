"""Commands on what the first schemas wrote (docs/compatibility.md)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.image_search.request_file import read_request
from nasbench_mobile.runs.event_log import read_run
from nasbench_mobile.studies.study import Study
from nasbench_mobile.tables.table import read_table

FIRST = Path(__file__).parents[1] / "data/compatibility/v1"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old files, which is where their commands were given."""
    shutil.copytree(FIRST, tmp_path / "v1")
    monkeypatch.chdir(tmp_path / "v1")
    return tmp_path / "v1"


def test_an_old_search_resumes(old: Path, command: Callable[..., Any]) -> None:
    pytest.importorskip("sklearn", reason="digits come with scikit-learn (extra 'train')")
    whole = read_run(old / "whole/search-random-0.jsonl")
    ended = {path.name: path.read_bytes() for path in (old / "search/trainings").iterdir()}
    benchmark = (old / "search/benchmark.toml").read_bytes()
    resumed = command("resume", "search")
    assert resumed.code == 0
    assert "images are matched by their names alone, as this was begun" in resumed.err
    assert command("resume", "search", "--json").json["candidates"] == 3
    assert "names alone" not in command("resume", "search").err  # from now on it knows more
    assert (old / "search/benchmark.toml").read_bytes() == benchmark
    [run] = Study.open(Path("search")).runs()
    assert run.finished
    assert [trial.tokens for trial in run.trials] == [trial.tokens for trial in whole.trials]
    seen = [trial.measurement.accuracy for trial in run.trials if trial.measurement]
    then = [trial.measurement.accuracy for trial in whole.trials if trial.measurement]
    assert seen[:2] == then[:2]  # trainings that had ended are not done again
    for name, content in ended.items():
        assert (old / "search/trainings" / name).read_bytes() == content
    words = read_request(Path("search"))["command"].split()[1:]
    assert command(*words, "--json").json["candidates"] == 3
    request = old / "search/search.json"
    record = json.loads(request.read_text())
    assert record["data_content"].startswith(f"{80 * 64} bytes, ")
    request.write_text(json.dumps({**record, "data_content": "1 bytes, of others"}))
    assert "is of other images under the same names" in command("resume", "search").err


def test_an_old_study_resumes_and_reports_with_notes(
    old: Path, command: Callable[..., Any]
) -> None:
    summary = command("resume", "study", "--jobs", 1, "--json").json
    assert [row["incomplete"] for row in summary["strategies"]] == [[], []]
    assert any("Code was not recorded yet when my_strategy.py" in note for note in summary["notes"])
    [torn] = [note for note in summary["notes"] if "a line that a process died while" in note]
    summary["notes"].remove(torn)  # mended now: a later report has no more to say of it
    assert command("report", "study", "--json").json == summary
    shown = " ".join(command("report", "study").out.split())
    assert "note: Code was not recorded yet when my_strategy.py:MyStrategy made its runs" in shown
    page = (old / "study/report.html").read_text()
    assert "Note: Code was not recorded yet" in page


def test_an_old_table_is_read_and_filled_on(old: Path, command: Callable[..., Any]) -> None:
    pytest.importorskip("sklearn", reason="digits come with scikit-learn (extra 'train')")
    before = (old / "table/table.jsonl").read_bytes()
    assert command("collect", "card", "table").code == 0
    options = (
        "--data", "digits", "--space", "mnasnet", "--epochs", 1, "--width", 0.1, "--train-images",
        60, "--validation-images", 20, "--set", "batch_size=6", "--latency", "pixel1", "--out",
        "table",
    )  # fmt: skip
    assert command("collect", "--count", 3, *options).code == 0
    grown = command("collect", "--count", 4, *options)
    assert grown.code == 0, grown.err
    assert "images are matched by their names alone, as the table was begun" in grown.err
    after = (old / "table/table.jsonl").read_bytes()
    assert after.startswith(before)
    rows = [row for row in read_table(Path("table")).rows if row.accuracy is not None]
    assert len({row.identity for row in rows}) == len(rows) == 4
