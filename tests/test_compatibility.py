"""docs/compatibility.md, held to by what the first schemas wrote (tests/data/compatibility/v1)."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import built_in_names, load_benchmark
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.files.schemas import this_version
from nasbench_mobile.image_search.request_file import read_request
from nasbench_mobile.lookup.latency import LookupLatency
from nasbench_mobile.lookup.table_file import read_lookup
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.study import write_report
from nasbench_mobile.runs.event_log import read_log, read_run, same_run
from nasbench_mobile.runs.folders import run_folders
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.studies.identity import Made, code_now
from nasbench_mobile.studies.study import MANIFEST, Study
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.types import LatencyReading, StrategySpec

FIRST = Path(__file__).parent / "data/compatibility/v1"
SECOND, THIRD = FIRST.with_name("v2"), FIRST.with_name("v3")
MINE = "my_strategy.py:MyStrategy"
EVOLUTION = StrategySpec("regularized-evolution", {"population_size": 5})

HASHES = {
    "imagenet-pixel1": "8ccaaf33f35f7dd64e61125ac72585145d09017633bfe0561e823309ccd297c0",
    "imagenet-pixel1-curves": "7ec9adc992293abaf6a18aeb7eedc6c50b4b86c258a357d8e1d565979cb675a5",
    "imagenet-pixel1-no-se": "6546e87a67142d9e991fa8e84467e9dd44a03f626f8b5deac912cf4c35cb40dd",
    "imagenet-pixel1-noisy": "86451a722662ed8c8465b8fc8de30d6679f00c04d0d738e5d124db5c6b53d208",
    "mnasnet-cifar10-host": "40aef876fb458b2b5ca43d52231c4342448f2008428a02f9de107f5b854bed6b",
}


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old files, which is where their commands were given."""
    shutil.copytree(FIRST, tmp_path / "v1")
    monkeypatch.chdir(tmp_path / "v1")
    return tmp_path / "v1"


def bytes_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))}


@pytest.mark.parametrize("name", HASHES)
def test_hashes_of_built_in_benchmarks_stay(name: str) -> None:
    """Another hash is another benchmark: it gets another version, and a line here."""
    assert load_benchmark(name).hash == HASHES[name]


def test_every_built_in_benchmark_has_its_hash_pinned() -> None:
    assert built_in_names() == sorted(HASHES)


def test_a_benchmark_with_a_reward_of_ones_own_keeps_its_hash(old: Path) -> None:
    """Its file lies alone; modules beside it that it imports enter the hash."""
    own = load_benchmark("own/benchmark.toml")
    assert own.hash == "a9efb85864bd9958625ba71b624ebcf6212da79f2f939aab4ecdfe2b810416aa"
    code = (old / "own/my_reward.py").read_bytes()
    assert own.record()["objective"]["sha256"] == hashlib.sha256(code).hexdigest()
    (old / "own/my_power.py").write_text("POWER = 0.5\n")
    assert load_benchmark("own/benchmark.toml").hash == own.hash
    (old / "own/my_reward.py").write_bytes(b"import my_power\n" + code)
    first = load_benchmark("own/benchmark.toml").hash
    (old / "own/my_power.py").write_text("POWER = 0.6\n")
    assert len({own.hash, first, load_benchmark("own/benchmark.toml").hash}) == 3


def test_keys_that_are_not_set_are_not_in_a_benchmarks_record() -> None:
    """Those that came later than the first hashes must not change them."""
    first = {
        "name", "version", "space", "accuracy", "latency", "objective", "budget_unit",
        "reference_point",
    }  # fmt: skip
    assert set(load_benchmark("imagenet-pixel1").record()) == first


def test_a_schema_in_a_benchmarks_file_is_no_part_of_its_hash(old: Path) -> None:
    file = old / "own/benchmark.toml"
    before = load_benchmark("own/benchmark.toml").hash
    file.write_text("schema = 1\n" + file.read_text())
    assert load_benchmark("own/benchmark.toml").hash == before


# Opens.


def test_an_old_study_opens(old: Path) -> None:
    study = Study.open(Path("study"))
    assert study.plan.strategies == (EVOLUTION, StrategySpec(MINE))
    assert (study.plan.seeds, study.plan.budget) == ((0, 1), 20)
    counts = {(run.header.strategy.label, run.header.seed): len(run.trials) for run in study.runs()}
    # from the logs' lines: header, then an ask and a tell in turn
    assert counts == {
        (EVOLUTION.label, 0): 20, (MINE, 0): 20, (EVOLUTION.label, 1): 7, (MINE, 1): 10,
    }  # fmt: skip
    assert {run.header.code for run in study.runs()} == {None}
    warm = Study.open(Path("warm"))
    assert len(warm.plan.start) == 1
    assert Study.open(Path("asynchronous")).plan.workers == 4


def test_an_old_search_opens(old: Path) -> None:
    assert read_request(Path("search"))["options"]["budget"] == 3
    [run] = Study.open(Path("search")).runs()
    assert run.trials == ()


def test_an_old_table_opens() -> None:
    table = read_table(FIRST / "table")
    assert (table.header.space["name"], table.header.training["width"]) == ("mnasnet", 0.1)
    assert [row.accuracy for row in table.rows] == [0.0, 0.1, 0.1]
    assert table.rows[0].latency_ms == {"pixel1": 114.026132515}
    assert table.sessions[0]["versions"]["numpy"] == "2.3.5"


def test_an_old_lookup_table_opens() -> None:
    table = read_lookup(FIRST / "lookup.lut")
    assert (table.space, table.keys, len(table.entries)) == ("mnasnet-coarse", 111, 111)
    assert table.scale is not None
    space = MnasNetCoarseSpace()
    smallest = Architecture(space, (0,) * len(space.decisions))
    [reading] = LookupLatency.from_file(FIRST / "lookup.lut").latency([smallest])
    assert reading == LatencyReading(5.030984884796499)  # as the version that wrote it said


def test_an_old_fitted_model_opens() -> None:
    assert Pixel1Latency.from_file(FIRST / "model.json").label == "model (estimate)"


# Reports.


def test_an_old_study_reports_the_figures_of_its_time(old: Path, tmp_path: Path) -> None:
    """Of the runs that had ended then; the others are cut off in the fixture."""
    then = json.loads((old / "study/summary.json").read_text())
    study = Study.open(Path("study"))
    best = {
        group.label: {scored.seed: scored.best_reward for scored in group.runs}
        for group in compare_runs(study.runs()).strategies
    }
    whole = read_run(old / "whole/study-evolution-1.jsonl")
    rewards = {
        (run.header.strategy.label, run.header.seed): max(t.reward for t in run.trials if t.reward)
        for run in [*study.runs()[:2], whole, read_run(old / "whole/study-mine-1.jsonl")]
    }
    for row in then["strategies"]:
        label = row["label"]
        median = (rewards[label, 0] + rewards[label, 1]) / 2
        assert row["best_reward"]["median"] == pytest.approx(median, rel=1e-12)
        assert best[label][0] == pytest.approx(rewards[label, 0], rel=1e-12)
    summary = write_report(tmp_path / "report", study.runs(), notes=study.notes())
    assert (tmp_path / "report/report.html").is_file()
    assert summary["benchmark_hash"] == then["benchmark_hash"]


def test_notes_on_an_old_study_say_that_code_was_not_recorded(old: Path) -> None:
    notes = Study.open(Path("study")).notes()
    assert [note for note in notes if "Code was not recorded yet" in note] == [
        f"Code was not recorded yet when {MINE} made its runs with seeds 0, 1: nothing says "
        "whether it has changed since."
    ]
    assert not any("Code was not" in note for note in Study.open(Path("warm")).notes())


# Resumes.

CUT: list[tuple[str, StrategySpec, int, str]] = [
    ("study", EVOLUTION, 1, "study-evolution-1"),
    ("study", StrategySpec(MINE), 1, "study-mine-1"),
    ("warm", EVOLUTION, 0, "warm-evolution-0"),
]


@pytest.mark.parametrize(("folder", "spec", "seed", "whole"), CUT, ids=[row[3] for row in CUT])
def test_an_old_run_resumes_to_what_it_would_have_been(
    old: Path, folder: str, spec: StrategySpec, seed: int, whole: str
) -> None:
    study = Study.open(Path(folder))
    before, manifest = bytes_of(old / folder), (old / folder / MANIFEST).read_bytes()
    study.run(jobs=1)
    [log] = [t.log for t in study.tasks() if (t.strategy, t.seed) == (spec, seed)]
    assert same_run(old / folder / log.relative_to(folder), old / f"whole/{whole}.jsonl")
    assert all(run.finished for run in Study.open(Path(folder)).runs())
    after = bytes_of(old / folder)
    assert after.keys() == before.keys()  # the old folders' names are kept
    for path, content in before.items():
        sound = content[: content.rfind(b"\n") + 1]
        assert after[path].startswith(sound)
    assert (old / folder / MANIFEST).read_bytes() == manifest


def test_an_old_asynchronous_run_starts_over_to_the_same_events(old: Path) -> None:
    """Its header is of today, as it begins today; asks and tells are those of then."""
    study = Study.open(Path("asynchronous"))
    study.run(jobs=1)
    [log] = [task.log for task in study.tasks() if task.strategy.name == MINE]
    then, now = read_log(old / "whole/asynchronous-mine-0.jsonl"), read_log(log)
    assert told(then.events) == told(now.events)
    assert now.header.code is not None


def told(events: Any) -> list[Any]:
    """Events without their times."""
    return [
        [(name, getattr(event, name)) for name in ("count", "proposals", "trials") if
         hasattr(event, name)]
        for event in events
    ]  # fmt: skip


def test_an_old_study_goes_on_by_its_first_command(old: Path) -> None:
    """`compare` takes up the same plan, and rerun brings a label to today's records."""
    study = Study.open(Path("study"))
    again = Study.create(Path("study"), study.plan)
    again.run(jobs=1)
    kept = bytes_of(old / "study/runs/regularized-evolution_population_size=5")
    again.rerun([MINE])
    again.run(jobs=1)
    assert bytes_of(old / "study/runs/regularized-evolution_population_size=5") == kept
    codes = [run.header.code for run in Study.open(Path("study")).runs()]
    assert [code is None for code in codes] == [True, False, True, False]
    assert json.loads((old / "study" / MANIFEST).read_text())["schema"] == 2
    folders = {path.parent.name for path in (old / "study/runs").rglob("*.jsonl")}
    assert folders == {"regularized-evolution_population_size=5", "my_strategy.py_MyStrategy"}
    notes = Study.open(Path("study")).notes()
    assert not any("Code was not recorded" in note for note in notes)


def test_an_old_log_and_a_new_one_of_other_code_are_not_mixed(old: Path) -> None:
    """Runs that resume are of the code there is now, and so must all be that follow."""
    study = Study.open(Path("study"))
    [log] = [t.log for t in study.tasks() if (t.strategy.name, t.seed) == (MINE, 1)]
    log.unlink()
    study.run(jobs=1)
    (old / "my_strategy.py").write_text((old / "my_strategy.py").read_text() + "\n# edited\n")
    with pytest.raises(NasbenchError, match=r"its run with seed 1 in study.*--rerun"):
        Study.open(Path("study")).run(jobs=1)


# Schema 2, that of today for manifests.


def test_a_study_of_schema_2_opens_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash of code, the folders and what is recorded of options stay as they are."""
    shutil.copytree(SECOND, tmp_path / "v2")
    monkeypatch.chdir(tmp_path / "v2")
    study = Study.open(Path("study"))
    mine = StrategySpec(MINE, {"restart": 0.3}, alias="mine")
    assert study.plan.strategies == (EVOLUTION, mine)
    assert study.manifest.made[1] == Made(
        "sha256:eb27daf3ca2506cf61f47c7134e011500a2e82d1a9bec2b65771b5d7fc01487a", {}
    )
    assert code_now(MINE) == study.manifest.made[1].code
    assert study.manifest.made[0].defaults == {"sample_size": 25, "identity_probability": 0.05}
    assert (
        run_folders([spec.label for spec in study.plan.strategies])
        == [
            path.parent.name
            for path in sorted((tmp_path / "v2/study/runs").rglob("seed-0000.jsonl"))
        ][::-1]
    )
    study.run(jobs=1)
    assert all(run.finished for run in study.runs())
    resumed = Path("study/runs/mine/seed-0001.jsonl")
    assert same_run(resumed, Path("whole/study-mine-1.jsonl"))
    lines = resumed.read_text().splitlines()  # it goes on in its own schema
    assert (len(lines), json.loads(lines[0])["schema"]) == (26, 2)
    assert sum('"latency_ms":' in line for line in lines[1:]) == 12
    assert '"costs":' not in resumed.read_text()
    Path("my_moves.py").write_text(Path("my_moves.py").read_text() + "\n# edited\n")
    with pytest.raises(NasbenchError, match="the code of mine .* has changed"):
        Study.open(Path("study")).run(jobs=1)


# Costs by name: schema 3 of event logs, 2 of tables.


def test_a_study_with_costs_by_name_opens_reports_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "my_moves", raising=False)  # that of another folder
    shutil.copytree(THIRD, tmp_path / "v3")
    monkeypatch.chdir(tmp_path / "v3")
    study = Study.open(Path("study"))
    study.run(jobs=1)
    assert all(run.finished for run in study.runs())
    assert same_run(Path("study/runs/mine/seed-0001.jsonl"), Path("whole/study-mine-1.jsonl"))
    then = Study.open(SECOND / "study").runs()[0]  # of the same strategy, seed and benchmark
    assert study.runs()[0].trials == then.trials
    write_report(tmp_path / "report", study.runs(), notes=study.notes())
    head = (tmp_path / "report/trials.csv").read_text().splitlines()[0]
    assert head.endswith("failure,repeat_of")


def test_a_table_with_costs_by_name_opens() -> None:
    table, first = read_table(THIRD / "table"), read_table(FIRST / "table")
    assert (table.header.schema, first.header.schema) == (2, 1)
    assert table.header.latency == first.header.latency
    assert [row.latency_ms for row in table.rows] == [row.latency_ms for row in first.rows]
    assert table.rows[0].latency_ms == {"pixel1": 114.026132515}
    assert table.header.other_costs == {}
    assert table.rows[0].other_costs == {}


# What a newer version wrote is refused.


def newer_log(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    record = json.loads(lines[0])
    del record["sum"]
    record["schema"], record["versions"]["nasbench-mobile"] = 99, "7.0"
    body = json.dumps(record, separators=(",", ":"))[:-1].encode()
    path.write_bytes(body + b',"sum":"%08x"}\n' % zlib.crc32(body))


def newer_json(path: Path) -> None:
    text = path.read_text()
    assert '"schema": 1' in text or '"schema"' not in text
    newer = text.replace('"schema": 1', '"schema": 99')
    path.write_text(newer if newer != text else text.replace("{", '{"schema": 99,', 1))


def newer_line(path: Path) -> None:
    path.write_text(path.read_text().replace('"schema":1', '"schema":99', 1))


def newer_toml(path: Path) -> None:
    path.write_text("schema = 99\n" + path.read_text())


EVOLVED = "study/runs/regularized-evolution_population_size=5/seed-0000.jsonl"
NEWER: list[tuple[str, Callable[[Path], None], Callable[[], Any]]] = [
    (EVOLVED, newer_log, lambda: read_log(Path(EVOLVED))),
    (EVOLVED, newer_log, lambda: Study.open(Path("study")).runs()),
    ("study/study.json", newer_json, lambda: Study.open(Path("study"))),
    (
        "study/study.json",
        newer_json,
        lambda: Study.create(Path("study"), Study.open(FIRST / "study").plan),
    ),
    ("table/table.jsonl", newer_line, lambda: read_table(Path("table"))),
    ("lookup.lut", newer_json, lambda: read_lookup(Path("lookup.lut"))),
    ("search/search.json", newer_json, lambda: read_request(Path("search"))),
    ("own/benchmark.toml", newer_toml, lambda: load_benchmark("own/benchmark.toml")),
    ("model.json", newer_json, lambda: Pixel1Latency.from_file(Path("model.json"))),
]


@pytest.mark.parametrize(("file", "change", "read"), NEWER)
def test_a_newer_schema_is_refused_with_what_to_use(
    old: Path, file: str, change: Callable[[Path], None], read: Callable[[], Any]
) -> None:
    change(old / file)
    with pytest.raises(NasbenchError) as raised:
        read()
    said = str(raised.value)
    assert "has schema 99" in said
    assert f"version {this_version()} of nasbench-mobile reads schemas up to" in said
    writer = "version 7.0, which wrote it" if change is newer_log else "the version that wrote it"
    assert f"use {writer}, or a newer one" in said


@pytest.mark.parametrize("schema", ["one", True, 0, None])
def test_a_schema_that_is_no_number_is_damage(old: Path, schema: Any) -> None:
    data = json.loads((old / "study/study.json").read_text())
    (old / "study/study.json").write_text(json.dumps(data | {"schema": schema}))
    with pytest.raises(NasbenchError, match="damaged"):
        Study.open(Path("study"))


def test_a_fitted_model_of_another_kind_is_no_newer_one(old: Path) -> None:
    with pytest.raises(NasbenchError, match="model of schema 1 was expected"):
        fitted_files.read(old / "model.json", "another-kind", 1)
