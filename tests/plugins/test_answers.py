"""Whatever a plugin answers is taken in or refused in words, by the loop as by the kit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.costs import Cost
from nasbench_mobile.errors import NasbenchError, StrategyError
from nasbench_mobile.plugins.answers import (
    AnswerError,
    taken_proposals,
    taken_reading,
    taken_readings,
)
from nasbench_mobile.runs.event_log import EventLog, read_run
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.types import (
    AccuracyReading,
    Failure,
    Fidelity,
    LatencyReading,
    Proposal,
    StrategySpec,
    Trial,
)

HEADER = RunHeader({}, "hash", StrategySpec("s"), seed=0, budget=0)
SPACE = MnasNetAnbSpace()
ZERO = (0,) * 28


class Answers:
    """A strategy that gives one answer, whatever it is."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.told: list[Trial] = []

    def ask(self, count: int) -> Any:
        return self.answer

    def tell(self, trials: Sequence[Trial]) -> None:
        self.told += trials


@pytest.mark.parametrize(
    "proposal",
    [
        Proposal(np.int64(0), ZERO),  # type: ignore[arg-type]
        Proposal(0, np.zeros(28, np.int32)),  # type: ignore[arg-type]
        Proposal(0, torch.zeros(28, dtype=torch.int64)),  # type: ignore[arg-type]
        Proposal(0, [np.uint8(0)] * 28),  # type: ignore[arg-type]
        Proposal(0, ZERO, np.float32(1.0)),  # type: ignore[arg-type]
        Proposal(0, ZERO, 1),
        Proposal(torch.tensor(0), ZERO, torch.tensor(1.0)),  # type: ignore[arg-type]
    ],
)
def test_numbers_of_any_library_are_numbers(
    synthetic_problem: Problem, tmp_path: Path, proposal: Proposal
) -> None:
    strategy, path = Answers([proposal]), tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        Search(strategy, synthetic_problem, 1, log=log).run()
    [trial] = strategy.told
    assert trial.proposal == Proposal(0, ZERO)
    assert {type(value) for value in (trial.proposal.id, *trial.tokens)} == {int}
    assert type(trial.proposal.fidelity) is float
    assert read_run(path).trials == (trial,)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "ask(1) gave None; it must give a list of proposals"),
        ("abc", "ask(1) gave 'abc'; it must give a list"),
        (Proposal(0, ZERO), "ask(1) gave Proposal(id=0"),
        ((p for p in [Proposal(0, ZERO)]), "ask(1) gave a generator; it must give a list"),
        ([ZERO], "ask gave (0, 0, 0"),
        ([None], "ask gave None among its answers, which is no Proposal(id, tokens)"),
        ([Proposal(0, ZERO)] * 2, "ask(1) gave 2 proposals: more than it was asked for"),
        ([Proposal("a", ZERO)], "a proposal has the id 'a'; ids are whole numbers from 0 up"),  # type: ignore[arg-type]
        ([Proposal(1.0, ZERO)], "a proposal has the id 1.0;"),  # type: ignore[arg-type]
        ([Proposal(True, ZERO)], "a proposal has the id True;"),
        ([Proposal(np.bool_(True), ZERO)], "a proposal has the id"),  # type: ignore[arg-type]
        ([Proposal(-1, ZERO)], "a proposal has the id -1;"),
        ([Proposal(0, "0" * 28)], "proposal 0 has tokens '000"),  # type: ignore[arg-type]
        ([Proposal(0, None)], "proposal 0 has tokens None; they must be a tuple of whole"),  # type: ignore[arg-type]
        ([Proposal(0, (0.0,) * 28)], "proposal 0 has tokens (0.0"),  # type: ignore[arg-type]
        ([Proposal(0, np.zeros((28, 1), int))], "proposal 0 has tokens"),  # type: ignore[arg-type]
        ([Proposal(0, 7)], "proposal 0 has tokens 7"),  # type: ignore[arg-type]
        ([Proposal(0, (0,) * 5)], "proposal 0 is malformed: got 5 tokens"),
        ([Proposal(0, (9,) * 28)], "proposal 0 is malformed: token 0 is 9"),
        ([Proposal(0, ZERO, 0.0)], "proposal 0 has the fidelity 0.0; it is in (0, 1]"),
        ([Proposal(0, ZERO, math.nan)], "proposal 0 has the fidelity nan"),
        ([Proposal(0, ZERO, "1")], "proposal 0 has the fidelity '1'"),  # type: ignore[arg-type]
        ([Proposal(0, ZERO, True)], "proposal 0 has the fidelity True"),
        ([Proposal(0, ZERO, 10**400)], "proposal 0 has the fidelity 1000"),
        ([Proposal(-(10**400), ZERO)], "a proposal has the id -1000"),
    ],
)  # fmt: skip
def test_what_is_no_proposal_ends_the_run_in_words(
    synthetic_problem: Problem, tmp_path: Path, answer: Any, words: str
) -> None:
    path = tmp_path / "log"
    with EventLog.create(path, HEADER) as log, pytest.raises(StrategyError) as caught:
        Search(Answers(answer), synthetic_problem, 1, batch=1, log=log).run()
    assert words in str(caught.value)
    assert read_run(path).failure == str(caught.value)


class Gives:
    """An evaluator of accuracy that gives one answer for every architecture."""

    label, fidelity = "it", None

    def __init__(self, answer: Any, whole: bool = False) -> None:
        self._answer, self._whole = answer, whole

    def accuracy(self, architectures: Sequence[Architecture]) -> Any:
        return self._answer if self._whole else [self._answer for _ in architectures]


def evaluated(problem: Problem, evaluator: Any, tmp_path: Path) -> Trial:
    problem = replace(problem, accuracy=evaluator, noise_free=evaluator)
    strategy, path = Answers([Proposal(0, ZERO)]), tmp_path / "log"
    with EventLog.create(path, HEADER) as log:
        Search(strategy, problem, 1, log=log).run()
    assert read_run(path).trials == tuple(strategy.told)
    return strategy.told[0]


@pytest.mark.parametrize(
    "reading",
    [
        AccuracyReading(np.float32(0.75)),  # type: ignore[arg-type]
        AccuracyReading(torch.tensor(0.75)),  # type: ignore[arg-type]
        AccuracyReading(0.75, sd=np.float64(0.0), cost_s=np.int64(3)),  # type: ignore[arg-type]
        AccuracyReading(
            0.75, fidelity=Fidelity(np.float32(2.0), seed=np.int64(1), input_size=np.int32(32))  # type: ignore[arg-type]
        ),
    ],
)  # fmt: skip
def test_an_accuracy_of_any_library_is_a_number(
    synthetic_problem: Problem, tmp_path: Path, reading: AccuracyReading
) -> None:
    trial = evaluated(synthetic_problem, Gives(reading), tmp_path)
    assert trial.measurement is not None
    assert trial.measurement.accuracy == 0.75
    assert type(trial.measurement.accuracy) is float
    assert type(trial.measurement.cost_s) is float


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "it gave None, which is neither a reading (AccuracyReading) nor a Failure"),
        (0.75, "it gave 0.75, which is neither a reading"),
        (LatencyReading(3.0), "it gave LatencyReading(latency_ms=3.0"),
        (AccuracyReading(None), "it gave accuracy None, which is no number"),  # type: ignore[arg-type]
        (AccuracyReading("0.75"), "it gave accuracy '0.75', which is no number"),  # type: ignore[arg-type]
        (AccuracyReading(True), "it gave accuracy True, which is no number"),
        (AccuracyReading(np.zeros(3)), "it gave accuracy array([0., 0., 0.])"),  # type: ignore[arg-type]
        (AccuracyReading(math.nan), "accuracy is nan; it must be a fraction"),
        (AccuracyReading(75.0), "accuracy is 75.0; it must be a fraction"),
        (AccuracyReading(0.7, sd=math.nan), "it gave sd nan; it must be finite and at least 0"),
        (AccuracyReading(0.7, sd=-1.0), "it gave sd -1.0; it must be finite"),
        (AccuracyReading(0.7, cost_s=math.inf), "it gave cost_s inf"),
        (AccuracyReading(0.7, cost_s=None), "it gave cost_s None, which is no number"),  # type: ignore[arg-type]
        (AccuracyReading(0.7, fidelity=3), "it gave fidelity 3, which is no Fidelity"),  # type: ignore[arg-type]
        (AccuracyReading(0.7, fidelity=Fidelity(math.nan)), "a fidelity whose epochs is nan"),
        (Failure(""), "it gave a failure whose reason is ''"),
        (Failure(None), "it gave a failure whose reason is None"),  # type: ignore[arg-type]
        (Failure("no luck"), "no luck"),
    ],
)  # fmt: skip
def test_what_is_no_reading_fails_its_architecture_in_words(
    synthetic_problem: Problem, tmp_path: Path, answer: Any, words: str
) -> None:
    trial = evaluated(synthetic_problem, Gives(answer), tmp_path)
    assert trial.reward is None
    assert words in (trial.failure or "")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "it gave None; it must give a list of AccuracyReading"),
        (0.75, "it gave 0.75; it must give a list"),
        ([], "it gave 0 readings for 1 architectures; one for each is wanted"),
        ("0", "it gave '0'; it must give a list"),
        ((r for r in [AccuracyReading(0.5)]), "it gave a generator; it must give a list"),
        ({0: AccuracyReading(0.5)}, "it must give a list of AccuracyReading"),
    ],
)
def test_an_answer_of_the_wrong_kind_fails_all_of_the_batch(
    synthetic_problem: Problem, tmp_path: Path, answer: Any, words: str
) -> None:
    trial = evaluated(synthetic_problem, Gives(answer, whole=True), tmp_path)
    assert words in (trial.failure or "")


class Raises:
    label, fidelity = "it", None

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def accuracy(self, architectures: Sequence[Architecture]) -> Any:
        raise self._error


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (MemoryError(), "MemoryError: "),
        (Unprintable(), "Unprintable (whose message cannot be shown)"),
    ],
)
def test_whatever_an_evaluator_raises_fails_its_architecture(
    synthetic_problem: Problem, tmp_path: Path, error: BaseException, words: str
) -> None:
    assert evaluated(synthetic_problem, Raises(error), tmp_path).failure == words


def test_ctrl_c_is_the_users(synthetic_problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluated(synthetic_problem, Raises(KeyboardInterrupt()), tmp_path)


class Exits(Answers):
    def tell(self, trials: Sequence[Trial]) -> None:
        raise SystemExit(0)


def test_a_strategy_that_exits_fails_its_run(synthetic_problem: Problem) -> None:
    with pytest.raises(StrategyError, match="tell raised SystemExit: 0"):
        Search(Exits([Proposal(0, ZERO)]), synthetic_problem, 1).run()


def test_an_evaluator_without_a_label_is_called_by_its_class(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    class Bare:
        fidelity = None

        def accuracy(self, architectures: Sequence[Architecture]) -> Any:
            return None

    trial = evaluated(synthetic_problem, Bare(), tmp_path)
    assert (trial.failure or "").startswith("Bare gave None")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.binary(max_size=3) | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_proposal_raises_anything_but_words(number: Any, tokens: Any, fidelity: Any) -> None:
    try:
        [taken] = taken_proposals([Proposal(number, tokens, fidelity)], 1, SPACE.validate)
    except NasbenchError:
        return
    assert type(taken.id) is int
    assert taken.id >= 0


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_no_reading_raises_but_words(value: Any, sd: Any, cost: Any, fidelity: Any) -> None:
    for kind in (AccuracyReading, LatencyReading):
        reading: Any = kind(value, sd, cost)
        if kind is AccuracyReading:
            reading = replace(reading, fidelity=fidelity)
        try:
            taken: Any = taken_reading(reading, kind)
        except AnswerError:
            continue
        assert type(taken.cost_s) is float


@given(ANYTHING)
def test_no_answer_raises_anything_but_words(answer: Any) -> None:
    readings = taken_readings(answer, 2, LatencyReading, "it")
    assert len(readings) == 2
    try:
        taken_proposals(answer, 2, SPACE.validate)
    except StrategyError:
        pass
    else:
        assert answer in ([], ())


class Measures:
    """An evaluator of latency that measures energy besides."""

    label, device, kind = "meter", "bench", "measured"

    def __init__(self, energy: Callable[[], Any]) -> None:
        self._energy = energy

    def latency(self, architectures: Sequence[Architecture]) -> Any:
        return [LatencyReading(5.0, other_costs=self._energy()) for _ in architectures]


def metered(problem: Problem, energy: Callable[[], Any], path: Path) -> Trial:
    strategy = Answers([Proposal(0, ZERO)])
    with EventLog.create(path, HEADER) as log:
        problem = replace(problem, latency=Measures(energy))  # type: ignore[arg-type]
        Search(strategy, problem, 1, log=log).run()
    [kept] = read_run(path).trials
    assert kept == strategy.told[0]
    return kept


def test_other_costs_of_a_reading_come_into_the_log_as_plain_numbers(
    synthetic_problem: Problem, tmp_path: Path
) -> None:
    given = {"energy": Cost(np.float32(2.5), "mJ", np.int64(1))}  # type: ignore[arg-type]
    found = metered(synthetic_problem, lambda: given, tmp_path / "log").measurement
    assert found is not None
    assert found.costs == {"latency": Cost(5.0, "ms"), "energy": Cost(2.5, "mJ", 1.0)}
    assert type(found.costs["energy"].value) is float


@pytest.mark.parametrize(
    ("energy", "said"),
    [
        (lambda: {"energy": 3.0}, "meter gave costs of which one is none: the cost energy is 3.0"),
        (lambda: {"latency": Cost(3.0, "ms")}, "give it as latency_ms"),
        (lambda: {"energy": Cost(math.nan, "mJ")}, "the value of a cost is nan"),
        (lambda: {"energy": Cost(True, "mJ")}, "meter gave energy True, which is no number"),
        (lambda: 3.0, "meter gave other_costs 3.0, which are no costs by name"),
        (lambda: "energy", "meter gave other_costs 'energy', which are no costs by name"),
    ],
)
def test_other_costs_that_are_none_fail_their_architecture_alone(
    synthetic_problem: Problem, tmp_path: Path, energy: Callable[[], Any], said: str
) -> None:
    assert said in str(metered(synthetic_problem, energy, tmp_path / "log").failure)
