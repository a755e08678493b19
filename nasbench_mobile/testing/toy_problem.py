"""The small space and reward that most checks play on."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import StrategySubject, play
from nasbench_mobile.types import Decision, Proposal, Tokens

CARDINALITIES = (3, 2, 1, 5, 2, 4, 3)
DECISIONS = tuple(
    Decision(f"d{k}", cardinality, ordered=k % 2 == 0)
    for k, cardinality in enumerate(CARDINALITIES)
)
"""A small space of 720 token lists with a decision that has no choice."""


def easy_reward(tokens: Tokens) -> float:
    """A made-up reward in [0, 1], higher for larger tokens, of which later ones count more."""
    return sum((k + 1) * token for k, token in enumerate(tokens)) / 100


def seed_globals(seed: int) -> None:
    """The states of all global generators that are loaded, to catch one that is used."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def global_state() -> dict[str, Any]:
    """The state of every global generator that is loaded, by the name of its home."""
    states: dict[str, Any] = {"random": random.getstate()}
    states["numpy.random"] = str(np.random.get_state())  # noqa: NPY002
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state().tolist()
    return states


def short_run(subject: StrategySubject, watch: Watch) -> list[Proposal]:
    """Play a run of up to 40 proposals with seed 7, four at a time."""
    seed_globals(11)
    budget = min(40, subject.budget)
    player = subject.start(watch, DECISIONS, seed=7, budget=budget)
    return play(player, budget, 4, easy_reward)
