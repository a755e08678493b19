"""A search whose process dies at a candidate goes on, and the second time without that one.

Trainings are made up, so that a search takes a second; some end the process.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.studies.crashes import UNSEEN, deaths
from nasbench_mobile.types import Tokens
from tests.image_search.made_up import the_log, the_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals to kill with")

Command = Callable[..., Any]

DRIVER = """
import os, signal, sys, time
from pathlib import Path
from nasbench_mobile.cli import main
from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.training.limits import TrainingFailure

met = Path(sys.argv.pop(1))


def train(self, place, network, recipe, name):
    known = met.read_text().split() if met.exists() else []
    if str(parameters(network)) not in known:
        known.append(str(parameters(network)))
        met.write_text(" ".join(known))
    number = known.index(str(parameters(network)))
    if number == 0:
        raise TrainingFailure("the training diverged")
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)
    return {"accuracy": 0.3 + number / 100, "cost_s": 0.0, "history": []}


TrainingAccuracy._train = train
main()
"""
"""Of the networks that it meets the first fails and the third ends the process."""

REWARD = """
def reward(measurement):
    return measurement.accuracy - measurement.latency_ms / 1000
"""
SEARCH = (
    "search", "--data", "digits", "--width", 0.1, "--epochs", 1, "--train-images", 60,
    "--validation-images", 20, "--set", "batch_size=6", "--top", 1,
)  # fmt: skip
TWICE = f"not evaluated again: twice while it was evaluated, {UNSEEN}"


def started(met: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DRIVER, str(met), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def trained_parameters(tokens: Tokens) -> int:
    return parameters(MnasNetSpace().network(tokens, width=0.1, input_size=32, classes=10))


@pytest.mark.parametrize(
    ("strategy", "objective"),
    [
        pytest.param("random", "soft", marks=pytest.mark.slow),
        pytest.param("regularized-evolution:population_size=3", "hard", marks=pytest.mark.slow),
        pytest.param("ppo", "own", marks=pytest.mark.slow),
    ],
)
def test_a_candidate_that_kills_a_search_twice_has_failed(
    command: Command, tmp_path: Path, strategy: str, objective: str
) -> None:
    (tmp_path / "own.py").write_text(REWARD)
    named = f"{tmp_path / 'own.py'}:reward" if objective == "own" else objective
    out, met = tmp_path / "s", tmp_path / "met"
    options = ("--strategy", strategy, "--objective", named, "--budget", 5, "--out", out, "--json")
    search, resume = (*SEARCH, *options), ("resume", out, "--json")
    done = [started(met, *words) for words in (search, resume, search)]
    assert [one.returncode for one in done] == [-signal.SIGSEGV, -signal.SIGSEGV, 0], done
    assert not any("Traceback" in one.stderr for one in done)
    assert UNSEEN not in done[0].stderr
    assert f"{UNSEEN} while it evaluated a candidate" in done[1].stderr
    assert "it is tried once more" in done[1].stderr
    assert "it has failed and is not evaluated again" in done[2].stderr
    run = the_run(out)
    assert run.finished
    assert len(run.trials) == 5
    numbers = met.read_text().split()
    by_network: dict[str, set[str | None]] = {number: set() for number in numbers}
    for trial in run.trials:
        by_network[str(trained_parameters(trial.tokens))].add(trial.failure)
    failures = [{"the training diverged"}, {None}, {TWICE}]
    assert [by_network[number] for number in numbers[:3]] == failures
    assert all(by_network[number] == {None} for number in numbers[3:])
    assert json.loads(done[2].stdout)["failures"][TWICE] >= 1
    before = the_log(out).read_bytes()
    assert command("resume", out).code == 0
    assert (
        f"not evaluated again: twice while it was evaluated, {UNSEEN}" in command("report", out).out
    )
    assert the_log(out).read_bytes() == before
    assert not the_log(out).with_suffix(".evaluating").exists()


class Stopped:
    """Trainings that Ctrl-C stops at some numbers, and the marks that stood then."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.numbers, self.count = folder, set[int](), 0
        self.marks: dict[Path, str] = {}

    def train(self, *_: Any) -> dict[str, Any]:
        self.count += 1
        if self.count in self.numbers:
            self.marks = {path: path.read_text() for path in self.folder.rglob("*.evaluating")}
            raise KeyboardInterrupt
        return {"accuracy": 0.5, "cost_s": 0.0, "history": []}


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stopped:
    made_up = Stopped(tmp_path)
    monkeypatch.setattr(TrainingAccuracy, "_train", lambda _, *rest: made_up.train(*rest))
    return made_up


def test_an_orderly_stop_is_no_death(command: Command, tmp_path: Path, stopped: Stopped) -> None:
    stopped.numbers = {2, 3, 4}
    search = (*SEARCH, "--strategy", "random", "--budget", 3, "--out", tmp_path / "s")
    assert [command(*search).code for _ in range(4)] == [130, 130, 130, 0]
    assert len(stopped.marks) == 1
    assert deaths(the_log(tmp_path / "s")) == []
    assert all(trial.ok for trial in the_run(tmp_path / "s").trials)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_stands_from_before_the_machine_was_restarted_is_no_death(
    command: Command, tmp_path: Path, stopped: Stopped, restarted: bool
) -> None:
    stopped.numbers = {1, 2}
    search = (*SEARCH, "--strategy", "random", "--budget", 1, "--out", tmp_path / "s")
    for _ in range(2):
        assert command(*search).code == 130
        [(mark, text)] = stopped.marks.items()
        left = json.loads(text)
        mark.write_text(json.dumps({**left, "boot": "earlier"} if restarted else left))
    code = command(*search).code
    [trial] = the_run(tmp_path / "s").trials
    assert trial.failure == (None if restarted else TWICE)
    assert code == (0 if restarted else 1)
    assert len(deaths(the_log(tmp_path / "s"))) == (0 if restarted else 2)
