"""PPO's options away from their defaults: each changes the update as written out here."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies.ppo import PPO
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

CARDINALITIES = (2, 3, 1, 4)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]
SMALL: dict[str, Any] = {
    "batch_size": 4, "hidden_size": 6, "embedding_size": 5, "learning_rate": 0.05,
    "init_range": 1.0,
}  # fmt: skip
BATCHES = ([0.1, 0.5, 0.2, 0.9], [0.3, 0.4, 0.8, 0.1], [0.7, 0.2, 0.6, 0.35])


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def twin_of(**options: Any) -> Controller:
    return Controller(
        CARDINALITIES, generator=torch.Generator().manual_seed(1), hidden_size=6,
        embedding_size=5, init_range=1.0, temperature=options.get("temperature", 1.0),
        tanh_constant=options.get("tanh_constant"),
    )  # fmt: skip


def written_out(options: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The controller after `BATCHES`, each token's clipped surrogate term by term."""
    clip, decay = options.get("clip", 0.2), options.get("baseline_decay", 0.95)
    weight, largest = options.get("entropy_weight", 0.00001), options.get("gradient_clip", 1.0)
    twin = twin_of(**options)
    adam = torch.optim.Adam(twin.parameters(), lr=0.05)
    baseline: float | None = None
    for rewards in BATCHES:
        tokens, old = (values.clone() for values in twin.sample(4))
        baseline = sum(rewards) / 4 if baseline is None else baseline
        gains = [reward - baseline for reward in rewards]
        for reward in rewards:
            baseline = decay * baseline + (1 - decay) * reward
        if options.get("normalise_advantages"):
            mean = sum(gains) / 4
            sd = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / 4)
            gains = [(gain - mean) / sd for gain in gains]
        for _ in range(options.get("epochs", 4)):
            log_probs, entropies = twin.evaluate(tokens)
            total = torch.zeros(())
            for row, step in itertools.product(range(4), range(4)):
                ratio = (log_probs[row, step] - old[row, step]).exp()
                held = ratio.clamp(1 - clip, 1 + clip)
                total = total + torch.minimum(ratio * gains[row], held * gains[row])
                total = total + weight * entropies[row, step]
            adam.zero_grad()
            (-total / 4).backward()
            norm = math.sqrt(
                sum(float((p.grad**2).sum()) for p in twin.parameters() if p.grad is not None)
            )
            if norm > largest:
                for parameter in twin.parameters():
                    if parameter.grad is not None:
                        parameter.grad.mul_(largest / norm)
            adam.step()
    return twin.state_dict()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clip": 0.02},
        {"baseline_decay": 0.3},
        {"gradient_clip": 0.02},
        {"entropy_weight": 0.5},
        {"normalise_advantages": True},
        {"temperature": 2.5},
        {"tanh_constant": 0.6},
        {"epochs": 1},
    ],
    ids=str,
)
def test_an_option_changes_the_update_as_it_says(options: dict[str, Any]) -> None:
    search = PPO(DECISIONS, 1, 100, **SMALL, **options)
    for rewards in BATCHES:
        trials = [finished(p, r) for p, r in zip(search.ask(4), rewards, strict=True)]
        search.tell(trials)
    learnt = search._controller.state_dict()
    wanted, plain = written_out(options), written_out({})
    for name, values in wanted.items():
        np.testing.assert_allclose(learnt[name], values, rtol=1e-2, atol=2e-4)
    if options:  # or the option would not be seen
        assert max(float((wanted[name] - plain[name]).abs().max()) for name in wanted) > 0.01


def test_the_tanh_constant_bounds_logits_that_the_temperature_divided() -> None:
    """`constant * tanh(logit / temperature)`: the constant stands outside."""
    found = twin_of(temperature=2.0, tanh_constant=3.0)
    logits = torch.tensor([-8.0, -0.5, 0.0, 1.0, 20.0])
    wanted = [3 * math.tanh(value / 2) for value in logits.tolist()]
    assert found._shaped(logits).tolist() == pytest.approx(wanted, rel=1e-5)
    assert twin_of()._shaped(logits).tolist() == logits.tolist()


def test_normalised_advantages_have_mean_0_and_deviation_1() -> None:
    """Rewards 1, 5, 3: mean 3, population deviation sqrt(8 / 3)."""
    search = PPO(DECISIONS, 1, 100, normalise_advantages=True)
    sd = math.sqrt(8 / 3)
    assert search._advantages([1.0, 5.0, 3.0]).tolist() == pytest.approx([-2 / sd, 2 / sd, 0.0])


@pytest.mark.parametrize("rewards", [[0.3] * 4, [0.0] * 4, [1e300] * 4, [0.1 + 0.2] * 4])
def test_equal_rewards_do_not_poison_the_controller(rewards: list[float]) -> None:
    """A batch of equal rewards says nothing: its normalised advantages are 0, not 0 / 0."""
    search = PPO(DECISIONS, 1, 100, normalise_advantages=True, **SMALL)
    search.tell([finished(p, r) for p, r in zip(search.ask(4), rewards, strict=True)])
    search.tell([finished(p, r) for p, r in zip(search.ask(4), (0.3, 0.1, 0.8, 0.2), strict=True)])
    for values in search._controller.state_dict().values():
        assert torch.isfinite(values).all()
    assert len(search.ask(4)) == 4


def test_equal_rewards_have_no_advantage() -> None:
    search = PPO(DECISIONS, 1, 100, normalise_advantages=True)
    assert np.abs(search._advantages([0.3] * 7)).max() < 1e-6
    later = search._advantages([0.9] * 7)  # above the baseline all of them, and alike
    assert np.abs(later).max() < 1e-6
    alone = search._advantages([0.5])
    assert alone.tolist() == [0.0]


def test_the_baseline_moves_trial_by_trial() -> None:
    """From the first batch's mean 2: 0.5 * 2 + 0.5 * 1 = 1.5, then 0.5 * 1.5 + 0.5 * 3 = 2.25."""
    search = PPO(DECISIONS, 1, 100, baseline_decay=0.5)
    assert search._advantages([1.0, 3.0]).tolist() == [-1.0, 1.0]
    assert search._advantages([4.25, 0.25]).tolist() == [2.0, -2.0]
    assert search._advantages([1.75]).tolist() == pytest.approx([0.0])
