"""What is finished is kept, with what it was run with."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.reproduce import session as module
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    Outcome,
    RunStudy,
    Setting,
    Table,
)
from nasbench_mobile.reproduce.session import Session
from nasbench_mobile.study import Study


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


class Counting:
    """An experiment that counts how often it is run."""

    def __init__(self) -> None:
        self.runs = 0
        self.experiment = Experiment(
            "counting", "Counting", "how often it is run", self.run, frozenset({"seeds", "samples"})
        )

    def run(self, setting: Setting, folder: Path, run_study: RunStudy) -> Outcome:
        self.runs += 1
        rows = [{"seeds": setting.seeds, "note": 'a comma, and "quotes"'}]
        table = Table("counting", "Counted", {"seeds": "seeds", "note": "note"}, rows)
        return Outcome({"answer": 42}, tables=[table])


def test_finished_experiments_are_kept(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    assert session.kept(counting.experiment, Setting(seeds=3)) is None
    record = session.run(counting.experiment, Setting(seeds=3), no_study)
    assert session.kept(counting.experiment, Setting(seeds=3)) == record
    assert json.loads((tmp_path / "counting.json").read_text()) == record
    assert (record["answer"], record["made_with"]["setting"]["seeds"]) == (42, 3)
    [row] = csv.DictReader((tmp_path / "counting.csv").open())
    assert row == {"seeds": "3", "note": 'a comma, and "quotes"'}


def test_other_options_are_refused_and_unheeded_ones_are_not(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    session.run(counting.experiment, Setting(seeds=3), no_study)
    with pytest.raises(UsageError, match=r"seeds.*give another --out"):
        session.kept(counting.experiment, Setting(seeds=4))
    with pytest.raises(UsageError, match="quick"):
        session.kept(counting.experiment, Setting(seeds=3, quick=True))
    assert session.kept(counting.experiment, Setting(seeds=3, device="host")) is not None


def test_what_has_no_searches_has_no_small_form() -> None:
    assert Setting(seeds=3, quick=True).only(frozenset({"device"})) == Setting()
    assert Setting(quick=True).only(frozenset({"seeds", "samples"})).quick


def test_changed_code_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting, session = Counting(), Session(tmp_path)
    session.run(counting.experiment, Setting(), no_study)
    monkeypatch.setattr(module, "code_digest", lambda: "another")
    assert session.kept(counting.experiment, Setting()) is None


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "counting.json").write_text("{")
    with pytest.raises(NasbenchError, match=r"counting\.json is no record"):
        Session(tmp_path).kept(Counting().experiment, Setting())
