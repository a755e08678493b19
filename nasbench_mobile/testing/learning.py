"""Whether a strategy learns: it beats random search on a space whose optimum is known."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import StrategySubject, play, turns
from nasbench_mobile.testing.law import LawBroken, NotJudged
from nasbench_mobile.types import Decision, Tokens

Floats = NDArray[np.float64]

OPTIMUM: Tokens = (1, 3, 0, 2, 1, 0, 3, 2)
DECISIONS = tuple(Decision(f"d{k}", 4) for k in range(len(OPTIMUM)))
SIGNIFICANCE = 0.005
"""The level of each of the two comparisons with random search: our choice, so that one strategy in
a hundred that is no better passes."""


def reward_of(tokens: Tokens) -> float:
    """A reward that is 1 at `OPTIMUM` alone: half for right tokens, half for pairs of them."""
    right = [a == b for a, b in zip(tokens, OPTIMUM, strict=True)]
    pairs = [a and b for a, b in zip(right[::2], right[1::2], strict=True)]
    return 0.5 * sum(right) / len(right) + 0.5 * sum(pairs) / len(pairs)


def beats_random_search(subject: StrategySubject, watch: Watch) -> str:
    """It beats random search in its best reward, or in what its last quarter proposes."""
    if not _depends_on_rewards(subject, watch):
        if subject.learns:
            raise LawBroken(
                "proposals are the same whatever the rewards: nothing is learnt (if that is "
                "meant, say `learns = False` in the test)"
            )
        raise NotJudged("a baseline: its proposals are the same whatever the rewards")
    ours = _scores(subject, watch)
    others = _scores_of_random_search(subject.learning_budget, subject.learning_seeds)
    best, last = (_compared(ours[:, k], others[:, k]) for k in (0, 1))
    found, by_chance = (int((scores[:, 0] == 1.0).sum()) for scores in (ours, others))
    seen = (
        f"over {subject.learning_seeds} seeds of {subject.learning_budget} proposals on 65,536 "
        f"networks, best reward {best.words}; reward of the last quarter {last.words}; the optimum "
        f"found {found} times, by random search {by_chance}"
    )
    if min(best.p_value, last.p_value) > SIGNIFICANCE:
        raise LawBroken(f"no better than random search: {seen}")
    return seen


@dataclass(frozen=True, slots=True)
class _Difference:
    words: str
    p_value: float


def _compared(ours: Floats, others: Floats) -> _Difference:
    """One-sided Mann-Whitney test over seeds."""
    from scipy.stats import mannwhitneyu

    p_value = float(mannwhitneyu(ours, others, alternative="greater").pvalue)
    words = f"{ours.mean():.3f} against {others.mean():.3f} (p = {p_value:.2g})"
    return _Difference(words, p_value)


def _scores(subject: StrategySubject, watch: Watch) -> Floats:
    """Best reward of each run and mean reward of its last quarter: shape (seeds, 2)."""
    budget = subject.learning_budget
    rows = []
    for seed in range(subject.learning_seeds):
        run = subject.start(watch, DECISIONS, seed, budget)
        rewards = [reward_of(p.tokens) for p in play(run, budget, run.batch_size, reward_of)]
        rewards = rewards or [0.0]
        rows.append((max(rewards), float(np.mean(rewards[-(budget // 4) :]))))
    return np.array(rows)


@functools.cache
def _scores_of_random_search(budget: int, seeds: int) -> Floats:
    random = StrategySubject(RandomSearch, learning_budget=budget, learning_seeds=seeds)
    return _scores(random, Watch())


def _depends_on_rewards(subject: StrategySubject, watch: Watch) -> bool:
    """Two runs of one seed with opposite rewards, ask by ask, up to where they part."""
    rewards: list[Callable[[Tokens], float]] = [reward_of, lambda tokens: 1.0 - reward_of(tokens)]
    budget = subject.learning_budget
    first, second = (
        turns(subject.start(watch, DECISIONS, 1, budget), budget, 1, reward) for reward in rewards
    )
    return any(one != other for one, other in itertools.zip_longest(first, second))
