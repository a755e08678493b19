"""`run`: what one run gives, and what it says of mistakes."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench_mobile as nm
from nasbench_mobile.errors import StrategyError, UsageError
from nasbench_mobile.interface.warned import FailedRunsWarning
from nasbench_mobile.runs.event_log import same_run


class Mine:
    """Random search, which can be made to fail at an ask."""

    def __init__(
        self, decisions: Sequence[nm.Decision], seed: int, budget: int, *, fails_at: int = -1
    ) -> None:
        self.cardinalities = [decision.cardinality for decision in decisions]
        self.rng, self.asked, self.fails_at = np.random.default_rng(seed), 0, fails_at

    def ask(self, count: int) -> list[nm.Proposal]:
        if self.asked == self.fails_at:
            raise ValueError("out of ideas")
        self.asked += 1
        return [nm.Proposal(self.asked, tuple(self.rng.integers(self.cardinalities).tolist()))]

    def tell(self, trials: Sequence[nm.Trial]) -> None:
        """Learns nothing."""


@pytest.fixture(scope="module")
def task() -> nm.Benchmark:
    return nm.load_benchmark("imagenet-pixel1")


def test_a_name_a_class_and_a_factory(task: nm.Benchmark) -> None:
    by_name = nm.run("regularized-evolution", task, budget=40)
    assert by_name.finished
    assert by_name.failure is None
    assert len(by_name.history) == 40
    best = by_name.best
    assert best is not None
    assert best.reward == max(t.reward for t in by_name.history if t.reward is not None)
    assert by_name.best_reward == best.reward
    latencies = [t.measurement.latency_ms for t in by_name.front if t.measurement]
    assert latencies == sorted(latencies)
    again = nm.run("regularized-evolution", "imagenet-pixel1", 40, 0)
    assert again.history == by_name.history
    by_class = nm.run(Mine, task, 10, seed=3)
    assert nm.run(lambda *given: Mine(*given), task, 10, seed=3).history == by_class.history
    assert nm.run(partial(Mine, fails_at=99), task, 10, seed=3).history == by_class.history
    with pytest.raises(FrozenInstanceError):
        by_class.benchmark = task  # type: ignore[misc]


def test_the_code_is_among_what_a_result_knows(task: nm.Benchmark) -> None:
    assert nm.run("random", task, 2).run.header.code == "built-in"
    assert str(nm.run(Mine, task, 2).run.header.code).startswith("sha256:")
    assert nm.run(Mine, task, 2).strategy.label == "Mine"
    unknown = type("Unknown", (Mine,), {"ask": lambda self, count: Mine.ask(self, count)})
    assert nm.run(unknown, task, 2).run.header.code is None


def test_a_mistake_keeps_what_was_done(task: nm.Benchmark, tmp_path: Path) -> None:
    for log in (None, tmp_path / "run.jsonl"):
        with pytest.warns(FailedRunsWarning, match=r"ended early: ask\(1\) raised ValueError"):
            result = nm.run(Mine, task, 20, fails_at=5, log=log)
        assert result.failure == "ask(1) raised ValueError: out of ideas"
        assert not result.finished
        assert len(result.history) == 5
        assert result.best is not None
        assert "it ended early" in repr(result)


def test_mistakes_before_a_run_are_errors(task: nm.Benchmark) -> None:
    built: Any = Mine([], 0, 1)
    for wrong, words in (
        (partial(nm.run, "regularised-evolution"), "did you mean 'regularized-evolution'"),
        (partial(nm.run, Mine, restart=1), "has no option 'restart'; it has fails_at"),
        (partial(nm.run, "ppo:clip=0.1", clip=0.2), "option 'clip' of the strategy is given twice"),
        (partial(nm.run, built), "give its class, because every run needs"),
        (partial(nm.run, int), "the class int has no method `ask`"),
        (partial(nm.run, "successive-halving"), "does not offer"),
        (partial(nm.run, "random", start_from=[[1, 2]]), "token list 0 is malformed: got 2"),
        (partial(nm.run, "random", workers=2, batch=2), "batch and workers are both given"),
    ):
        with pytest.raises(UsageError, match=words):
            wrong(benchmark=task, budget=5)

    def broken(*_: Any) -> None:
        raise RuntimeError("no")

    with pytest.raises(StrategyError, match="building the strategy raised RuntimeError: no"):
        nm.run(broken, task, 5)


def test_a_log_goes_on_where_it_was_stopped(task: nm.Benchmark, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    nm.run("regularized-evolution", task, 30, log=whole)
    first = nm.run(
        "regularized-evolution", task, 30, log=parts, on_progress=lambda p: p.trials >= 12
    )
    assert not first.finished
    assert first.failure is None
    assert len(first.history) == 12
    assert "12 of 30 spent" in repr(first)
    last = nm.run("regularized-evolution", task, 30, log=parts)
    assert last.finished
    assert same_run(whole, parts)
    assert last.history == nm.run("regularized-evolution", task, 30).history


def test_noise_is_scored_as_reports_do() -> None:
    result = nm.run("random", "imagenet-pixel1-noisy", 60, seed=1)
    best, true = result.best, result.best_measurement
    assert best is not None
    assert best.measurement is not None
    assert true is not None
    assert best.measurement.accuracy != true.accuracy
    assert result.best_reward == nm.load_benchmark("imagenet-pixel1-noisy").objective(true)
    frame = result.to_frame()
    row = frame.loc[frame["reward"].idxmax()]
    assert row["tokens"] == best.tokens
    assert row["true_accuracy"] == true.accuracy
    assert row["true_reward"] == result.best_reward


def test_partial_trainings_are_never_the_best() -> None:
    result = nm.run("successive-halving", "imagenet-pixel1-curves", 20)
    assert any(trial.proposal.fidelity < 1 for trial in result.history)
    assert result.best is not None
    assert result.best.proposal.fidelity == 1.0
    assert all(trial.proposal.fidelity == 1.0 for trial in result.front)
    assert math.isclose(sum(t.proposal.fidelity for t in result.history), result.run.charged)


def test_workers_and_a_start(task: nm.Benchmark) -> None:
    start = nm.run("random", task, 3).history
    result = nm.run(
        "regularized-evolution", task, 20, workers=4, start_from=[t.tokens for t in start]
    )
    assert len(result.history) == 20
    assert [trial.tokens for trial in result.history[:3]] == [trial.tokens for trial in start]
    assert [trial.proposal.id for trial in result.history[:3]] == [-1, -2, -3]
    assert result.run.timing.simulated_s > 0


def test_several_objectives(task: nm.Benchmark) -> None:
    result = nm.run("optuna-motpe", task, 25)
    assert result.finished
    assert len(result.front) > 1


def test_a_row_a_trial_and_named_decisions(task: nm.Benchmark) -> None:
    result = nm.run("random", task, 4, seed=2)
    frame = result.to_frame()
    names = [decision.name for decision in task.decisions]
    assert list(frame.columns[:3]) == ["strategy", "seed", "index"]
    assert list(frame.columns[3 : 3 + len(names)]) == names
    assert frame["index"].tolist() == [0, 1, 2, 3]
    assert frame["seed"].tolist() == [2] * 4
    first, trial = frame.iloc[0], result.history[0]
    for decision, token in zip(task.decisions, trial.tokens, strict=True):
        assert first[decision.name] == (decision.labels[token] if decision.labels else token)
    assert first["failure"] is None
    assert not first["repeat"]


def test_pandas_is_asked_for_in_words(task: nm.Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pandas" else found(name)
    )
    with pytest.raises(nm.NasbenchError, match=r"to_frame needs pandas, .* run: .*frames"):
        nm.run("random", task, 1).to_frame()


def test_a_notebook_draws_the_best(task: nm.Benchmark) -> None:
    result = nm.run("random", task, 3)
    assert "<svg" in result._repr_html_()
    architecture = result.architecture
    assert architecture is not None
    assert str(architecture._repr_svg_()).startswith("<svg")


def session_class(given: int) -> Any:
    """A class that a cell of a notebook defines; in another cell it proposes something else."""
    cell = f"""
class Mine:
    def __init__(self, decisions, seed, budget):
        self.count, self.length = 0, len(decisions)
    def ask(self, count):
        self.count += 1
        return [nm.Proposal(self.count, ({given},) * self.length)]
    def tell(self, trials):
        pass
"""
    name = f"<cell {given}>"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    there: dict[str, Any] = {"__name__": "__main__", "nm": nm}
    exec(compile(cell, name, "exec"), there)
    return there["Mine"]


def test_classes_of_one_name_have_their_code_beside_their_own_logs(tmp_path: Path) -> None:
    one, two = session_class(0), session_class(1)
    first = tmp_path / "one.jsonl"
    nm.run(one, "imagenet-pixel1", 6, log=first, on_progress=lambda p: p.trials >= 3)
    nm.run(two, "imagenet-pixel1", 6, log=tmp_path / "two.jsonl")
    again = nm.run(one, "imagenet-pixel1", 6, log=first)
    assert [sum(trial.tokens) for trial in again.history] == [0] * 6
    assert (tmp_path / "one-code" / "Mine.py").is_file()
    with pytest.raises(UsageError, match="the code of 'Mine' has changed"):
        nm.run(two, "imagenet-pixel1", 6, log=first)


DOOR: Any = nm  # whose types would not let these through


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda at: DOOR.run("random", None, 5), "benchmark is None; give a name"),
        (lambda at: DOOR.run("random", "imagenet-pixel1", 5, log=3), "log is 3; give the path"),
        (
            lambda at: DOOR.run("random", "imagenet-pixel1", 5, start_from=3),
            "start_from is 3; give",
        ),
        (lambda at: DOOR.compare("imagenet-pixel1", ["random"], 1, 5, None), "out is None; give"),
        (lambda at: DOOR.compare("imagenet-pixel1", ["random"], 1, 5, at), "is a file; give"),
    ],
)
def test_what_is_none_of_the_kinds_is_said(
    tmp_path: Path, call: Callable[[Path], Any], words: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("")
    with pytest.raises(UsageError, match=words):
        call(file)
