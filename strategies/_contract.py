"""What every strategy does at its door: checks its arguments, numbers proposals, reads rewards."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError
from nasbench_mobile.types import Decision, Proposal, Trial

IntMatrix = NDArray[np.int64]


def check_arguments(decisions: Sequence[Decision], seed: int, budget: int) -> IntMatrix:
    """The cardinalities, shape (decisions,), once decisions, seed and budget are sound."""
    if not decisions:
        raise UsageError("a strategy was given no decisions; it needs at least one to choose")
    whole("seed", seed, least=0, most=None)
    whole("budget", budget, least=1)
    return np.array([decision.cardinality for decision in decisions], dtype=np.int64)


MOST = 2**63 - 1
"""The largest whole number that numpy's integers and a study's files hold."""


def whole(option: str, value: object, *, least: int, most: int | None = MOST) -> int:
    """`value` as an int from `least` to `most`; `UsageError` otherwise."""
    if type(value) is int and most is not None and value > most:
        raise UsageError(f"{option} is too large; give a whole number of at most {most}")
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError(f"{option} is {value!r}; give a whole number of at least {least}")
    return int(value)


def number(
    option: str, value: object, *, above: float = -math.inf, least: float = -math.inf,
    most: float = math.inf,
) -> float:  # fmt: skip
    """`value` as a finite float with `above < value`, `least <= value <= most`."""
    if type(value) is int and abs(value) > sys.float_info.max:
        raise UsageError(f"{option} is too large; give a number that a float holds")
    ok = (
        not isinstance(value, bool)
        and isinstance(value, int | float | np.integer | np.floating)
        and math.isfinite(value)
        and above < value
        and least <= value <= most
    )
    if not ok or not isinstance(value, int | float | np.integer | np.floating):
        limits = [f"above {above:g}"] if above > -math.inf else []
        limits += [f"at least {least:g}"] if least > -math.inf else []
        limits += [f"at most {most:g}"] if most < math.inf else []
        raise UsageError(f"{option} is {value!r}; give a number {' and '.join(limits)}".rstrip())
    return float(value)


def one_of(option: str, value: object, allowed: Iterable[str]) -> str:
    """`value` if it is among `allowed`; `UsageError` with the list otherwise."""
    names = list(allowed)
    if not isinstance(value, str) or value not in names:
        raise UsageError(f"{option} is {value!r}; give one of {', '.join(names)}")
    return value


def flag(option: str, value: object) -> bool:
    """`value` if it is a bool; `UsageError` otherwise."""
    if not isinstance(value, bool):
        raise UsageError(f"{option} is {value!r}; give true or false")
    return value


def numbered(first_id: int, rows: IntMatrix) -> list[Proposal]:
    """Proposals with ids `first_id`, `first_id + 1`, ... of token rows (count, decisions)."""
    return [Proposal(first_id + k, tuple(row)) for k, row in enumerate(rows.tolist())]


def uniform_rows(rng: np.random.Generator, cardinalities: IntMatrix, count: int) -> IntMatrix:
    """Uniform tokens, shape (count, decisions), from one double of the stream per token.

    So the rows do not depend on how a number of them is cut into calls. The product stays below
    the cardinality: the largest double under 1 rounds down for every cardinality.
    """
    draws = rng.random((count, len(cardinalities)))
    return np.floor(draws * cardinalities).astype(np.int64)


def finite_reward(trial: Trial) -> float | None:
    """The trial's reward; None if it failed, or if its reward is NaN or infinite."""
    if trial.reward is None or not trial.ok or not math.isfinite(trial.reward):
        return None
    return trial.reward


def never_asked(trial: Trial) -> UsageError:
    """The error for a trial whose proposal is not in flight."""
    return UsageError(
        f"trial {trial.proposal.id} was told, but no such proposal is in flight; tell each "
        "proposal that this strategy gave exactly once"
    )


def seed32(seed: int) -> int:
    """A seed for generators that take 32 bits: `seed` where it fits, else a hash of it."""
    return seed if seed < 2**32 else int(np.random.SeedSequence(seed).generate_state(1)[0])
