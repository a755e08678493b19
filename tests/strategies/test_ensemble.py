"""The ensemble against PyTorch's gradients and Adam, and what it learns from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasbench_mobile.strategies._ensemble import Ensemble

CARDINALITIES = np.array([3, 2, 1, 5])
RATE, MEMBERS, HIDDEN = 0.02, 3, 7


def ensemble(weight_decay: float = 0.0, seed: int = 0) -> Ensemble:
    return Ensemble(
        CARDINALITIES,
        np.random.default_rng(seed),
        members=MEMBERS,
        hidden_size=HIDDEN,
        learning_rate=RATE,
        weight_decay=weight_decay,
    )


def rows_of(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(CARDINALITIES, size=(count, len(CARDINALITIES)))


def one_hot(tokens: np.ndarray) -> torch.Tensor:
    parts = [
        functional.one_hot(torch.tensor(tokens[..., k]), int(c))
        for k, c in enumerate(CARDINALITIES)
    ]
    return torch.cat(parts, dim=-1).float()


@pytest.mark.parametrize("weight_decay", [0.0, 2.0])
def test_training_is_adam_with_its_corrections_and_decay_towards_nothing(
    weight_decay: float,
) -> None:
    """Each member's weights after six steps, by autograd and `torch.optim.Adam`."""
    model = ensemble(weight_decay)
    rows, rewards = rows_of(9), np.random.default_rng(2).normal(3.0, 2.0, 9)
    for row, reward in zip(rows.tolist(), rewards, strict=True):
        model.add(row, reward)
    twins = [torch.tensor(p, requires_grad=True) for p in model._parameters]
    adam = torch.optim.Adam(twins, lr=RATE)
    draws = np.random.default_rng(0)
    draws.normal(size=MEMBERS * HIDDEN * (int(CARDINALITIES.sum()) + 1))  # of the first weights
    targets = (rewards - rewards.mean()) / rewards.std()
    for _ in range(6):
        drawn = draws.integers(9, size=(MEMBERS, 5))
        first, first_bias, last, last_bias = twins
        hidden = torch.relu(one_hot(rows[drawn]) @ first + first_bias)
        wanted = torch.tensor(targets[drawn], dtype=torch.float32)[:, :, None]
        # The mean over a member's batch, summed over members, which share no weights.
        loss = ((hidden @ last + last_bias - wanted) ** 2).mean(dim=1).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            for twin in twins:
                twin.mul_(1 - RATE * weight_decay)
    model.train(steps=6, batch_size=5)
    for found, twin in zip(model._parameters, twins, strict=True):
        np.testing.assert_allclose(found, twin.detach().numpy(), rtol=2e-3, atol=1e-4)


def test_members_start_apart_as_he_et_al_say() -> None:
    model = Ensemble(
        np.array([40] * 8), np.random.default_rng(3), members=4, hidden_size=50,
        learning_rate=RATE, weight_decay=0.0,
    )  # fmt: skip
    first, first_bias, last, last_bias = model._parameters
    assert first.shape == (4, 320, 50)
    assert first.std() == pytest.approx(np.sqrt(2 / 8), rel=0.02)
    assert last.std() == pytest.approx(np.sqrt(1 / 50), rel=0.2)
    assert not first_bias.any()
    assert not last_bias.any()
    assert not np.array_equal(first[0], first[1])


def test_predictions_are_each_members_network() -> None:
    model = ensemble()
    rng = np.random.default_rng(4)
    for parameter in model._parameters:
        parameter += rng.normal(size=parameter.shape).astype(np.float32)
    rows = rows_of(6)
    predicted = model.predict(rows)
    assert predicted.shape == (MEMBERS, 6)
    first, first_bias, last, last_bias = (torch.tensor(p) for p in model._parameters)
    for member in range(MEMBERS):
        hidden = torch.relu(one_hot(rows) @ first[member] + first_bias[member])
        wanted = (hidden @ last[member] + last_bias[member])[:, 0]
        np.testing.assert_allclose(predicted[member], wanted, rtol=1e-4, atol=1e-5)


def test_equal_rewards_teach_a_zero_and_no_nan() -> None:
    model = ensemble()
    for row in rows_of(5).tolist():
        model.add(row, 0.7)
    model.train(steps=200, batch_size=5)
    predicted = model.predict(rows_of(5))
    assert np.isfinite(predicted).all()
    assert np.abs(predicted).max() < 0.1


def test_the_best_are_by_reward_the_earlier_of_equals_first() -> None:
    model = ensemble()
    rewards = [0.1, 0.5, 0.9, 0.5, -2.0]
    rows = np.array([(0, 1, 0, 2), (1, 0, 0, 3), (2, 1, 0, 0), (1, 1, 0, 4), (0, 0, 0, 0)])
    for row, reward in zip(rows.tolist(), rewards, strict=True):
        model.add(row, reward)
    assert model.best(3).tolist() == [rows[2].tolist(), rows[1].tolist(), rows[3].tolist()]
    assert len(model.best(99)) == 5
