from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import OutsideError
from nasbench_mobile.search.observed_problem import ObservedProblem
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.types import Failure


class Diary:
    """A watcher that writes down what it hears."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.shares: list[float] = []

    def begins(self, architecture: Architecture, share: float) -> None:
        self.entries.append(architecture.tokens)
        self.shares.append(share)

    def ends(self, outcome: Any) -> None:
        self.entries.append(outcome)


def some(problem: Problem, count: int = 3) -> list[Architecture]:
    rng = np.random.default_rng(0)
    return [Architecture(problem.space, problem.space.sample(rng)) for _ in range(count)]


def watched(problem: Problem) -> tuple[ObservedProblem, Diary]:
    diary = Diary()
    parts = (problem.space, problem.accuracy, problem.noise_free, problem.latency)
    return ObservedProblem(*parts, problem.objective, watcher=diary), diary


def test_outcomes_are_a_problems_and_are_told_in_turn(synthetic_problem: Problem) -> None:
    architectures = some(synthetic_problem)
    synthetic_problem.accuracy.wrong = lambda t: t == architectures[1].tokens  # type: ignore[attr-defined]
    problem, diary = watched(synthetic_problem)
    outcomes = problem.evaluate(architectures)
    assert outcomes == synthetic_problem.evaluate(architectures)
    assert isinstance(outcomes[1], Failure)
    assert diary.entries[::2] == [architecture.tokens for architecture in architectures]
    assert diary.entries[1::2] == outcomes


def test_shares_of_the_training_are_passed_on(synthetic_problem: Problem) -> None:
    problem, diary = watched(synthetic_problem)
    architectures = some(synthetic_problem)
    shares = [1.0, 0.5, 0.25]
    assert problem.evaluate(architectures, shares) == synthetic_problem.evaluate(
        architectures, shares
    )
    assert diary.shares == shares


def test_what_has_no_latency_is_not_trained(synthetic_problem: Problem) -> None:
    architectures = some(synthetic_problem)
    plain = synthetic_problem.latency

    class Sick:
        label, device, kind = plain.label, plain.device, plain.kind
        network_latency = plain.network_latency

        def latency(self, some: Any) -> Any:
            return [
                Failure("too noisy") if one == architectures[0] else plain.latency([one])[0]
                for one in some
            ]

    problem = replace(synthetic_problem, latency=Sick())
    outcomes = problem.evaluate(architectures)
    assert outcomes[0] == Failure("too noisy")
    assert outcomes[1:] == synthetic_problem.evaluate(architectures[1:])
    trained = problem.accuracy.evaluated  # type: ignore[attr-defined]
    assert architectures[0].tokens not in trained


@pytest.mark.parametrize("shares", [None, [0.5]])
def test_a_full_disk_is_no_failure_of_an_architecture(
    synthetic_problem: Problem, shares: list[float] | None
) -> None:
    def full(_: Any) -> bool:
        raise OutsideError("the disk is full")

    synthetic_problem.accuracy.wrong = full  # type: ignore[attr-defined]
    with pytest.raises(OutsideError, match="disk is full"):
        synthetic_problem.evaluate(some(synthetic_problem, 1), shares)
