"""`compare`: a study in a folder from Python, with names, classes and code of the session."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import nasbench_mobile as nm
from nasbench_mobile.cli import app
from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.interface.warned import FailedRunsWarning
from nasbench_mobile.strategies import RandomSearch
from nasbench_mobile.studies.task import RunProgress

SCRIPT = '''
import sys
import numpy as np
import nasbench_mobile as nm

STEP = {step}

class Mine:
    """Counts through the space."""

    def __init__(self, decisions, seed, budget, *, shift=0):
        self.cards = np.array([one.cardinality for one in decisions])
        self.at, self.shift = seed + shift, shift

    def ask(self, count):
        self.at += STEP
        return [nm.Proposal(self.at, tuple((self.at % self.cards).tolist()))]

    def tell(self, trials):
        pass

study = nm.compare(
    "imagenet-pixel1", {{"mine": Mine, "random": "random"}}, seeds=1, budget=12, out="study",
    rerun=sys.argv[1:], jobs=1,
)
print(study.verdict)
'''


def script(folder: Path, step: int, *rerun: str) -> subprocess.CompletedProcess[str]:
    """A user's script without a guard, as a notebook would have it."""
    (folder / "script.py").write_text(SCRIPT.format(step=step))
    words = [sys.executable, "script.py", *rerun]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def command(*words: str) -> tuple[int, str]:
    """The exit code of a command, and all that it prints."""
    done = CliRunner().invoke(app, list(words))
    said = done.output + ("" if done.exception is None else str(done.exception))
    return done.exit_code, said


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> nm.Study:
    folder = tmp_path_factory.mktemp("studies") / "study"
    named: dict[str, Any] = {"tpe": "optuna-tpe", "plain": RandomSearch, "two": "optuna-motpe"}
    return nm.compare("imagenet-pixel1", named, seeds=2, budget=25, out=folder)


def test_what_the_report_says_stands_in_the_study(study: nm.Study) -> None:
    code, said = command("report", str(study.folder), "--json")
    assert code == 0, said
    summary = json.loads((study.folder / "summary.json").read_text())
    board = study.leaderboard()
    assert [row.strategy for row in board] == [row["label"] for row in summary["strategies"]]
    assert [row.best_reward for row in board] == [
        row["best_reward"]["median"] for row in summary["strategies"]
    ]
    assert study.verdict == summary["verdict"]
    assert study.verdict in repr(board)
    assert "<table>" in board._repr_html_()
    assert study._repr_html_() == board._repr_html_()
    frame = study.to_frame()
    assert len(frame) == 3 * 2 * 25
    best = frame[frame["strategy"] == "tpe"].groupby("seed")["true_reward"].max()
    row = next(row for row in summary["strategies"] if row["label"] == "tpe")
    assert best.tolist() == row["best_reward"]["values"]


def test_a_built_in_class_goes_by_its_name(study: nm.Study) -> None:
    assert [spec.name for spec in study.plan.strategies] == [
        "optuna-tpe", "random", "optuna-motpe"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["anytime", "final", "pareto", "latency"])
def test_plots_are_those_of_the_report(study: nm.Study, name: str) -> None:
    figure = study.plot(name)
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_an_unknown_plot_is_an_error_with_suggestions(study: nm.Study) -> None:
    with pytest.raises(UsageError, match="unknown plot 'anytme': did you mean 'anytime'"):
        study.plot("anytme")


def test_the_same_call_does_nothing_again_and_another_is_refused(study: nm.Study) -> None:
    heard: list[RunProgress] = []
    named: dict[str, Any] = {"tpe": "optuna-tpe", "plain": RandomSearch, "two": "optuna-motpe"}
    again = nm.compare(
        "imagenet-pixel1", named, 2, 25, study.folder, on_progress=heard.append, jobs=1
    )
    assert {message.ended for message in heard} == {True}
    assert again.verdict == study.verdict
    with pytest.raises(UsageError, match="holds another study"):
        nm.compare("imagenet-pixel1", ["random"], 2, 25, study.folder)


def test_a_class_of_a_script(tmp_path: Path) -> None:
    """It runs in workers, and goes on in another session."""
    done = script(tmp_path, 7)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "study"
    code = folder / "code" / "Mine.py"
    assert "STEP = 7" in code.read_text()
    logs = sorted(folder.glob("runs/*/*.jsonl"))
    assert len(logs) == 2
    before = [log.read_text() for log in logs]
    header = json.loads(before[0].splitlines()[0])
    assert header["code"].startswith("sha256:")

    mine = next(log for log in logs if log.parent.name == "mine")
    whole = mine.read_text().splitlines(keepends=True)
    mine.write_text("".join(whole[:8]))  # as if it had been interrupted
    status, said = command("resume", str(folder))
    assert status != 0
    assert "read it, then run it with --trust" in " ".join(said.split())
    status, said = command("resume", str(folder), "--trust")
    assert status == 0, said
    assert len(mine.read_text().splitlines()) == len(whole)


def test_an_edited_class_is_refused_until_its_runs_are_done_again(tmp_path: Path) -> None:
    assert script(tmp_path, 7).returncode == 0
    folder = tmp_path / "study"
    code = folder / "code" / "Mine.py"
    refused = script(tmp_path, 5)
    assert refused.returncode != 0
    assert "the code of 'mine' has changed" in refused.stderr
    assert "STEP = 7" in code.read_text()
    again = script(tmp_path, 5, "mine")
    assert again.returncode == 0, again.stderr
    assert "STEP = 5" in code.read_text()
    assert list((folder / "replaced").rglob("*.jsonl"))


def test_a_class_of_a_file_goes_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        textwrap.dedent("""
        from nasbench_mobile.strategies.random import RandomSearch
        class Own(RandomSearch):
            pass
        """)
    )
    names = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from own import Own; "
    call = (
        "import nasbench_mobile as nm; "
        "study = nm.compare('imagenet-pixel1', [Own, 'random'], 1, 5, 'study', jobs=1); "
        "print(*[spec.name for spec in study.plan.strategies], study.manifest.made[0].code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", names + call], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    name, other, code = done.stdout.split()
    assert (name, other) == (f"{tmp_path}/own.py:Own", "random")
    assert code.startswith("sha256:")
    assert not (tmp_path / "study" / "code").exists()


def test_failures_partial_trainings_and_noise(tmp_path: Path) -> None:
    noisy = replace(nm.load_benchmark("imagenet-pixel1-curves"), noise_sd=0.0)
    named = {"halving": "successive-halving", "random": "random"}
    study = nm.compare(noisy, named, [3, 5], 12, tmp_path / "curves", jobs=1)
    frame = study.to_frame()
    assert sorted(set(frame["seed"])) == [3, 5]
    assert (frame[frame["strategy"] == "halving"]["fidelity"] < 1).any()
    assert (frame[frame["strategy"] == "random"]["fidelity"] == 1).all()
    study = nm.compare(
        "imagenet-pixel1-noisy", ["random", "regularized-evolution"], 1, 12, tmp_path / "noisy",
        workers=3, jobs=1,
    )  # fmt: skip
    frame = study.to_frame()
    assert (frame["accuracy"] != frame["true_accuracy"]).all()
    first = nm.run(
        "regularized-evolution", "imagenet-pixel1", 5, start_from=tmp_path / "noisy"
    ).history[0]  # fmt: skip
    assert first.proposal.id == -1
    assert first.tokens in set(frame["tokens"])


FAILING = """
class Failing:
    def __init__(self, decisions, seed, budget, *, after=0):
        self.left, self.count = after, len(decisions)
    def ask(self, count):
        if not self.left:
            raise ValueError("no idea")
        self.left -= 1
        from nasbench_mobile import Proposal
        return [Proposal(self.left, (0,) * self.count)]
    def tell(self, trials):
        pass
"""


def test_runs_that_fail_are_told(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    name = f"{tmp_path}/failing.py:Failing"
    with pytest.warns(FailedRunsWarning, match="1 of 2 runs failed; the first is bad seed 0: ask"):
        study = nm.compare(
            "imagenet-pixel1", {"bad": f"{name}:after=3", "random": "random"}, 1, 6,
            tmp_path / "some", jobs=1,
        )  # fmt: skip
    row = next(row for row in study.leaderboard() if row.strategy == "bad")
    assert (row.complete, row.unranked) == (0, "failed on its only seed")
    assert len(study.to_frame()) == 6 + 3
    with pytest.raises(EvaluationError, match="every run failed; the first said: bad seed 0"):
        nm.compare("imagenet-pixel1", {"bad": name}, 1, 6, tmp_path / "none", jobs=1)
    nothing = nm.Study.open(tmp_path / "none")
    with pytest.raises(nm.NasbenchError, match="has no trials yet"):
        nothing.leaderboard()
    assert "has no trials yet" in nothing._repr_html_()


def test_mistakes_leave_no_study(tmp_path: Path) -> None:
    def factory(decisions: Sequence[nm.Decision], seed: int, budget: int) -> object:
        return tmp_path

    wrong: list[tuple[Any, str]] = [
        ("random", "strategies is 'random'; give a list"),
        (["random,ppo"], "names 2 strategies; give a list of single names"),
        (["random", "random"], "two strategies have the label 'random'"),
        ([3], "a strategy is 3, a int; give a name"),
        ([factory], "factory uses tmp_path, a variable of the function"),
        ({"a": "rando"}, "did you mean 'random'"),
    ]
    for strategies, words in wrong:
        with pytest.raises(UsageError, match=words):
            nm.compare("imagenet-pixel1", strategies, 1, 5, tmp_path / "new")
    for more, words in (
        ({"seeds": 0}, "seeds is 0; it must be at least 1"),
        ({"seeds": 1.5}, "seeds is 1.5"),
        ({"seeds": [1, 1]}, "seed 1 is listed twice"),
        ({"jobs": 0}, "jobs is 0"),
        ({"budget": "many"}, "budget is 'many'"),
    ):
        given: dict[str, Any] = {"seeds": 1, "budget": 5, **more}
        with pytest.raises(UsageError, match=words):
            nm.compare("imagenet-pixel1", ["random"], out=tmp_path / "new", **given)
    assert not (tmp_path / "new").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and holds no study; give another folder"):
        nm.compare("imagenet-pixel1", ["random"], 1, 5, tmp_path / "full")
