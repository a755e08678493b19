"""Whether what a search on a table called best is good when it is trained anew, on other seeds."""

from __future__ import annotations

from typing import TypedDict

from nasbench_mobile.collecting.facts import mean_accuracy
from nasbench_mobile.collecting.members import every_outcome
from nasbench_mobile.errors import UsageError
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.tables.differences import differences
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import Measurement, Tokens

TOP = 0.1
"""The share of the table that counts as its top."""


class RetrainedRank(TypedDict):
    """An architecture that was trained anew, beside what the benchmark's table says of it."""

    tokens: list[int]
    seeds: int
    """How many new ones it was trained with."""
    table_reward: float
    accuracy: float
    """The mean over the new seeds."""
    latency_ms: float
    """The benchmark's."""
    reward: float
    """That of this accuracy and latency."""
    better_share: float
    """The share of the benchmark's architectures whose reward in the table is higher."""
    in_top: bool


def retrained_ranks(problem: Problem, known: Table, again: Table) -> list[RetrainedRank]:
    """Where each architecture of `again` lies among those of the benchmark's table `known`.

    `UsageError` where the trainings are not alike, or where a seed is one of the table's.
    """
    found = differences(known.header.training, again.header.training, "training.")
    if found:
        raise UsageError(
            f"it was not trained as the table was: {found.words('the table', 'the new one')}"
        )
    _check_seeds(known, again)
    rewards = _rewards(problem)
    rows: list[RetrainedRank] = []
    for tokens, trained in again.architectures().items():
        if tokens not in rewards:
            raise UsageError(f"{','.join(map(str, tokens))} is not of the benchmark's space")
        outcome = rewards[tokens]
        accuracy = mean_accuracy(trained)
        latency_ms = outcome.noise_free.latency_ms
        reward = problem.objective(Measurement(accuracy=accuracy, latency_ms=latency_ms))
        better = sum(other.reward > reward for other in rewards.values()) / len(rewards)
        rows.append(
            {
                "tokens": list(tokens),
                "seeds": len(trained),
                "table_reward": outcome.reward,
                "accuracy": accuracy,
                "latency_ms": latency_ms,
                "reward": reward,
                "better_share": better,
                "in_top": better < TOP,
            }
        )
    return rows


def _check_seeds(known: Table, again: Table) -> None:
    seen = {row.key for row in known.rows}
    for row in again.rows:
        if row.key in seen:
            raise UsageError(
                f"{row.words} is in the table already: what the search learnt from says nothing "
                "new; train with other seeds (--first-seed)"
            )


def _rewards(problem: Problem) -> dict[Tokens, Outcome]:
    return {
        architecture.home.tokens: outcome
        for architecture, outcome in every_outcome(problem)
        if isinstance(outcome, Outcome)
    }
