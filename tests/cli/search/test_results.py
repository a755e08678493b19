"""What a search ends with, where it meets partial trainings, failures, resuming and the rest.

Trainings are made up, so that a search takes a second: the shorter, the higher the accuracy, which
no ranking may fall for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.runs.event_log import same_run
from nasbench_mobile.runs.run import Run
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.training.limits import TrainingFailure
from nasbench_mobile.types import Failure, Tokens
from tests.image_search.made_up import (
    EPOCHS,
    MadeUp,
    full_accuracy,
    made_up_trainings,
    the_log,
    the_run,
)

Command = Callable[..., Any]

SEARCH = (
    "search", "--data", "digits", "--width", 0.1, "--epochs", EPOCHS, "--train-images", 60,
    "--validation-images", 20, "--set", "batch_size=6",
)  # fmt: skip
HALVING = ("--strategy", "successive-halving:min_fidelity=0.25", "--budget", 4)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    return made_up_trainings(monkeypatch)


def of_full_trainings(run: Run) -> dict[Tokens, float]:
    """Rewards of the networks that were trained in full."""
    full = [t for t in run.trials if t.reward is not None and t.proposal.fidelity == 1.0]
    return {MnasNetSpace().canonical(t.tokens): t.reward for t in full if t.reward is not None}


@pytest.mark.usefixtures("trainings")
def test_only_full_trainings_are_ranked(command: Command, tmp_path: Path) -> None:
    summary = command(*SEARCH, *HALVING, "--out", tmp_path / "s", "--json").json
    run, space = the_run(tmp_path / "s"), MnasNetSpace()
    wanted = of_full_trainings(run)
    assert (len(wanted), len(run.trials)) == (2, 10)  # twice four quarters and a whole
    found = {space.canonical(tuple(row["tokens"])): row for row in summary["best"]}
    assert {tokens: row["reward"] for tokens, row in found.items()} == wanted
    assert [row["reward"] for row in summary["best"]] == sorted(wanted.values(), reverse=True)
    for row in summary["best"]:
        trained = space.network(tuple(row["tokens"]), width=0.1, input_size=32, classes=10)
        assert row["accuracy"] == full_accuracy(trained)
        assert run.trials[row["candidate"] - 1].proposal.fidelity == 1.0
    highest = max(t.measurement.accuracy for t in run.trials if t.measurement)
    assert highest > max(row["accuracy"] for row in summary["front"])  # of a quarter
    said = (summary["candidates"], summary["partial"], summary["spent"], summary["budget"])
    assert said == (10, 8, 4.0, 4)


@pytest.mark.usefixtures("trainings")
def test_counts_are_those_of_the_datas_classes(command: Command, tmp_path: Path) -> None:
    summary = command(
        *SEARCH, "--strategy", "random", "--budget", 1, "--out", tmp_path / "s", "--json"
    ).json
    [best], [trial] = summary["best"], the_run(tmp_path / "s").trials
    network = MnasNetSpace().network(trial.tokens, classes=10)
    assert best["parameters"] == parameters(network)
    assert best["multiply_adds"] == multiply_adds(network)
    assert (summary["classes"], summary["latency_classes"]) == (10, 1000)
    assert summary["latency_input_size"] == 224
    assert summary["training"] == {"epochs": EPOCHS, "width": 0.1, "input_size": 32}
    page = (tmp_path / "s/report.html").read_text()
    assert f"{best['parameters']:,}" in page
    assert "full-size network at 224 px, for 1,000 classes" in page
    assert "the data&#39;s 10 classes" in page


@pytest.mark.usefixtures("trainings")
def test_a_budget_too_small_for_one_full_training_is_a_sentence(
    command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "s"
    arguments = (*SEARCH, "--strategy", "successive-halving", "--budget", 1, "--out", out)
    done = command(*arguments)
    assert done.code == 1
    assert (
        "1 of 1 training spent, and the longest that succeeded was 25 % of a training" in done.err
    )
    assert "give a larger --budget" in done.err
    assert "Traceback" not in done.err
    run = the_run(out)
    quarters = [trial for trial in run.trials if trial.proposal.fidelity == 0.25]
    assert len(quarters) == 2
    assert not (out / "best.json").exists()
    assert not (out / "best").exists()
    page = (out / "report.html").read_text()
    assert "Trained longest" in page
    assert "25 %" in page
    again = command("report", out, "--json")
    assert again.code == 1
    longest = json.loads(again.out)["longest"]
    by_reward = sorted(quarters, key=lambda trial: -(trial.reward or 0.0))
    assert [tuple(row["tokens"]) for row in longest[:2]] == [t.tokens for t in by_reward]
    assert [row["share"] for row in longest] == [0.25, 0.25, 0.0625]
    assert command("resume", out).code == 1


@pytest.mark.usefixtures("trainings")
@pytest.mark.parametrize(
    "options", [HALVING, ("--strategy", "random", "--budget", 3)], ids=["halving", "random"]
)
def test_search_report_and_resume_write_the_same(
    command: Command, tmp_path: Path, options: tuple[Any, ...]
) -> None:
    out = tmp_path / "s"

    def written() -> dict[str, bytes]:
        names = [path for path in out.rglob("*") if path.suffix in (".html", ".csv", ".tflite")]
        names += [out / "best.json", *out.glob("best/*.json"), *out.glob("plots/*.png")]
        return {str(path.relative_to(out)): path.read_bytes() for path in names}

    searched = command(*SEARCH, *options, "--top", 2, "--out", out, "--json")
    first, log = written(), the_log(out).read_bytes()
    assert {"report.html", "trials.csv", "best.json", "best/2.tflite"} <= first.keys()
    assert "best/3.tflite" not in first
    for again in (("report", out, "--json"), ("resume", out, "--json")):
        for path in out.glob("best/*"):
            path.unlink()
        assert command(*again).json == searched.json
        assert written() == first
    assert the_log(out).read_bytes() == log


@pytest.mark.usefixtures("trainings")
def test_files_are_of_as_many_networks_as_were_asked_for_last(
    command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "s"
    arguments = (*SEARCH, "--strategy", "random", "--budget", 3, "--out", out)
    for top, again in ((3, ()), (1, ("report", out)), (2, ("resume", out))):
        assert command(*arguments, "--top", top).code == 0
        if again:
            assert command(*again).code == 0
        ranks = sorted(path.stem for path in out.glob("best/*.tflite"))
        assert ranks == [str(rank) for rank in range(1, top + 1)]
        assert len(json.loads((out / "best.json").read_text())["best"]) == top


@pytest.mark.usefixtures("trainings")
def test_another_search_starts_from_full_trainings_alone(command: Command, tmp_path: Path) -> None:
    first, second, short = tmp_path / "first", tmp_path / "second", tmp_path / "short"
    assert command(*SEARCH, *HALVING, "--out", first).code == 0
    evolution = (*SEARCH, "--strategy", "regularized-evolution", "--budget", 3)
    summary = command(*evolution, "--start-from", first, "--out", second, "--json").json
    rewards = of_full_trainings(the_run(first))
    wanted = sorted(rewards, key=lambda tokens: -rewards[tokens])
    run, space = the_run(second), MnasNetSpace()
    assert [space.canonical(t.tokens) for t in run.trials[:2]] == wanted
    assert [t.proposal.id for t in run.trials] == [-1, -2, 0]
    assert {1, 2} <= {row["candidate"] for row in summary["best"]}
    halving = ("--strategy", "successive-halving", "--budget", 1)
    assert command(*SEARCH, *halving, "--out", short).code == 1
    refused = command(*evolution, "--start-from", short, "--out", tmp_path / "none")
    assert refused.code == 2
    assert "has trained nothing in full" in refused.err
    assert not (tmp_path / "none").exists()


def test_where_all_fail_the_page_says_why(
    command: Command, tmp_path: Path, trainings: MadeUp
) -> None:
    def fails(number: int, _: Network) -> None:
        raise TrainingFailure("the training diverged")

    trainings.before = fails
    out = tmp_path / "s"
    done = command(*SEARCH, "--strategy", "random", "--budget", 3, "--out", out)
    assert done.code == 1
    assert "no candidate got a reward; the training diverged" in done.err
    assert "failed 3 times: the training diverged" in done.out
    page = (out / "report.html").read_text()
    assert "No candidate got a reward; the training diverged." in page
    assert "<td>3</td><td" in page
    assert not (out / "best.json").exists()
    assert command("report", out).code == 1
    trainings.before = lambda number, network: None
    halved = command(*SEARCH, *HALVING, "--start-from", out, "--out", tmp_path / "t")
    assert halved.code == 2  # nothing to start from


def test_some_failures_and_a_partial_one_are_counted(
    command: Command, tmp_path: Path, trainings: MadeUp
) -> None:
    def fails(number: int, _: Network) -> None:
        if number in (1, 5):  # a quarter, and the first whole
            raise TrainingFailure("out of memory")

    trainings.before = fails
    out = tmp_path / "s"
    summary = command(*SEARCH, *HALVING, "--out", out, "--json").json
    run = the_run(out)
    assert [number for number, trial in enumerate(run.trials) if trial.failure] == [0, 4]
    assert run.trials[4].proposal.fidelity == 1.0
    assert summary["failures"] == {"out of memory": 2}
    assert summary["spent"] == 4.0  # failures are charged
    assert len(summary["best"]) == 1
    assert "failed 2 times: out of memory" in command("report", out).out


def test_where_all_full_trainings_fail_it_says_why(
    command: Command, tmp_path: Path, trainings: MadeUp
) -> None:
    def fails(number: int, _: Network) -> None:
        if number % 5 == 0:  # after four quarters
            raise TrainingFailure("the training took longer than its limit")

    trainings.before = fails
    done = command(*SEARCH, *HALVING, "--out", tmp_path / "s")
    assert done.code == 1
    assert "every training in full failed: the training took longer than its limit" in done.err
    assert "give a larger --budget" not in done.err


def test_the_latency_of_some_networks_fails(
    command: Command, tmp_path: Path, trainings: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Pixel1Latency.latency

    def latency(self: Any, architectures: Any) -> Any:
        readings = plain(self, architectures)
        pairs = zip(architectures, readings, strict=True)
        return [Failure("phone is hot") if a.tokens[0] == 2 else reading for a, reading in pairs]

    monkeypatch.setattr(Pixel1Latency, "latency", latency)
    out = tmp_path / "s"
    summary = command(
        *SEARCH, "--strategy", "random", "--budget", 6, "--top", 6, "--out", out, "--json"
    ).json
    run = the_run(out)
    hot = [trial for trial in run.trials if trial.tokens[0] == 2]
    assert 0 < len(hot) < 6
    assert {trial.failure for trial in hot} == {"phone is hot"}
    assert trainings.count == len(summary["best"]) == 6 - len(hot)
    assert summary["failures"] == {"phone is hot": len(hot)}
    assert command("report", out, "--json").json == summary


OBJECTIVE = '''
class Fast:
    """Speed alone, which no accuracy changes."""

    def __call__(self, measurement):
        return 1000 / measurement.latency_ms
'''


@pytest.mark.usefixtures("trainings")
def test_an_own_objective_ranks_what_was_trained_in_full(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OBJECTIVE)
    out = tmp_path / "s"
    options = (*HALVING, "--objective", f"{tmp_path / 'mine.py'}:Fast")
    summary = command(*SEARCH, *options, "--out", out, "--json").json
    rewards = [1000 / row["latency_ms"] for row in summary["best"]]
    assert [row["reward"] for row in summary["best"]] == rewards
    assert rewards == sorted(rewards, reverse=True)
    assert len(rewards) == len(of_full_trainings(the_run(out))) == 2
    again = command("report", out, "--json")
    assert again.json == summary
    assert summary["objective"] in (out / "report.html").read_text()


@pytest.mark.usefixtures("trainings")
@pytest.mark.parametrize("strategy", ["nsga2", "optuna-motpe"])
def test_strategies_of_several_objectives_end_with_a_front(
    command: Command, tmp_path: Path, strategy: str
) -> None:
    out = tmp_path / "s"
    arguments = (*SEARCH, "--strategy", strategy, "--budget", 6, "--out", out, "--json")
    summary = command(*arguments).json
    measured = [(t.measurement.accuracy, t.measurement.latency_ms)
                for t in the_run(out).trials if t.measurement]  # fmt: skip
    front = {
        point for point in measured
        if not any(
            other[0] >= point[0] and other[1] <= point[1] and other != point for other in measured
        )
    }  # fmt: skip
    assert {(row["accuracy"], row["latency_ms"]) for row in summary["front"]} == front
    assert command("report", out, "--json").json == summary


def test_stopped_within_a_partial_training_it_ends_as_if_it_had_not_been(
    command: Command, tmp_path: Path, trainings: MadeUp
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    wanted = command(*SEARCH, *HALVING, "--out", whole, "--json").json

    def interrupt(number: int, _: Network) -> None:
        if number == 4:
            raise KeyboardInterrupt

    trainings.count, trainings.before = 0, interrupt
    stopped = command(*SEARCH, *HALVING, "--top", 1, "--out", cut)
    assert stopped.code == 130
    assert f"nasbench-mobile resume {cut}" in stopped.err
    so_far = command("report", cut)
    assert so_far.code == 0, so_far.err
    assert "no candidate was trained in full" in so_far.err
    assert f"The search is not at its end: nasbench-mobile resume {cut}" in so_far.err
    assert "0.75 of 4 trainings spent" in so_far.out
    assert "resume" in (cut / "report.html").read_text()
    summary = command("resume", cut, "--json").json
    assert same_run(the_log(whole), the_log(cut))
    assert len(summary["best"]) == 1  # as many as the search that was stopped was asked for
    for mine, other in zip(summary["best"], wanted["best"][:1], strict=True):
        paths = ("train", "export", "record", "tflite")
        assert {k: v for k, v in mine.items() if k not in paths} == {
            k: v for k, v in other.items() if k not in paths
        }


@pytest.mark.usefixtures("trainings")
def test_stopped_while_files_are_written_it_says_how_to_write_them(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "s"
    with monkeypatch.context() as patched:
        patched.setattr("nasbench_mobile.networks.tflite.to_tflite", interrupt)
        done = command(*SEARCH, "--strategy", "random", "--budget", 1, "--out", out)
    assert done.code == 130
    assert "writing the report and the best networks' files into" in done.err
    assert f"nasbench-mobile report {out}" in done.err
    assert command("report", out).code == 0
    assert (out / "best/1.tflite").is_file()


def own_strategy(path: Path, tokens: Tokens) -> None:
    """A strategy that proposes the same again and again, as `Twice`."""
    path.write_text(
        f"""
from nasbench_mobile.types import Proposal


class Twice:
    def __init__(self, decisions, seed, budget):
        self.count = 0

    def ask(self, count):
        self.count += 1
        return [Proposal(self.count, {tokens!r})]

    def tell(self, trials):
        pass
"""
    )


@pytest.mark.usefixtures("trainings")
def test_a_search_by_other_code_is_refused_and_its_report_says_so(
    command: Command, tmp_path: Path
) -> None:
    out, file = tmp_path / "s", tmp_path / "twice.py"
    own_strategy(file, MnasNetSpace().sample(np.random.default_rng(0)))
    arguments = (*SEARCH, "--strategy", f"{file}:Twice", "--budget", 2, "--out", out)
    assert command(*arguments, "--json").json["notes"] == []
    own_strategy(file, MnasNetSpace().sample(np.random.default_rng(1)))
    log = the_log(out).read_bytes()
    for again in (arguments, ("resume", out)):
        refused = command(*again)
        assert refused.code == 2
        assert "twice.py" in refused.err
        assert "Traceback" not in refused.err
    assert the_log(out).read_bytes() == log
    reported = command("report", out)
    assert reported.code == 0
    assert "note: " in reported.out
    assert "Note: " in (out / "report.html").read_text()


@pytest.mark.usefixtures("trainings")
def test_repeats_are_one_network(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "s"
    tokens = MnasNetSpace().sample(np.random.default_rng(0))
    own_strategy(tmp_path / "twice.py", tokens)
    strategy = ("--strategy", f"{tmp_path / 'twice.py'}:Twice", "--budget", 2)
    summary = command(*SEARCH, *strategy, "--out", out, "--json").json
    assert (summary["candidates"], summary["repeats"], summary["spent"]) == (2, 1, 2.0)
    assert [row["candidate"] for row in summary["best"]] == [1]
    assert "2 candidates (1 repeat, 0 failed), 2 of 2 trainings spent" in command("report", out).out
