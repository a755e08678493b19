"""What made a result: recorded, compared, refused where it differs, and done again when asked."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import LogError, UnknownNameError, UsageError
from nasbench_mobile.runs.event_log import read_header, read_log, same_run
from nasbench_mobile.studies import identity, recorded, task
from nasbench_mobile.studies.identity import Made, code_now, defaults_now, made_now, needed_by
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import MANIFEST, Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import StrategySpec

RANDOM = StrategySpec("random")

MINE = '''
import numpy as np
from helper_of_mine import changed
from nasbench_mobile import Proposal


class Mine:
    """Random tokens, or those before with one changed."""

    def __init__(self, decisions, seed, budget, *, rate=0.5, depths=(1, 2), **others):
        self.cards = [decision.cardinality for decision in decisions]
        self.rng, self.asked, self.last, self.rate = np.random.default_rng(seed), 0, None, rate

    def start(self, trials):
        self.last = trials[0].tokens

    def ask(self, count):
        found = []
        for _ in range(count):
            fresh = self.rng.integers(self.cards).tolist()
            if self.last is not None and self.rng.random() < self.rate:
                fresh = changed(self.last, fresh, self.rng)
            found.append(Proposal(self.asked, tuple(fresh)))
            self.asked += 1
        return found

    def tell(self, trials):
        self.last = trials[-1].tokens
'''
HELPER = """
def changed(tokens, fresh, rng):
    place = rng.integers(len(tokens))
    return [*tokens[:place], fresh[place], *tokens[place + 1 :]]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Path]:
    """A file with a strategy, and one beside it that it imports."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "helper_of_mine.py").write_text(HELPER)
    (folder / "mine.py").write_text(MINE)
    yield folder / "mine.py"
    sys.modules.pop("helper_of_mine", None)


def plan(*specs: StrategySpec, **changes: Any) -> Plan:
    whole: dict[str, Any] = {"seeds": (0, 1), "budget": 12}
    return Plan(load_benchmark("imagenet-pixel1"), specs, **(whole | changes))


def done(folder: Path, wanted: Plan) -> Study:
    """A study with all its runs."""
    study = Study.create(folder, wanted)
    for one in study.tasks():
        assert perform(one).failure is None
    return study


def logs(study: Study, label: str) -> list[Path]:
    return [one.log for one in study.tasks() if one.strategy.label == label]


def cut(log: Path, lines: int) -> bytes:
    """Leave the first lines of a log; what it was comes back."""
    whole = log.read_bytes()
    log.write_bytes(b"".join(whole.splitlines(keepends=True)[:lines]))
    return whole


def test_header_and_manifest_say_code_and_every_option(tmp_path: Path, mine: Path) -> None:
    spec = StrategySpec(f"{mine}:Mine", {"rate": 0.25, "width": 3}, alias="mine")
    study = done(tmp_path / "s", plan(RANDOM, StrategySpec("ppo-retuned", {"clip": 0.1}), spec))
    code = catalog.code_behind("strategy", spec.name)
    assert code is not None
    assert set(map(str, code.beside)) == {"helper_of_mine.py"}  # type: ignore[union-attr]
    rows = json.loads((study.folder / MANIFEST).read_text())["strategies"]
    assert [row["code"] for row in rows] == ["built-in", "built-in", code_now(spec.name)]
    headers = [read_header(logs(study, one.label)[0]) for one in study.plan.strategies]
    for row, header in zip(rows, headers, strict=True):
        assert header is not None
        assert (header.code, header.defaults) == (row["code"], row["defaults"])
        assert header.strategy.options == row["options"]
    assert rows[0]["defaults"] == {}
    assert rows[1]["options"] == {"clip": 0.1}
    assert rows[1]["defaults"]["learning_rate"] == 0.0008  # the variant's, not that of ppo
    assert rows[1]["defaults"]["batch_size"] == 20
    assert "clip" not in rows[1]["defaults"]
    # depths is a tuple, which JSON changes: the code's hash stands for it
    assert rows[2]["defaults"] == {}
    assert rows[2]["options"] == {"rate": 0.25, "width": 3}
    bare = StrategySpec(f"{mine}:Mine")
    assert defaults_now(bare) == {"rate": 0.5}
    assert bare.label == f"{mine}:Mine"


def test_versions_of_all_libraries_are_logged(tmp_path: Path, mine: Path) -> None:
    mine.write_text(MINE + "\nimport rich\n")
    study = done(tmp_path / "s", plan(RANDOM, StrategySpec(f"{mine}:Mine")))
    known, own = (read_header(logs(study, one.label)[0]) for one in study.plan.strategies)
    assert known is not None
    assert own is not None
    libraries = {"python", "nasbench-mobile", "numpy", "scipy", "torch", "optuna", "nevergrad"}
    assert known.versions.keys() == libraries | {"moocore", "ai-edge-litert"}
    assert own.versions.keys() == known.versions.keys() | {"rich"}


@pytest.mark.parametrize("edited", ["mine.py", "helper_of_mine.py"])
def test_edited_code_is_refused_by_every_door(tmp_path: Path, mine: Path, edited: str) -> None:
    spec = StrategySpec(f"{mine}:Mine", alias="mine")
    study = done(tmp_path / "s", plan(RANDOM, spec))
    before = {path: path.read_bytes() for path in study.folder.rglob("*.jsonl")}
    file = mine.with_name(edited)
    file.write_text(file.read_text() + "\n# a thought\n")
    message = (
        r"code of mine \(.*mine.py:Mine\) has changed since its runs with seeds 0, 1 in .*"
        r"--rerun mine` \(the old logs are kept aside\)"
    )
    for again in (Study.create(tmp_path / "s", study.plan), Study.open(tmp_path / "s")):
        with pytest.raises(UsageError, match=message):
            again.run(jobs=1)
    # one log removed, or cut off: the other runs are of the old code still
    logs(study, "mine")[0].unlink()
    with pytest.raises(UsageError, match="its run with seed 1 in"):
        Study.open(tmp_path / "s").run(jobs=1)
    cut(logs(study, "mine")[1], 5)
    last = [one for one in Study.open(tmp_path / "s").tasks() if one.log == logs(study, "mine")[1]]
    with pytest.raises((LogError, UsageError), match="code of mine|other code of mine"):
        perform(last[0])
    with pytest.raises(LogError, match=r"other code of mine .*--rerun mine"):
        perform(replace(last[0], made=None))
    # reading goes on, and says so
    assert len(Study.open(tmp_path / "s").runs()) == 3
    [note] = Study.open(tmp_path / "s").notes()
    assert "code of mine" in note
    assert "--rerun mine" in note
    file.write_text(file.read_text().replace("\n# a thought\n", ""))
    Study.open(tmp_path / "s").run(jobs=1)
    assert all(same_bytes(path, was) for path, was in before.items() if "random" in path.parts)
    assert Study.open(tmp_path / "s").notes() == []


def same_bytes(path: Path, was: bytes) -> bool:
    return path.read_bytes() == was


def test_code_edited_before_the_first_run_is_taken_as_it_is(tmp_path: Path, mine: Path) -> None:
    study = Study.create(tmp_path / "s", plan(StrategySpec(f"{mine}:Mine")))
    mine.write_text(MINE.replace("rate=0.5", "rate=0.125"))
    study.run(jobs=1)
    assert all(run.header.code == code_now(f"{mine}:Mine") for run in study.runs())
    assert all(run.header.defaults == {"rate": 0.125} for run in study.runs())
    assert Study.open(tmp_path / "s").manifest.made == (made_now(study.plan.strategies[0]),)


def test_rerun_does_one_label_again_and_keeps_others_byte_for_byte(
    tmp_path: Path, mine: Path
) -> None:
    spec = StrategySpec(f"{mine}:Mine", alias="mine")
    study = done(tmp_path / "s", plan(RANDOM, spec))
    kept = [path.read_bytes() for path in logs(study, "random")]
    old = [path.read_bytes() for path in logs(study, "mine")]
    mine.write_text(MINE.replace("rate=0.5", "rate=0.0"))
    with pytest.raises(UnknownNameError, match="did you mean 'mine'"):
        study.rerun(["mien"])
    with pytest.raises(UsageError, match="code of mine"):  # of another label that is not redone
        study.rerun(["random"])
    assert [path.read_bytes() for path in logs(study, "random")] == kept
    study.rerun(["mine"])
    study.run(jobs=1)
    assert [path.read_bytes() for path in logs(study, "random")] == kept
    aside = sorted((study.folder / "replaced").rglob("*.jsonl"))
    assert [path.read_bytes() for path in aside] == old
    fresh = done(tmp_path / "fresh", plan(RANDOM, spec))
    for one, other in zip(logs(study, "mine"), logs(fresh, "mine"), strict=True):
        assert same_run(one, other)
    assert Study.open(tmp_path / "s").notes() == []
    assert len(Study.open(tmp_path / "s").runs()) == 4
    study.rerun(["mine", "random"])  # asked for, though nothing has changed
    assert not any(path.exists() for path in logs(study, "mine") + logs(study, "random"))
    assert len(list((study.folder / "replaced").iterdir())) == 2


def test_all_strategies_of_other_code_are_named_at_once(tmp_path: Path, mine: Path) -> None:
    file = f"{mine}:Mine"
    specs = StrategySpec(file, alias="first one"), StrategySpec(file, {"rate": 0.1}, alias="second")
    study = done(tmp_path / "s", plan(RANDOM, *specs))
    mine.write_text(MINE + "\n# edited\n")
    with pytest.raises(UsageError) as raised:
        study.run(jobs=1)
    said = str(raised.value)
    assert f"of first one ({file}) has changed since its runs with seeds 0, 1; the code of" in said
    assert f"resume {study.folder} --rerun 'first one' --rerun second`" in said
    with pytest.raises(UsageError, match="code of second"):
        study.rerun(["first one"])
    study.rerun(["first one", "second"])
    study.run(jobs=1)
    assert study.notes() == []


@pytest.mark.parametrize("workers", [None, 4])
def test_code_with_workers_and_a_warm_start(
    tmp_path: Path, mine: Path, workers: int | None
) -> None:
    """An asynchronous run starts over, a synchronous one goes on: neither with other code."""
    spec = StrategySpec(f"{mine}:Mine", {"rate": 0.9}, alias="mine")
    wanted = plan(spec, seeds=(3,), workers=workers, start=((0,) * 28,))
    whole = done(tmp_path / "whole", wanted)
    study = done(tmp_path / "s", wanted)
    [log] = logs(study, "mine")
    cut(log, 6)
    text = mine.with_name("helper_of_mine.py").read_text()
    mine.with_name("helper_of_mine.py").write_text(text.replace("place]", "place] "))
    with pytest.raises(UsageError, match="code of mine"):
        Study.open(tmp_path / "s").run(jobs=1)
    assert len(log.read_bytes().splitlines()) == 6
    mine.with_name("helper_of_mine.py").write_text(text)
    Study.open(tmp_path / "s").run(jobs=1)
    assert same_run(log, logs(whole, "mine")[0])
    assert log.parent.name == "mine"


def test_code_that_changes_while_a_study_runs_is_refused(tmp_path: Path, mine: Path) -> None:
    study = Study.create(tmp_path / "s", plan(StrategySpec(f"{mine}:Mine", alias="mine")))
    first, second = study.tasks()
    perform(first)
    mine.write_text(MINE + "\n# later\n")
    with pytest.raises(UsageError, match="code of mine has changed since its study was begun"):
        perform(second)
    assert not second.log.exists()


def test_a_missing_file_is_a_note_for_who_reads(tmp_path: Path, mine: Path) -> None:
    study = done(tmp_path / "s", plan(StrategySpec(f"{mine}:Mine", alias="mine")))
    mine.unlink()
    again = Study.open(tmp_path / "s")
    assert len(again.runs()) == 2
    [note] = again.notes()
    assert "The code of mine" in note
    assert "not there now" in note
    again.run(jobs=1)  # all is done: nothing needs the file
    cut(logs(study, "mine")[0], 5)
    with pytest.raises(UsageError, match="there is no file"):
        again.run(jobs=1)


def test_a_module_beside_that_is_not_the_one_taken_is_refused(tmp_path: Path, mine: Path) -> None:
    catalog.load("strategy", f"{mine}:Mine")
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.py").write_text(MINE)
    (other / "helper_of_mine.py").write_text(HELPER)
    with pytest.raises(UsageError, match="imports helper_of_mine, and Python took .*another name"):
        catalog.load("strategy", f"{other / 'mine.py'}:Mine")


def test_an_edited_file_is_loaded_anew_in_one_process(mine: Path) -> None:
    first = catalog.load("strategy", f"{mine}:Mine")
    assert catalog.load("strategy", f"{mine}:Mine") is first
    mine.with_name("helper_of_mine.py").write_text("def changed(*_):\n    return 'new'\n")
    second = catalog.load("strategy", f"{mine}:Mine")
    namespace = second.ask.__globals__
    assert namespace["changed"]() == "new"


def test_recorded_defaults_are_what_a_resumed_run_is_built_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defaults of another version would give other proposals."""
    whole = done(tmp_path / "whole", plan(StrategySpec("regularized-evolution"), seeds=(0,)))
    study = done(tmp_path / "s", whole.plan)
    [log] = logs(study, "regularized-evolution")
    cut(log, 7)
    factory = catalog.load("strategy", "regularized-evolution")
    changed = catalog.Variant(factory, population_size=2, sample_size=2)
    load = catalog.load
    patched = lambda kind, name: changed if kind == "strategy" else load(kind, name)  # noqa: E731
    monkeypatch.setattr(catalog, "load", patched)
    other = done(tmp_path / "other", whole.plan)
    [unlike] = logs(other, "regularized-evolution")
    assert not same_run(unlike, logs(whole, "regularized-evolution")[0])
    for one in Study.open(tmp_path / "s").tasks():
        perform(one)
    assert same_run(log, logs(whole, "regularized-evolution")[0])
    log.unlink()  # a seed that begins later has the study's defaults too
    for one in Study.open(tmp_path / "s").tasks():
        perform(one)
    [then], [now] = whole.runs(), Study.open(tmp_path / "s").runs()
    assert [trial.tokens for trial in now.trials] == [trial.tokens for trial in then.trials]
    assert now.header.defaults == then.header.defaults
    assert Study.open(tmp_path / "s").notes() == []
    monkeypatch.setattr(
        recorded, "versions", lambda *_: {**recorded_versions(log), "nasbench-mobile": "9.0"}
    )
    said = Study.open(tmp_path / "s").notes()
    assert said[:2] == [
        f"Option {name} of regularized-evolution is {then} in this study; its default is now 2."
        for name, then in (("population_size", 100), ("sample_size", 25))
    ]
    own = recorded_versions(log)["nasbench-mobile"]
    assert f"nasbench-mobile is 9.0 here; these results were made with {own}." in said


def recorded_versions(log: Path) -> dict[str, str]:
    return read_log(log).header.versions


def test_a_recorded_option_that_is_gone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = done(tmp_path / "s", plan(StrategySpec("local-search"), seeds=(0,)))

    class Fewer:
        def __init__(self, decisions: Any, seed: int, budget: int, *, starts: int = 10) -> None: ...

    monkeypatch.setattr(catalog, "load", lambda kind, name: Fewer)
    message = "local-search has no option 'full_neighbourhood' now, .* --rerun local-search`"
    with pytest.raises(UsageError, match=message):
        study.run(jobs=1)


def test_another_version_of_a_library_is_a_note_and_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = done(tmp_path / "s", plan(RANDOM))
    [log, _] = logs(study, "random")
    then = recorded_versions(log)
    now = {**then, "numpy": "99.0"}
    del now["moocore"]
    monkeypatch.setattr(recorded, "versions", lambda *_: now)
    monkeypatch.setattr(metadata, "version", _not_installed)
    assert study.notes() == [
        f"moocore is not installed here; these results were made with {then['moocore']}.",
        f"numpy is 99.0 here; these results were made with {then['numpy']}.",
    ]
    study.run(jobs=1)


def _not_installed(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


class Installed:
    """A distribution as importlib.metadata gives it."""

    name, version = "their-search", "1.2.3"
    requires = ("numpy>=2.0", "rich ; python_version > '3'", "torch>=2; extra == 'gpu'")


class Point:
    """An entry point as importlib.metadata gives it."""

    dist = Installed()

    def load(self) -> Any:
        return catalog.load("strategy", "random")


def test_an_entry_point_is_its_distribution_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {"theirs": Point()}
    monkeypatch.setattr(catalog, "_entry_points", lambda kind: points)
    assert made_now(StrategySpec("theirs")) == Made("their-search 1.2.3", {})
    assert needed_by("strategy", "theirs") == ("their-search", "numpy", "rich")
    study = done(tmp_path / "s", plan(StrategySpec("theirs")))
    assert study.runs()[0].header.versions.keys() >= {"numpy", "rich"}
    assert {run.header.code for run in study.runs()} == {"their-search 1.2.3"}
    monkeypatch.setattr(Installed, "version", "1.3.0")
    with pytest.raises(UsageError, match="code of theirs has changed since its runs"):
        study.run(jobs=1)


def test_libraries_of_a_reward_of_ones_own_are_logged(tmp_path: Path) -> None:
    text = "import typer\n\ndef reward(seen):\n    return seen.accuracy\n"
    (tmp_path / "reward.py").write_text(text)
    own = load_benchmark("imagenet-pixel1").with_objective(f"{tmp_path / 'reward.py'}:reward")
    study = done(tmp_path / "s", replace(plan(RANDOM), benchmark=own))
    assert "typer" in study.runs()[0].header.versions


def test_the_code_of_a_built_in_strategy_is_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in catalog.BUILT_IN["strategy"].keys() | catalog.VARIANTS.keys():
        assert code_now(name) == identity.BUILT_IN
        assert needed_by("strategy", name) == ()
    with pytest.raises(UnknownNameError):
        code_now("no-such-strategy")


def test_a_driver_that_is_at_work_is_left_alone(tmp_path: Path) -> None:
    study = done(tmp_path / "s", plan(RANDOM))
    with study._alone(), pytest.raises(UsageError, match="another process is running"):
        Study.open(tmp_path / "s").rerun(["random"])
    assert len(study.runs()) == 2


def test_worker_processes_find_the_modules_beside(tmp_path: Path, mine: Path) -> None:
    study = Study.create(tmp_path / "s", plan(StrategySpec(f"{mine}:Mine")))
    process = multiprocessing.get_context("spawn").Process(
        target=task.perform, args=(next(iter(study.tasks())),)
    )
    process.start()
    process.join()
    assert process.exitcode == 0
    assert study.runs()[0].finished


def test_a_name_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a worker too: the error comes back whole, it is no death of that process."""
    with monkeypatch.context() as patched:
        patched.setattr(catalog, "_entry_points", lambda kind: {"theirs": Point()})
        Study.create(tmp_path / "s", plan(StrategySpec("theirs"), seeds=(0,)))
    lost = UnknownNameError("strategy", "random-", ["random"])
    assert str(pickle.loads(pickle.dumps(lost))) == str(lost)
    with pytest.raises(UnknownNameError, match="unknown strategy 'theirs'"):
        Study.open(tmp_path / "s").run(jobs=1)
