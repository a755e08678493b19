"""What a run had found after each trial, and what it found in the end.

The law of noise: the incumbent is what the rewards that the strategy saw chose; its score is its
noise-free reward. Scoring the best noise-free value seen instead would credit a strategy with a
network it could not tell from others.
"""

from __future__ import annotations

import numpy as np

from nasbench_mobile.metrics.columns import Columns, Floats, Ints
from nasbench_mobile.protocols import Objective
from nasbench_mobile.runs.budget import SLACK
from nasbench_mobile.types import Measurement


def incumbents(reward: Floats) -> Ints:
    """The position of the highest reward so far, after each trial: shape `(trials,)`.

    The first of equals stays; -1 before the first success (a failed trial's reward is NaN).
    """
    filled = np.where(np.isnan(reward), -np.inf, reward)
    before = np.concatenate([[-np.inf], np.maximum.accumulate(filled)[:-1]])[: filled.size]
    positions = np.where(filled > before, np.arange(filled.size), -1)
    return np.maximum.accumulate(positions)


def anytime_best(columns: Columns, objective: Objective) -> Floats:
    """The noise-free reward of the incumbent after each trial.

    The incumbent is the first trial with the highest reward that the strategy has seen so far. With
    noise the curve may fall: the incumbent is what a lucky reading chose.

    Args:
        columns: The run as arrays of shape `(trials,)`.
        objective: What turns a measurement without noise, its accuracy as a fraction and its
            latency in ms, into a reward.

    Returns:
        One reward for each trial, of shape `(trials,)`; NaN before the first trial that counts as
        a result.
    """
    chosen = incumbents(columns.reward)
    curve = np.full(chosen.size, np.nan)
    for position in np.unique(chosen[chosen >= 0]):
        curve[chosen == position] = objective(truth(columns, int(position)))
    return curve


def at_budget(curve: Floats, columns: Columns, budget: int) -> Floats:
    """A curve over trials as one over the budget spent: shape `(budget,)`, from 1 to `budget`.

    NaN before the first whole unit and after the last trial. Where every trial is a full training
    the two are the same.
    """
    values = np.full(budget, np.nan)
    spent = np.cumsum(columns.share)
    if spent.size:
        units = np.arange(1, budget + 1)
        position = np.searchsorted(spent, units + SLACK, side="right") - 1
        known = (position >= 0) & (units <= spent[-1] + SLACK)
        values[known] = curve[position[known]]
    return values


def best(columns: Columns) -> int | None:
    """The position of the final incumbent; None where no trial succeeded."""
    chosen = incumbents(columns.reward)
    return int(chosen[-1]) if chosen.size and chosen[-1] >= 0 else None


def best_reward(columns: Columns, objective: Objective) -> float:
    """The noise-free reward of the final incumbent; 0 where no trial succeeded.

    0 is the least that Eq. 2 of MnasNet can give. A run that found nothing is worth nothing (our
    choice: leaving it out would flatter a strategy whose runs fail).

    Args:
        columns: The run as arrays of shape `(trials,)`.
        objective: What turns a measurement without noise, its accuracy as a fraction and its
            latency in ms, into a reward.

    Returns:
        The reward of the trial whose reward, as the strategy saw it, is the highest of the run; 0.0
        where no trial counts as a result.
    """
    position = best(columns)
    return 0.0 if position is None else objective(truth(columns, position))


def truth(columns: Columns, position: int) -> Measurement:
    """The noise-free measurement (accuracy and latency alone) at a position."""
    return Measurement(
        accuracy=float(columns.true_accuracy[position]),
        latency_ms=float(columns.true_latency_ms[position]),
    )


def best_within_target(columns: Columns, target_ms: float) -> float | None:
    """The noise-free accuracy of the most accurate network that the strategy saw within the target.

    Only trials that count as results are looked at; None where there is none.
    """
    within = columns.ok & (columns.latency_ms <= target_ms)
    seen = np.where(within, columns.accuracy, -np.inf)
    if not seen.size or np.isinf(seen.max()):
        return None
    return float(columns.true_accuracy[int(seen.argmax())])


def within_target_share(columns: Columns, target_ms: float) -> float:
    """Share of all trials that ran and took at most `target_ms`; failed ones count as outside."""
    # a comparison with NaN, a failed trial's latency, is false
    return float(np.mean(columns.latency_ms <= target_ms)) if columns.reward.size else 0.0


def repeat_rate(columns: Columns) -> float:
    """The share of trials that proposed an architecture the run already knew."""
    return float(columns.repeat.mean()) if columns.repeat.size else 0.0


def failed_count(columns: Columns) -> int:
    """The number of trials that failed."""
    return int(columns.failed.sum())
