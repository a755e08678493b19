"""Small spaces, whole: their architectures, what each comes to, and the best of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TypedDict

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, Tokens

ENUMERABLE = 100_000
"""The largest space that is gone through whole, in token lists: our choice, it takes a second."""


def every_architecture(space: SearchSpace) -> Iterator[Architecture]:
    """Each distinct architecture once, with canonical tokens, in their order.

    `UsageError` where there are too many to list.
    """
    if space.size > ENUMERABLE:
        raise UsageError(
            f"space {space.name!r} has {space.size:,} token lists; up to {ENUMERABLE:,} can be "
            "gone through"
        )
    ranges = (range(decision.cardinality) for decision in space.decisions)
    for tokens in itertools.product(*ranges):
        if space.canonical(tokens) == tokens:
            yield Architecture(space, tokens)


def members(space: SearchSpace) -> set[Tokens]:
    """The tokens of its architectures in the space that tables of it are of."""
    return {architecture.home.tokens for architecture in every_architecture(space)}


def every_outcome(problem: Problem) -> list[tuple[Architecture, Outcome | Failure]]:
    """Each architecture of a problem's space with its outcome; `UsageError` for too large a one."""
    architectures = list(every_architecture(problem.space))
    return list(zip(architectures, problem.evaluate(architectures), strict=True))


class Optimum(TypedDict):
    """The best architecture of a space, without noise; of how many, and how many of them failed."""

    tokens: list[int]
    reward: float
    accuracy: float
    latency_ms: float
    architectures: int
    failed: int


def optimum(problem: Problem) -> Optimum:
    """The best of all architectures by noise-free reward, found by looking at each.

    It is the first of equals. `UsageError` where none has a reward, or the space is too large.
    """
    outcomes = every_outcome(problem)
    found = [(one, out) for one, out in outcomes if isinstance(out, Outcome)]
    if not found:
        raise UsageError(f"none of the {len(outcomes)} architectures could be evaluated")
    best, outcome = max(found, key=lambda pair: problem.objective(pair[1].noise_free))
    return {
        "tokens": list(best.tokens),
        "reward": problem.objective(outcome.noise_free),
        "accuracy": outcome.noise_free.accuracy,
        "latency_ms": outcome.noise_free.latency_ms,
        "architectures": len(outcomes),
        "failed": len(outcomes) - len(found),
    }
