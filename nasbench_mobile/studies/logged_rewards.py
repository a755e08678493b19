"""Rewards as logs tell them: what scores runs without running the code that gave the rewards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import LogError
from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.protocols import BenchmarkObjective
from nasbench_mobile.runs.run import Run
from nasbench_mobile.runs.trial_table import TrialTable
from nasbench_mobile.types import Measurement


@dataclass(frozen=True, eq=False)
class LoggedRewards:
    """An objective of the user's own by the rewards that it gave, each of accuracy and latency.

    `keys` are `accuracy + latency_ms * i`, sorted, and `rewards` those beside them: both of shape
    `(trials with a reward,)`.
    """

    own: OwnObjective
    keys: NDArray[np.complex128]
    rewards: NDArray[np.float64]

    @property
    def name(self) -> str:
        return self.own.name

    @property
    def target_ms(self) -> float:
        return self.own.target_ms

    def record(self) -> dict[str, Any]:
        """The record of the objective itself."""
        return self.own.record()

    def __call__(self, measurement: Measurement) -> float:
        """The reward that was logged; `LogError` where none was for such a measurement."""
        key = complex(measurement.accuracy, measurement.latency_ms)
        place = int(np.searchsorted(self.keys, key))
        if place == len(self.keys) or self.keys[place] != key:
            raise LogError(
                f"no log has a reward of {self.name} for accuracy {measurement.accuracy!r} and "
                f"{measurement.latency_ms!r} ms"
            )
        return float(self.rewards[place])


def scoring(
    objective: BenchmarkObjective, runs: Sequence[Run], before_code: Callable[[], None]
) -> BenchmarkObjective:
    """What scores runs: a user's own reward by what logs say of it, where that suffices.

    Where it does not, `before_code` is called before the objective's code may run.
    """
    if not isinstance(objective, OwnObjective):
        return objective
    logged = logged_rewards([run for run in runs if run.trials], objective)
    if logged is not None:
        return logged
    before_code()
    return objective


def logged_rewards(runs: Sequence[Run], own: OwnObjective) -> LoggedRewards | None:
    """The rewards that runs logged; None where they do not suffice.

    That is where noise lay between what the objective was shown and what is scored.
    """
    keys, rewards = [], []
    for run in runs:
        if isinstance(run.trials, TrialTable):
            table = run.trials
            if table.true_accuracy is not table.accuracy:
                return None
            known = ~table.failed
            keys.append(table.accuracy[known] + 1j * table.latency_ms[known])
            rewards.append(table.reward[known])
        elif run.trials:
            return None
    if not keys:
        return None
    every, values = np.concatenate(keys), np.concatenate(rewards)
    order = np.argsort(every, kind="stable")
    return LoggedRewards(own, every[order], values[order])
