"""What PPO must find, as numbers: the settings are its defaults, NASNet's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nasbench_mobile import catalog
from nasbench_mobile.strategies.ppo import PPO
from nasbench_mobile.types import Decision, Measurement, Tokens, Trial

pytestmark = pytest.mark.no_cover
BATCH = 20


def rewards_of(search: PPO, reward_of: Callable[[Tokens], float], budget: int) -> list[float]:
    """Rewards in the order of proposals, up to the batch with a reward of 1 or the budget."""
    rewards: list[float] = []
    while len(rewards) < budget and 1.0 not in rewards[-BATCH:]:
        proposals = search.ask(BATCH)
        rewards += [reward_of(proposal.tokens) for proposal in proposals]
        search.tell(
            [
                Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)
                for proposal, reward in zip(proposals, rewards[-BATCH:], strict=True)
            ]
        )
    return rewards


def test_ppo_finds_an_interacting_optimum_of_12_tokens_in_19_of_20_seeds() -> None:
    goal = np.random.default_rng(12345).integers(4, size=12)
    decisions = [Decision(f"d{k}", 4) for k in range(12)]

    def reward_of(tokens: Tokens) -> float:
        """1 at the goal alone: half for right tokens, half for pairs of which both are right."""
        right = np.asarray(tokens) == goal
        return float(0.5 * right.mean() + 0.5 * (right[::2] & right[1::2]).mean())

    found = sum(
        1.0 in rewards_of(PPO(decisions, seed, 3000), reward_of, 3000) for seed in range(20)
    )
    assert found >= 19


def test_ppo_closes_the_gap_between_random_search_and_an_additive_optimum() -> None:
    decisions = catalog.build_space("mnasnet").decisions
    rng = np.random.default_rng(7)
    tables = [rng.random(decision.cardinality) for decision in decisions]
    mean = sum(float(table.mean()) for table in tables)
    most = sum(float(table.max()) for table in tables)

    def reward_of(tokens: Tokens) -> float:
        total = sum(float(table[token]) for table, token in zip(tables, tokens, strict=True))
        return (total - mean) / (most - mean)  # 0 for random search on average, 1 at the optimum

    rewards = rewards_of(PPO(decisions, 0, 8000), reward_of, 8000)
    assert abs(np.mean(rewards[:BATCH])) < 0.3
    assert np.mean(rewards[-BATCH:]) >= 0.99
