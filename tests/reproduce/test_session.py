"""What is finished is kept, with what it was run with."""

from __future__ import annotations

import csv
import hashlib
import json
import resource
import shutil
import time
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nasbench_mobile.errors import LogError, NasbenchError, UsageError
from nasbench_mobile.reproduce import session as module
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Number,
    Picture,
    ResultTable,
    RunStudy,
)
from nasbench_mobile.reproduce.session import Session
from nasbench_mobile.studies.study import Study


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


class Counting:
    """An experiment that counts how often it is run."""

    def __init__(self) -> None:
        self.runs = 0
        self.experiment = Experiment(
            "counting", "Counting", "how often it is run", self.run, frozenset({"seeds", "samples"})
        )

    def run(
        self, setting: ExperimentSetting, folder: Path, run_study: RunStudy
    ) -> ExperimentOutcome:
        self.runs += 1
        rows = [{"seeds": setting.seeds, "note": 'a comma, and "quotes"'}]
        table = ResultTable("counting", "Counted", {"seeds": "seeds", "note": "note"}, rows)
        return ExperimentOutcome({"answer": 42}, tables=[table])


def test_finished_experiments_are_kept(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    assert session.kept(counting.experiment, ExperimentSetting(seeds=3)) is None
    record: Any = session.run(counting.experiment, ExperimentSetting(seeds=3), no_study)
    assert session.kept(counting.experiment, ExperimentSetting(seeds=3)) == record
    assert json.loads((tmp_path / "counting.json").read_text()) == record
    assert (record["answer"], record["made_with"]["setting"]["seeds"]) == (42, 3)
    [row] = csv.DictReader((tmp_path / "counting.csv").open())
    assert row == {"seeds": "3", "note": 'a comma, and "quotes"'}


def test_other_options_are_refused_and_unheeded_ones_are_not(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    session.run(counting.experiment, ExperimentSetting(seeds=3), no_study)
    with pytest.raises(UsageError, match=r"seeds.*give another --out"):
        session.kept(counting.experiment, ExperimentSetting(seeds=4))
    with pytest.raises(UsageError, match="quick"):
        session.kept(counting.experiment, ExperimentSetting(seeds=3, quick=True))
    assert session.kept(counting.experiment, ExperimentSetting(seeds=3, device="host")) is not None


def test_what_has_no_searches_has_no_small_form() -> None:
    assert ExperimentSetting(seeds=3, quick=True).only(frozenset({"device"})) == ExperimentSetting()
    assert ExperimentSetting(quick=True).only(frozenset({"seeds", "samples"})).quick


def test_changed_code_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting, session = Counting(), Session(tmp_path)
    session.run(counting.experiment, ExperimentSetting(), no_study)
    monkeypatch.setattr(module, "code_digest", lambda: "another")
    assert session.kept(counting.experiment, ExperimentSetting()) is None


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    record = session.run(counting.experiment, ExperimentSetting(), no_study)
    for content, said in (
        ("{", "is damaged: it is not JSON"),
        ("[]", r"is damaged: it holds \[\], not a map"),
        (json.dumps({**record, "made_with": []}), r"key 'made_with' is \[\]; it is a map"),
        (json.dumps({**record, "claims": None}), "key 'claims' is None; it is a list"),
        (json.dumps({**record, "made_with": {"schema": 9}}), "has schema 9"),
    ):
        (tmp_path / "counting.json").write_text(content)
        with pytest.raises(LogError, match=rf"counting\.json.*{said}.*; remove it, and the exp"):
            session.kept(counting.experiment, ExperimentSetting())
        assert session.records(["counting"]) == {}
        [damage] = session.damages(["counting"])
        assert str(tmp_path / "counting.json") in damage
    (tmp_path / "counting.json").write_text(json.dumps(record), encoding="utf-8-sig")
    assert session.kept(counting.experiment, ExperimentSetting()) == record


def test_a_record_has_all_that_an_outcome_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = {"wall": iter((100.0, 103.5)), "cpu": iter((10.0, 12.0))}
    monkeypatch.setattr(time, "perf_counter", lambda: next(clocks["wall"]))
    monkeypatch.setattr(module, "_cpu_s", lambda: next(clocks["cpu"]))
    number = Number("made-up", ("A", 96), "top1_pct", 60.5, None, "needs ImageNet")
    seen: list[ExperimentSetting] = []

    def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
        seen.append(setting)
        assert folder.is_dir()
        table = ResultTable("other", "Others", {"a": "A"}, [{"a": 1, "hidden": 2}])
        picture = Picture("other.png", "a picture")
        return ExperimentOutcome({"answer": 42}, (), [number], [table], [picture], ["so it is"])

    experiment = Experiment("table3", "Table 3", "a detector", run, frozenset({"seeds"}))
    session = Session(tmp_path / "new" / "deep")
    record: Any = session.run(
        experiment, ExperimentSetting(seeds=3, samples=9, quick=True), no_study
    )
    assert seen == [ExperimentSetting(seeds=3)]
    made_with = record.pop("made_with")
    claims = record.pop("claims")
    assert record == {
        "answer": 42,
        "experiment": "table3",
        "title": "Table 3",
        "shows": "a detector",
        "numbers": [
            {
                "table": "made-up", "row": ["A", 96], "column": "top1_pct", "paper": 60.5,
                "ours": None, "how": "needs ImageNet",
            }
        ],
        "tables": [
            {
                "name": "other", "title": "Others", "columns": {"a": "A"},
                "rows": [{"a": 1, "hidden": 2}],
            }
        ],
        "pictures": [{"file": "other.png", "caption": "a picture"}],
        "said": ["so it is"],
        "cost": {"wall_s": 3.5, "cpu_s": 2.0},
    }  # fmt: skip
    assert {claim["status"] for claim in claims} == {"needs COCO detection"}
    assert (made_with["schema"], made_with["code"]) == (1, module.code_digest())
    assert made_with["setting"]["seeds"] == 3
    assert "numpy" in made_with["versions"]
    assert (tmp_path / "new" / "deep" / "other.csv").read_text() == "a\n1\n"


def test_a_result_may_not_hide_a_part_of_the_record(tmp_path: Path) -> None:
    def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
        return ExperimentOutcome({"said": 1, "cost": 2, "answer": 3})

    with pytest.raises(NasbenchError, match=r"keys of a record: \['cost', 'said'\]"):
        Session(tmp_path).run(
            Experiment("counting", "Counting", "it", run), ExperimentSetting(), no_study
        )


def test_a_record_of_another_schema_is_refused(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    session.run(counting.experiment, ExperimentSetting(), no_study)
    path = tmp_path / "counting.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(NasbenchError, match="has schema 2, this version writes 1"):
        session.kept(counting.experiment, ExperimentSetting())
    assert session.records(["counting"]) == {}


def test_records_are_those_that_are_finished_in_the_order_asked(tmp_path: Path) -> None:
    session = Session(tmp_path)
    record = session.run(Counting().experiment, ExperimentSetting(), no_study)
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**record, "n": name}))
    found: list[Any] = list(session.records(["b", "missing", "a"]).values())
    assert [record["n"] for record in found] == ["b", "a"]
    assert list(session.records(["a", "b"])) == ["a", "b"]


def test_every_option_that_differs_is_named_and_where_its_logs_are(tmp_path: Path) -> None:
    counting, session = Counting(), Session(tmp_path)
    session.run(counting.experiment, ExperimentSetting(seeds=3, samples=5), no_study)
    with pytest.raises(UsageError, match=r"\(seeds, samples differ\)") as error:
        session.kept(counting.experiment, ExperimentSetting(seeds=4, samples=6))
    assert str(tmp_path / "logs" / "counting") in str(error.value)


def test_the_digest_is_of_the_experiments_and_claims_but_not_of_what_only_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "one.py": "1",
        "claims.toml": "2",
        "report_folder.py": "3",
        "docs_page.py": "4",
        "x.txt": "5",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    first = module.code_digest()
    assert first == hashlib.sha256(b"claims.toml\x002one.py\x001").hexdigest()
    for name in ("report_folder.py", "docs_page.py", "x.txt"):
        (tmp_path / name).write_text("changed")
    assert module.code_digest() == first
    (tmp_path / "two.py").write_text("")
    second = module.code_digest()
    assert second != first
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/docs_page.py").write_text("")  # an experiment of that name would count
    assert module.code_digest() not in (first, second)


def test_a_record_is_refused_once_an_experiment_is_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "reproduce"
    with resources.as_file(resources.files("nasbench_mobile.reproduce")) as installed:
        shutil.copytree(installed, room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(resources, "files", lambda _: room)
    counting, session = Counting(), Session(tmp_path / "out")
    record = session.run(counting.experiment, ExperimentSetting(), no_study)
    assert session.kept(counting.experiment, ExperimentSetting()) == record
    with (room / "experiments" / "figure3.py").open("a") as file:
        file.write("# edited\n")
    assert session.kept(counting.experiment, ExperimentSetting()) is None


def test_cpu_time_is_of_this_process_and_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    used = {
        resource.RUSAGE_SELF: SimpleNamespace(ru_utime=1.0, ru_stime=0.5),
        resource.RUSAGE_CHILDREN: SimpleNamespace(ru_utime=20.0, ru_stime=0.25),
    }
    monkeypatch.setattr(resource, "getrusage", used.__getitem__)
    assert module._cpu_s() == 21.75
