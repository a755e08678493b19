"""Damage of one file of a study, or its removal: a sentence, and everything else is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.cli import comparing
from nasbench_mobile.cli.shared.study_progress import run_with_progress
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.reproduce import registry
from nasbench_mobile.reproduce.claims import claims_of, exactly
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    RunStudy,
    study_runs,
)
from nasbench_mobile.runs.event_log import EventLog, read_run, same_run
from nasbench_mobile.runs.events import Ask
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import Proposal, StrategySpec

STRATEGIES = (StrategySpec("random"), StrategySpec("regularized-evolution", {}, alias="mine"))


def study_of(folder: Path, workers: int | None = None, *, done: bool = True) -> Study:
    plan = Plan(load_benchmark("imagenet-pixel1"), STRATEGIES, (0, 1), budget=20, workers=workers)
    study = Study.create(folder, plan)
    for task in study.tasks() if done else ():
        perform(task)
    return study


def spoil(log: Path) -> bytes:
    """Change a letter in the second line of a log; what it holds then comes back."""
    data = bytearray(log.read_bytes())
    place = data.index(b'"event"', data.index(b"\n"))
    data[place + 1] ^= 1
    log.write_bytes(data)
    return bytes(data)


@pytest.mark.parametrize("workers", [None, 4], ids=["in turn", "asynchronous"])
def test_one_damaged_log_stops_no_other_run(
    command: Callable[..., Any], tmp_path: Path, workers: int | None
) -> None:
    """Of a strategy with an alias; another run is not at its end, and one has no log yet."""
    study = study_of(tmp_path / "s", workers)
    logs = [task.log for task in study.tasks()]
    whole = [log.read_bytes() for log in logs]
    spoiled = spoil(logs[1])
    logs[2].write_bytes(b"".join(whole[2].splitlines(keepends=True)[:-3]))
    logs[3].unlink()
    ended = command("resume", study.folder, "--jobs", 1)
    assert ended.code == 1
    assert ended.err.count(str(logs[1])) == 1
    [said] = [line for line in ended.err.splitlines() if str(logs[1]) in line]
    assert "remove the file, and `nasbench-mobile resume` does its run again" in said
    assert logs[1].read_bytes() == spoiled
    (tmp_path / "reference").write_bytes(whole[2])
    assert same_run(logs[2], tmp_path / "reference")
    (tmp_path / "reference").write_bytes(whole[3])
    assert same_run(logs[3], tmp_path / "reference")
    summary = json.loads((study.folder / "summary.json").read_text())
    rows = {row["label"]: row for row in summary["strategies"]}
    assert rows["random"]["scored_seeds"] == [0, 1]
    assert rows["random"]["incomplete"] == []
    assert rows["mine"]["scored_seeds"] == [1]
    [missing] = rows["mine"]["incomplete"]
    assert (missing["seed"], missing["trials"]) == (0, 0)
    assert str(logs[1]) in missing["reason"]
    assert str(logs[1]) in (study.folder / "report.html").read_text()
    again = command("report", study.folder)
    assert again.code == 1
    assert str(logs[1]) in again.err
    logs[1].unlink()
    assert command("resume", study.folder, "--jobs", 1).code == 0
    (tmp_path / "reference").write_bytes(whole[1])
    assert same_run(logs[1], tmp_path / "reference")


def test_a_strategy_whose_logs_are_all_damaged_has_no_place(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    study = study_of(tmp_path / "s")
    for task in study.tasks():
        if task.strategy.label == "mine":
            spoil(task.log)
    ended = command("report", study.folder)
    assert ended.code == 1
    assert "mine has no log that can be read" in " ".join(ended.out.split())
    for task in study.tasks():
        if task.strategy.label != "mine":
            spoil(task.log)
    ended = command("report", study.folder)
    assert ended.code == 1
    assert ended.err.count("remove the file") == 4


def test_a_header_of_another_benchmark_is_one_damaged_log(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    study = study_of(tmp_path / "s")
    other = Plan(load_benchmark("imagenet-pixel1-noisy"), STRATEGIES, (0, 1), budget=20)
    stranger = Study.create(tmp_path / "t", other)
    [task, *_], [foreign, *_] = study.tasks(), stranger.tasks()
    perform(foreign)
    shutil.copy(foreign.log, task.log)
    ended = command("resume", study.folder, "--jobs", 1)
    assert ended.code == 1
    assert f"{task.log}: its header has benchmark_hash" in ended.err


def test_a_torn_end_that_is_dropped_is_said(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [task, *_] = study_of(tmp_path / "s").tasks()
    whole = task.log.read_bytes()
    shutil.copy(task.log, tmp_path / "whole")
    task.log.write_bytes(whole[:-30])
    torn = len(whole[:-30].rpartition(b"\n")[2])
    perform(task)
    said = capfd.readouterr().err
    assert f"{task.log}: the last {torn} bytes" in said
    assert same_run(task.log, tmp_path / "whole")


def test_a_torn_header_is_set_aside_and_said(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [task, *_] = study_of(tmp_path / "s").tasks()
    begun = task.log.read_bytes()[:40]
    for name in ("seed-0000.jsonl.torn", "seed-0000.jsonl.torn-2"):
        task.log.write_bytes(begun)
        perform(task)
        assert task.log.with_name(name).read_bytes() == begun
        assert "40 bytes of its header, because a process died" in capfd.readouterr().err
        assert read_run(task.log).finished


@pytest.mark.parametrize("size", [0, 10, 40])
def test_a_log_without_a_whole_header_is_a_run_that_has_not_begun(
    command: Callable[..., Any], tmp_path: Path, size: int
) -> None:
    """A process may be killed at any moment between making a log and ending its first line."""
    study = study_of(tmp_path / "s")
    [task, *others] = study.tasks()
    whole = task.log.read_bytes()
    shutil.copy(task.log, tmp_path / "whole")
    task.log.write_bytes(whole[:size])
    assert len(study.runs()) == len(others)
    reported = command("report", study.folder)
    assert reported.code == 0, reported.err
    assert (
        "incomplete: random seed 0, 0 of 20 proposals: stopped before it began: "
        "`nasbench-mobile resume` goes on with it"
    ) in " ".join(reported.out.split())
    assert task.log.read_bytes() == whole[:size]  # reading changes nothing
    resumed = command("resume", study.folder, "--jobs", 1)
    assert resumed.code == 0, resumed.err
    assert same_run(task.log, tmp_path / "whole")
    kept = list(task.log.parent.glob("*.torn*"))
    assert [path.stat().st_size for path in kept] == ([size] if size else [])
    assert all(run.finished for run in study.all_runs())


def test_what_is_no_log_is_left_alone(command: Callable[..., Any], tmp_path: Path) -> None:
    study = study_of(tmp_path / "s")
    [task, *_] = study.tasks()
    task.log.write_bytes(b"my notes, without a line end")
    ended = command("resume", study.folder, "--jobs", 1)
    assert ended.code == 1
    assert f"{task.log} is not an event log" in ended.err
    assert task.log.read_bytes() == b"my notes, without a line end"


def test_a_folder_removed_in_mid_run_is_not_a_success(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All of it, by the first message of a run."""
    folder = tmp_path / "s"
    before = run_with_progress

    def removing(study: Study, *rest: Any) -> Any:
        work = study._work

        def working(*arguments: Any) -> None:
            work(*arguments)
            shutil.rmtree(folder)

        monkeypatch.setattr(study, "_work", working)
        return before(study, *rest)

    monkeypatch.setattr(comparing, "run_with_progress", removing)
    ended = command(
        "compare", "--strategies", "random", "--seeds", 1, "--budget", 9, "--jobs", 1,
        "--out", folder,
    )  # fmt: skip
    assert ended.code == 1
    assert f"{folder / 'study.json'} was removed while the study ran" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("way", ["removed", "replaced"])
def test_a_log_that_is_gone_at_the_end_of_its_run_is_an_error(tmp_path: Path, way: str) -> None:
    header = RunHeader({"name": "b"}, "abc", StrategySpec("random"), 0, 9)
    path = tmp_path / "log.jsonl"
    with EventLog.create(path, header) as log:
        log.write(Ask(1, (Proposal(0, (1,)),)))
        path.unlink()
        if way == "replaced":
            path.write_bytes(b"another")
        with pytest.raises(NasbenchError, match="was removed or replaced while its run wrote"):
            log._sync()


def test_the_log_of_a_search_that_is_damaged_is_a_sentence(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    old = Path(__file__).parents[1] / "data" / "compatibility" / "v1" / "search"
    shutil.copytree(old, tmp_path / "search")
    [log] = (tmp_path / "search").rglob("seed-*.jsonl")
    spoiled = spoil(log)
    for name in ("report", "resume"):
        ended = command(name, tmp_path / "search")
        assert ended.code == 1
        assert f"{log}, line" in ended.err
        assert "remove the file" in ended.err
    assert log.read_bytes() == spoiled


def test_a_finished_study_is_read_once_by_resume(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from nasbench_mobile.studies import study as module

    study = study_of(tmp_path / "s")
    read: list[Path] = []
    plain = module.read_run  # type: ignore[attr-defined]

    def reading(path: Path) -> Any:
        read.append(path)
        return plain(path)

    monkeypatch.setattr(module, "read_run", reading)
    assert command("resume", study.folder, "--jobs", 1).code == 0
    assert sorted(read) == sorted(task.log for task in study.tasks())


@pytest.mark.parametrize("place", ["log", "folder of logs"])
def test_a_folder_or_file_in_place_of_a_log_stops_no_other_run(
    command: Callable[..., Any], tmp_path: Path, place: str
) -> None:
    study = study_of(tmp_path / "s", done=False)
    tasks = list(study.tasks())
    if place == "log":
        tasks[1].log.mkdir(parents=True)
    else:
        tasks[1].log.parent.parent.mkdir()
        tasks[1].log.parent.write_text("")
    ended = command("resume", study.folder, "--jobs", 1)
    assert ended.code == 1
    assert "Traceback" not in ended.err
    named = tasks[1].log if place == "log" else tasks[1].log.parent
    assert f"{named} can" in ended.err
    assert "move" in ended.err
    assert read_run(tasks[0].log).finished
    assert read_run(tasks[2].log).finished


def test_the_best_of_a_study_with_one_damaged_log_are_started_from(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    study = study_of(tmp_path / "s")
    logs = [task.log for task in study.tasks()]
    best = {trial.tokens for log in (logs[0], logs[2], logs[3]) for trial in read_run(log).trials}
    spoil(logs[1])
    new = (
        "compare", "--strategies", "regularized-evolution", "--seeds", 1, "--budget", 12,
        "--jobs", 1, "--start-from", study.folder,
    )  # fmt: skip
    done = command(*new, "--out", tmp_path / "t")
    assert done.code == 0, done.err
    [said] = [line for line in done.err.splitlines() if str(logs[1]) in line]
    assert said.startswith("left out, no architecture to start from is taken from it: ")
    assert "remove the file, and `nasbench-mobile resume` does its run again" in said
    start = Study.open(tmp_path / "t").plan.start
    assert len(start) == 10
    assert set(start) <= best
    for log in (logs[0], logs[2], logs[3]):
        spoil(log)
    done = command(*new, "--out", tmp_path / "u")
    assert done.code == 1
    assert done.err.count("remove the file") == 4
    assert not (tmp_path / "u").exists()


class Small:
    """Experiments of two runs each; `told` keeps what each that ended was told of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self.told: dict[str, int] = {}
        made = {name: Experiment(name, f"Title of {name}", "it", self._of(name)) for name in names}
        whole = registry.experiment
        monkeypatch.setattr(registry, "experiment", lambda name: made.get(name) or whole(name))

    def _of(self, name: str) -> Callable[[ExperimentSetting, Path, RunStudy], ExperimentOutcome]:
        plan = Plan(load_benchmark("imagenet-pixel1"), STRATEGIES, (0, 1), budget=20)

        def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
            self.told[name] = len(study_runs(folder, name, plan, run_study))
            verdicts = [exactly(claim.id, True, "as it is") for claim in claims_of(name)]
            return ExperimentOutcome({"answer": 42}, verdicts)

        return run


def test_an_experiment_with_a_damaged_log_fails_and_the_others_go_on(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("beta", "figure6", "table4")
    small = Small(monkeypatch, *names)
    study = study_of(tmp_path / "logs" / "figure6")
    logs = [task.log for task in study.tasks()]
    spoil(logs[1])
    (tmp_path / "table4.json").write_text("{")
    ended = command("reproduce", *names, "--jobs", 1, "--out", tmp_path)
    assert ended.code == 1
    assert small.told == {"beta": 4}
    assert "2 of 3 experiments failed, so nothing is said of their claims: " in ended.err
    assert ended.err.count(str(logs[1])) == ended.err.count("table4.json") == 1
    assert "remove it, and the experiment is run again" in ended.err
    assert (tmp_path / "beta.json").is_file()
    assert not (tmp_path / "figure6.json").exists()
    assert "Title of beta" in (tmp_path / "report.html").read_text()
    for name in ("figure6", "table4"):  # alone it is the error of the command
        ended = command("reproduce", name, "--jobs", 1, "--out", tmp_path)
        assert ended.code == 1
        assert "experiments failed" not in ended.err
        assert "remove" in ended.err
    listed = command("reproduce", "list", "--out", tmp_path, "--json")
    assert "left out, its experiment counts as not run: " in listed.err
    status = {row["name"]: row["status"] for row in listed.json}
    assert [status[name] for name in names] == ["run", "not run", "not run"]
    logs[1].unlink()
    (tmp_path / "table4.json").unlink()
    assert command("reproduce", *names, "--jobs", 1, "--out", tmp_path).code == 0
    assert small.told == {"beta": 4, "figure6": 4, "table4": 4}


@pytest.mark.parametrize("workers", [None, 4], ids=["in turn", "asynchronous"])
def test_a_torn_end_is_a_note_of_the_study(
    command: Callable[..., Any], tmp_path: Path, workers: int | None
) -> None:
    study = study_of(tmp_path / "s", workers)
    logs = [task.log for task in study.tasks()]
    whole = [log.read_bytes() for log in logs]
    logs[0].write_bytes(whole[0][:-30])
    logs[1].write_bytes(whole[1][:40])
    ended = command("resume", study.folder, "--jobs", 1)
    assert ended.code == 0, ended.err
    torn = len(whole[0][:-30].rpartition(b"\n")[2])
    sentences = [f"{logs[1]} held only 40 bytes of its header"]
    if workers is None:  # in simulated time a run that has not ended starts over by itself
        sentences.append(f"{logs[0]}: the last {torn} bytes are a line that a process died while")
    summary = json.loads((study.folder / "summary.json").read_text())
    page = (study.folder / "report.html").read_text()
    for sentence in sentences:
        [said] = [line for line in ended.err.splitlines() if line.startswith(sentence)]
        assert said in summary["notes"]
        assert said in page
        assert f"note: {said}".replace(" ", "") in "".join(ended.out.split())
    (tmp_path / "reference").write_bytes(whole[0])
    assert same_run(logs[0], tmp_path / "reference")
    assert command("report", study.folder, "--json").json["notes"] == []
