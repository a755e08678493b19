"""The library's door: what it gives, that the command goes on with it, and what it refuses."""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.cli import main
from nasbench_mobile.cli.search.command import search
from nasbench_mobile.errors import NasbenchError, OutsideError, UsageError
from nasbench_mobile.image_search import SearchEvent, resume_search, search_on_images
from nasbench_mobile.image_search.events import (
    CandidateBegins,
    CandidateEnds,
    EpochEnds,
    FilesBegin,
    LatencyKnown,
    Said,
    SearchBegins,
    StrategyLearned,
    TableFills,
)
from nasbench_mobile.image_search.request import Request
from nasbench_mobile.image_search.request_file import read_request
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.runs.event_log import same_run
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.studies import latency_choice
from nasbench_mobile.studies.latency_choice import Filling
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.training.limits import TrainingFailure
from nasbench_mobile.types import Failure, StrategySpec
from tests.image_search.made_up import EPOCHS, SMALL, WORDS, MadeUp, the_log

HALVING: dict[str, Any] = {"strategy": "successive-halving:min_fidelity=0.25", "budget": 4}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `nasbench-mobile ARGUMENTS`; its exit code."""

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["nasbench-mobile", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


def test_a_real_training_on_digits(tmp_path: Path) -> None:
    events: list[SearchEvent] = []
    found = search_on_images(
        "digits", strategy="random", budget=1, seed=1, target_ms=60, out=tmp_path / "s",
        on_progress=events.append, **{**SMALL, "epochs": 1},
    )  # fmt: skip
    [run] = Study.open(tmp_path / "s").runs()
    [trial] = run.trials
    [best] = found.best
    assert found.folder == tmp_path / "s"
    assert repr(found).startswith(f"<SearchResults in {tmp_path / 's'}: ")
    assert tuple(found.history) == run.trials
    assert (best["tokens"], best["reward"]) == (list(trial.tokens), trial.reward)
    assert trial.measurement is not None
    assert best["accuracy"] == trial.measurement.accuracy
    assert best["latency_ms"] == trial.measurement.latency_ms
    assert list(found.front) == [found.rows[0]]
    assert found.summary == json.loads((tmp_path / "s/best.json").read_text())
    assert found.summary["target_ms"] == 60
    assert (found.nothing, found.failure, found.ended) == (None, None, True)
    names = {str(path.relative_to(tmp_path / "s")) for path in found.files}
    plots = {"plots/front.png", "plots/history.png"}
    assert (
        names == {"best/1.tflite", "best/1.json", "best.json", "report.html", "trials.csv"} | plots
    )
    assert all(path.is_file() for path in found.files)
    kinds = [type(event) for event in events]
    assert kinds == [
        SearchBegins, CandidateBegins, LatencyKnown, EpochEnds, CandidateEnds, StrategyLearned,
        FilesBegin,
    ]  # fmt: skip
    with pytest.raises(FrozenInstanceError):
        found.failure = "no"  # type: ignore[misc]


@pytest.mark.usefixtures("trainings")
def test_the_command_and_the_function_open_each_others_searches(
    command: Callable[..., int], tmp_path: Path
) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    words = (*WORDS, "--strategy", "random", "--budget", 2, "--set", "optimizer=sgd")
    options = {**SMALL, "epochs": int(EPOCHS), "options": {"optimizer": "sgd", "batch_size": 6}}
    found = search_on_images("digits", strategy="random", budget=2, out=mine, **options)
    assert command(*words, "--out", theirs) == 0
    assert same_run(the_log(mine), the_log(theirs))
    assert {path.name for path in mine.iterdir()} == {path.name for path in theirs.iterdir()}
    assert (mine / "benchmark.toml").read_text() == (theirs / "benchmark.toml").read_text()
    log = the_log(mine).read_bytes()
    for again in ((*words, "--out", mine), ("resume", mine), ("report", mine)):
        assert command(*again) == 0
    assert the_log(mine).read_bytes() == log
    assert json.loads((mine / "best.json").read_text()) == found.summary
    other = search_on_images("digits", strategy="random", budget=2, out=theirs, **options)
    assert [row["tokens"] for row in other.best] == [row["tokens"] for row in found.best]
    assert read_request(mine)["command"] == (
        "nasbench-mobile search --data digits --strategy random --budget 2 --epochs 4 --width 0.1 "
        "--validation-images 20 --train-images 60 --set optimizer=sgd --set batch_size=6 --top 1 "
        f"--out {mine}"
    )
    with pytest.raises(UsageError, match=r"other options: --budget 3, there 2; --set_? .*=7"):
        search_on_images(
            "digits", strategy="random", budget=3, out=mine,
            **{**options, "options": {"optimizer": "sgd", "batch_size": 7}},
        )  # fmt: skip


def test_stopped_within_a_partial_training_it_is_resumed_to_the_same_log(
    command: Callable[..., int], trainings: MadeUp, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    wanted = search_on_images("digits", out=whole, **HALVING, **SMALL)
    full = [row["candidate"] for row in wanted.rows]
    assert (len(wanted.history), sorted(full)) == (10, [5, 10])  # twice four quarters and a whole
    assert wanted.summary["partial"] == 8
    points = [(t.measurement.accuracy, t.measurement.latency_ms)
              for t in wanted.history if t.counts and t.measurement]  # fmt: skip
    assert {(row["accuracy"], row["latency_ms"]) for row in wanted.front} == {
        (a, ms) for a, ms in points
        if not any(b >= a and other <= ms and (b, other) != (a, ms) for b, other in points)
    }  # fmt: skip

    def interrupt(number: int, _: Network) -> None:
        if number == 4:
            raise KeyboardInterrupt

    trainings.count, trainings.before = 0, interrupt
    with pytest.raises(KeyboardInterrupt):
        search_on_images("digits", out=cut, **HALVING, **SMALL)
    by_command, by_call = tmp_path / "command", tmp_path / "call"
    shutil.copytree(cut, by_command)
    shutil.copytree(cut, by_call)
    assert command("resume", by_command) == 0
    assert resume_search(cut).best[0]["tokens"] == wanted.best[0]["tokens"]
    search_on_images("digits", out=by_call, **HALVING, **SMALL)
    for folder in (cut, by_command, by_call):
        assert same_run(the_log(whole), the_log(folder))


def test_what_a_listener_raises_ends_the_search_and_is_no_trial(
    trainings: MadeUp, tmp_path: Path
) -> None:
    def listen(event: SearchEvent) -> None:
        if isinstance(event, LatencyKnown) and trainings.count == 1:
            raise ZeroDivisionError("mine")

    options: dict[str, Any] = {"strategy": "random", "budget": 2, **SMALL}
    with pytest.raises(ZeroDivisionError, match="mine"):
        search_on_images("digits", out=tmp_path / "s", on_progress=listen, **options)
    found = search_on_images("digits", out=tmp_path / "s", **options)
    whole = search_on_images("digits", out=tmp_path / "whole", **options)
    assert [trial.failure for trial in found.history] == [None, None]
    assert same_run(the_log(tmp_path / "s"), the_log(tmp_path / "whole"))
    assert [row["tokens"] for row in found.rows] == [row["tokens"] for row in whole.rows]


def test_failures_are_trials_and_reasons(trainings: MadeUp, tmp_path: Path) -> None:
    def fails(number: int, _: Network) -> None:
        if number != 2:
            raise TrainingFailure("the training diverged")

    trainings.before = fails
    options: dict[str, Any] = {"strategy": "random", **SMALL}
    some = search_on_images("digits", budget=3, out=tmp_path / "some", **options)
    assert [trial.ok for trial in some.history] == [False, True, False]
    assert some.summary["failures"] == {"the training diverged": 2}
    assert [row["candidate"] for row in some.best] == [2]
    none = search_on_images("digits", budget=1, out=tmp_path / "none", **options)
    assert (list(none.best), list(none.front)) == ([], [])
    assert none.nothing == "no candidate got a reward; the training diverged"
    assert (none.ended, none.failure) == (True, None)
    short = search_on_images("digits", out=tmp_path / "short", **{**HALVING, "budget": 1}, **SMALL)
    assert short.nothing is not None
    assert [path.name for path in short.files if path.suffix == ".json"] == []


@pytest.mark.parametrize("early", [False, True])
def test_checkpoints_of_failed_trainings_go_where_a_search_ends(
    trainings: MadeUp, tmp_path: Path, early: bool
) -> None:
    """One that something else ended early keeps them: it goes on from them."""

    def fails(number: int, _: Network) -> None:
        (tmp_path / "s/trainings").mkdir(exist_ok=True)
        (tmp_path / f"s/trainings/{number}.pt").touch()
        if number == 2:
            raise OutsideError("no space left") if early else TrainingFailure("it diverged")

    trainings.before = fails
    options: dict[str, Any] = {"strategy": "random", "budget": 2, "batch": 1, **SMALL}
    search_on_images("digits", out=tmp_path / "s", **options)
    left = sorted(path.name for path in (tmp_path / "s/trainings").glob("*.pt"))
    assert left == (["1.pt", "2.pt"] if early else [])


def test_what_ends_a_search_early_is_said(trainings: MadeUp, tmp_path: Path) -> None:
    def outside(number: int, _: Network) -> None:
        if number >= 2:
            raise OutsideError("the disk is full")

    trainings.before = outside
    options: dict[str, Any] = {"strategy": "random", "budget": 2, "batch": 1, **SMALL}
    found = search_on_images("digits", out=tmp_path / "s", **options)
    assert found.failure == "the disk is full"
    assert (len(found.history), len(found.best), found.ended) == (1, 1, False)
    with pytest.raises(NasbenchError, match="no candidate was evaluated; the disk is full"):
        search_on_images("digits", out=tmp_path / "t", **options)
    trainings.before = lambda number, network: None
    assert len(resume_search(tmp_path / "s").history) == 2


OWN = '''
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace


class Space(MnasNetAnbSpace):
    """A space of one's own."""


class Fast:
    """Speed alone, which no accuracy changes."""

    def __call__(self, measurement):
        return 1000 / measurement.latency_ms
'''


@pytest.mark.usefixtures("trainings")
def test_an_own_space_and_objective_from_a_file(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'my "own" é').mkdir()
    file = tmp_path / 'my "own" é' / "mine.py"
    file.write_text(OWN)
    options: dict[str, Any] = {
        "space": f"{file}:Space", "objective": f"{file}:Fast", "strategy": "random", "budget": 2,
        **SMALL,
    }  # fmt: skip
    found = search_on_images("digits", out=tmp_path / "s", **options)
    assert [row["reward"] for row in found.rows] == [1000 / row["latency_ms"] for row in found.rows]
    assert command("report", tmp_path / "s") == 0
    said: list[SearchEvent] = []
    again = search_on_images("digits", out=tmp_path / "s", on_progress=said.append, **options)
    assert again.summary == found.summary
    assert [event.text for event in said if isinstance(event, Said) and "mine.py" in event.text]


@pytest.mark.usefixtures("trainings")
def test_latency_that_fails_is_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Pixel1Latency, "latency", lambda _, architectures: [Failure("hot")] * len(architectures)
    )
    found = search_on_images("digits", strategy="random", budget=1, out=tmp_path / "s", **SMALL)
    assert found.nothing == "no candidate got a reward; hot"


def test_a_search_starts_from_an_earlier_one(trainings: MadeUp, tmp_path: Path) -> None:
    first = search_on_images("digits", strategy="random", budget=1, out=tmp_path / "a", **SMALL)
    second = search_on_images(
        "digits", strategy="local-search", budget=2, start_from=tmp_path / "a",
        out=tmp_path / "b", **SMALL,
    )  # fmt: skip
    space = MnasNetSpace()
    assert space.canonical(second.history[0].tokens) == space.canonical(first.history[0].tokens)
    assert second.history[0].proposal.id == -1
    assert trainings.count >= 2


def test_a_table_that_is_filled_first_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def own_table(space: MnasNetSpace, filling: Filling) -> Path:
        with filling(f"blocks of {space.name}") as listen:
            listen(1, 2)
        raise UsageError("no host is here to measure on")

    monkeypatch.setattr(latency_choice, "own_table", own_table)
    events: list[SearchEvent] = []
    with pytest.raises(UsageError, match="no host is here"):
        search_on_images(
            "digits", latency="host-lookup", out=tmp_path / "s", on_progress=events.append, **SMALL
        )
    assert events == [TableFills("blocks of mnasnet", 1, 2)]
    assert not (tmp_path / "s").exists()


@pytest.mark.usefixtures("trainings")
def test_damaged_runs_that_it_would_start_from_are_told_of(tmp_path: Path) -> None:
    plan = Plan(load_benchmark("imagenet-pixel1"), (StrategySpec("random"),), (0, 1), budget=3)
    study = Study.create(tmp_path / "study", plan)
    whole, damaged = study.tasks()
    perform(whole)
    perform(damaged)
    damaged.log.write_text(damaged.log.read_text().replace('"tell"', '"tall"', 1))
    events: list[SearchEvent] = []
    found = search_on_images(
        "digits", space=plan.benchmark.space.name, start_from=study.folder, out=tmp_path / "s",
        strategy="local-search", budget=1, on_progress=events.append, **SMALL,
    )  # fmt: skip
    assert isinstance(events[0], Said)
    assert events[0].text.startswith("left out, no architecture to start from is taken from it: ")
    assert "seed-0001.jsonl" in events[0].text
    [run] = study.sound_runs()[0]
    best = max(run.trials, key=lambda trial: trial.reward or 0.0)
    assert found.history[0].tokens == best.tokens


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"budget": 0}, "budget is 0; it must be at least 1"),
    ({"budget": 2.5}, "budget is 2.5; it must be a whole number"),
    ({"seed": -1}, "seed is -1; it must be at least 0"),
    ({"top": 0}, "top is 0"),
    ({"top": 10**30}, "top is .* at most"),
    ({"on_progress": 3}, "on_progress is 3; give a function"),
    ({"space": "a\0b"}, "space is .* must be text"),
    ({"input_size": 31}, "input_size is 31"),
    ({"width": "thin"}, "width is 'thin'; it must be a finite number"),
    ({"target_ms": float("nan")}, "target_ms is nan"),
    ({"epochs": 10**400}, "epochs is .*finite"),
    ({"checkpoint_s": -1}, "checkpoint_s is -1; it must be 0 s or more"),
    ({"latency": object()}, "latency is a object; .* cannot keep an object, so name it: pixel1"),
    ({"latency": "pixel2"}, "latency is 'pixel2'; known are"),
    ({"strategy": "pppo"}, "did you mean 'ppo'"),
    ({"strategy": None}, "strategy is None; it must be text"),
    ({"strategy": "random,ppo"}, "name one strategy"),
    ({"space": "mnasnet:bocks=3"}, "has no option 'bocks'"),
    ({"objective": "softish"}, "objective is 'softish'"),
    ({"broken": "ignore"}, "broken is 'ignore'; known are fail, skip"),
    ({"recipe": "fast"}, "fast"),
    ({"options": ["batch_size=6"]}, "options is .*; give a map"),
    ({"options": {"dropout": None}}, "dropout=null cannot be kept"),
    ({"options": {"batchsize": 3}}, "batchsize"),
    ({"start_from": 3}, "start_from is 3; it must be the path"),
    ({"out": 3}, "out is 3; it must be the path"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[str(list(w)) for w, _ in WRONG])
def test_a_wrong_argument_is_named_before_anything_is_written(
    wrong: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        search_on_images(
            "digits", **{"strategy": "random", "out": tmp_path / "s", **SMALL, **wrong}
        )
    assert not (tmp_path / "s/study.json").exists()


def test_wrong_places_are_named(tmp_path: Path) -> None:
    bad: Any = 3
    for data, said in (
        (bad, "data is 3"),
        ("", "data is"),
        ("a\0b", "data is"),
        (tmp_path / "none", "none"),
    ):
        with pytest.raises(UsageError, match=said):
            search_on_images(data, out=tmp_path / "s")
    with pytest.raises(UsageError, match="holds no search"):
        resume_search(tmp_path)
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UsageError, match="not empty and holds no search"):
        search_on_images("digits", out=tmp_path, **SMALL)


def test_its_arguments_and_defaults_are_the_commands() -> None:
    """`--set` is `options` in Python; `--json` and progress are each one's own."""
    theirs = {name: one.default for name, one in inspect.signature(search).parameters.items()}
    mine = {
        name: one.default
        for name, one in inspect.signature(search_on_images).parameters.items()
        if name not in ("on_progress", "data")
    }
    for name in ("context", "data", "as_json"):
        del theirs[name]
    theirs["options"] = theirs.pop("set_")
    assert mine == theirs
    for one in fields(Request):
        assert one.name == "data" or one.name == "options" or one.default == mine[one.name]


def test_importing_it_brings_no_heavy_library() -> None:
    code = (
        "import sys, nasbench_mobile.image_search; "
        "print([m for m in ('torch', 'numpy', 'scipy', 'rich', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
