"""REINFORCE's options away from their defaults: each changes the update as written out here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies.reinforce import Reinforce
from nasbench_mobile.types import Decision, Measurement, Trial

CARDINALITIES = (2, 3, 1, 4)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]
BATCHES = ([0.1, 0.5, 0.2, 0.9], [0.3, 0.4, 0.8, 0.1], [0.7, 0.2, 0.6, 0.35])
SMALL: dict[str, Any] = {
    "batch_size": 4, "hidden_size": 6, "embedding_size": 5, "learning_rate": 0.05,
    "init_range": 1.0,
}  # fmt: skip


def written_out(options: dict[str, float]) -> dict[str, torch.Tensor]:
    """The controller after `BATCHES`: one step of Adam for each, term by term."""
    decay, weight = options.get("baseline_decay", 0.95), options.get("entropy_weight", 0.0)
    largest = options.get("gradient_clip", 1.0)
    twin = Controller(
        CARDINALITIES, generator=torch.Generator().manual_seed(1), hidden_size=6,
        embedding_size=5, init_range=1.0, temperature=1.0, tanh_constant=None,
    )  # fmt: skip
    adam = torch.optim.Adam(twin.parameters(), lr=0.05)
    baseline: float | None = None
    for rewards in BATCHES:
        tokens = twin.sample(4)[0].clone()
        baseline = sum(rewards) / 4 if baseline is None else baseline
        log_probs, entropies = twin.evaluate(tokens)
        gain = torch.zeros(())
        for row, reward in enumerate(rewards):
            gain = gain + (reward - baseline) * log_probs[row].sum()
            gain = gain + weight * entropies[row].sum()
        for reward in rewards:
            baseline = decay * baseline + (1 - decay) * reward
        adam.zero_grad()
        (-gain / 4).backward()
        gradients = [p.grad for p in twin.parameters() if p.grad is not None]
        norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
        if norm > largest:
            for gradient in gradients:
                gradient.mul_(largest / norm)
        adam.step()
    return twin.state_dict()


@pytest.mark.parametrize(
    "options",
    [{}, {"baseline_decay": 0.3}, {"entropy_weight": 0.5}, {"gradient_clip": 0.02}],
    ids=str,
)
def test_an_option_changes_the_update_as_it_says(options: dict[str, float]) -> None:
    search = Reinforce(DECISIONS, 1, 100, **SMALL, **options)  # type: ignore[arg-type]
    for rewards in BATCHES:
        proposals = search.ask(4)
        search.tell(
            [Trial(p, Measurement(0.5, 1.0), r) for p, r in zip(proposals, rewards, strict=True)]
        )
    learnt = search._controller.state_dict()
    wanted, plain = written_out(options), written_out({})
    for name, values in wanted.items():
        np.testing.assert_allclose(learnt[name], values, rtol=1e-2, atol=2e-4)
    if options:  # or the option would not be seen
        assert max(float((wanted[name] - plain[name]).abs().max()) for name in wanted) > 0.01


def test_failures_are_no_part_of_the_mean() -> None:
    """Three trials and a failure teach what the three alone teach as a batch."""
    states = []
    for failed in (False, True):
        search = Reinforce(DECISIONS, 1, 100, **{**SMALL, "batch_size": 4 if failed else 3})
        proposals = search.ask(4)
        trials = [
            Trial(p, Measurement(0.5, 1.0), r)
            for p, r in zip(proposals, (0.2, 0.9, 0.4), strict=False)
        ]
        search.tell([*trials, Trial(proposals[3], failure="lost")])
        states.append(search._controller.state_dict())
    for name, values in states[0].items():
        torch.testing.assert_close(states[1][name], values)
