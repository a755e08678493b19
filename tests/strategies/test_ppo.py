"""The controller's probabilities, the loss and the update, against plain re-computations."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies.ppo import PPO, ppo_loss
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

CARDINALITIES = (2, 3, 1, 2)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]


def controller(seed: int = 0, **options: Any) -> Controller:
    settings: dict[str, Any] = {
        "hidden_size": 6,
        "embedding_size": 5,
        "init_range": 1.0,
        "temperature": 1.0,
        "tanh_constant": None,
    }
    return Controller(
        CARDINALITIES, generator=torch.Generator().manual_seed(seed), **settings | options
    )


def plain_log_probs(model: Controller, tokens: list[int]) -> tuple[list[float], list[float]]:
    """Log-probability and entropy of each token, by an LSTM cell and a softmax written out."""
    weight_x = model.lstm.get_parameter("weight_ih_l0").detach().double().numpy()
    weight_h = model.lstm.get_parameter("weight_hh_l0").detach().double().numpy()
    bias = sum(
        model.lstm.get_parameter(name).detach().double().numpy()
        for name in ("bias_ih_l0", "bias_hh_l0")
    )
    embedding = model.embedding.detach().double().numpy()
    hidden = cell = np.zeros(weight_h.shape[1])
    row, first_of_decision = 0, 1
    log_probs, entropies = [], []
    for step, cardinality in enumerate(CARDINALITIES):
        gates = np.split(weight_x @ embedding[row] + weight_h @ hidden + bias, 4)
        entry, keep, out = (1 / (1 + np.exp(-gates[k])) for k in (0, 1, 3))
        cell = keep * cell + entry * np.tanh(gates[2])
        hidden = out * np.tanh(cell)
        logits = hidden @ model.weight[step].detach().double().numpy()
        logits = (logits + model.bias[step, 0].detach().double().numpy())[:cardinality]
        softmax = np.exp(logits) / np.exp(logits).sum()
        log_probs.append(math.log(softmax[tokens[step]]))
        entropies.append(-float((softmax * np.log(softmax)).sum()))
        row = first_of_decision + tokens[step]
        first_of_decision += cardinality
    return log_probs, entropies


def test_log_probabilities_and_entropies_are_those_of_the_written_out_network() -> None:
    model = controller()
    every = list(itertools.product(*(range(c) for c in CARDINALITIES)))
    log_probs, entropies = model.evaluate(torch.tensor(every))
    for k, tokens in enumerate(every):
        expected = plain_log_probs(model, list(tokens))
        np.testing.assert_allclose(log_probs[k].detach(), expected[0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(entropies[k].detach(), expected[1], rtol=1e-4, atol=1e-6)
    assert log_probs.sum(dim=1).exp().sum().item() == pytest.approx(1.0, abs=1e-5)


def test_samples_follow_the_probabilities_that_come_with_them() -> None:
    model = controller()
    tokens, log_probs = model.sample(20_000)
    counts: dict[tuple[int, ...], int] = {}
    for row in map(tuple, tokens.tolist()):
        counts[row] = counts.get(row, 0) + 1
    told = {
        tuple(t): float(p) for t, p in zip(tokens.tolist(), log_probs.sum(1).exp(), strict=True)
    }
    for row, n in counts.items():
        expected = 20_000 * told[row]
        assert abs(n - expected) <= 6 * math.sqrt(expected) + 1
    evaluated, _ = model.evaluate(tokens.clone())
    np.testing.assert_allclose(evaluated.detach(), log_probs, rtol=1e-4, atol=1e-6)


def test_temperature_and_tanh_constant_flatten_and_bound_the_logits() -> None:
    every = torch.tensor(list(itertools.product(*(range(c) for c in CARDINALITIES))))
    plain = controller().evaluate(every)[1].sum()
    assert controller(temperature=100.0).evaluate(every)[1].sum() > plain
    bounded = controller(tanh_constant=0.01)
    uniform = sum(math.log(c) for c in CARDINALITIES)
    assert bounded.evaluate(every)[1].sum(dim=1).tolist() == pytest.approx([uniform] * 12, rel=1e-3)
    tokens, log_probs = bounded.sample(10)
    np.testing.assert_allclose(bounded.evaluate(tokens.clone())[0].detach(), log_probs, rtol=1e-4)


def test_parameters_start_uniform_in_their_range() -> None:
    for parameter in controller(init_range=0.1).parameters():
        assert float(parameter.detach().abs().max()) <= 0.1
    assert float(controller(init_range=0.1).embedding.detach().std()) == pytest.approx(
        0.2 / math.sqrt(12), rel=0.3
    )


def test_the_loss_is_the_clipped_surrogate_written_out() -> None:
    rng = np.random.default_rng(0)
    new, old = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    entropies, gains = rng.random((5, 4)), rng.normal(size=5)
    total = 0.0
    for row in range(5):
        for step in range(4):
            ratio = math.exp(new[row, step] - old[row, step])
            clipped = min(max(ratio, 0.8), 1.2)
            total += min(ratio * gains[row], clipped * gains[row]) + 0.3 * entropies[row, step]
    loss = ppo_loss(
        *(torch.tensor(values) for values in (new, entropies, old, gains)),
        clip=0.2,
        entropy_weight=0.3,
    )
    assert loss.item() == pytest.approx(-total / 5)


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def test_an_update_is_adam_on_that_loss_with_the_moving_baseline() -> None:
    options: dict[str, Any] = {"batch_size": 4, "epochs": 3, "hidden_size": 6, "embedding_size": 5}
    search = PPO(DECISIONS, 1, 100, learning_rate=0.05, init_range=1.0, **options)
    twin = controller(seed=1)
    adam = torch.optim.Adam(twin.parameters(), lr=0.05)
    baseline: float | None = None
    rewards_of_batches = [[0.1, 0.5, 0.2, 0.9], [0.3, 0.3, 0.8, 0.1]]
    for rewards in rewards_of_batches:
        proposals = search.ask(4)
        tokens, old = twin.sample(4)
        tokens, old = tokens.clone(), old.clone()
        assert [list(p.tokens) for p in proposals] == tokens.tolist()
        search.tell([finished(p, r) for p, r in zip(proposals, rewards, strict=True)])
        baseline = sum(rewards) / 4 if baseline is None else baseline
        gains = torch.tensor([reward - baseline for reward in rewards])
        for reward in rewards:
            baseline = 0.95 * baseline + 0.05 * reward
        for _ in range(3):
            log_probs, entropies = twin.evaluate(tokens)
            loss = ppo_loss(log_probs, entropies, old, gains, clip=0.2, entropy_weight=0.00001)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
            adam.step()
    learnt = search._controller.state_dict()
    for name, values in twin.state_dict().items():
        np.testing.assert_allclose(learnt[name], values, rtol=1e-3, atol=1e-5)


def test_failed_trials_count_towards_the_batch_and_are_left_out_of_the_update() -> None:
    def parameters_after(reward_of_failed: float | None) -> torch.Tensor:
        search = PPO(DECISIONS, 1, 100, batch_size=4, hidden_size=6)
        proposals = search.ask(4)
        trials = [finished(p, 0.1 * p.id) for p in proposals]
        if reward_of_failed is None:
            trials[2] = Trial(proposals[2], failure="lost")
        else:
            trials[2] = finished(proposals[2], reward_of_failed)
        before = search._controller.embedding.detach().clone()
        search.tell(trials)
        after = search._controller.embedding.detach()
        assert not torch.equal(before, after)
        return after

    assert not torch.equal(parameters_after(None), parameters_after(0.2))


def test_nothing_is_learnt_before_a_batch_is_told_or_from_failures_alone() -> None:
    search = PPO(DECISIONS, 1, 100, batch_size=4, hidden_size=6)
    start = search._controller.embedding.detach().clone()
    proposals = search.ask(7)
    search.tell([finished(p, 0.1 * p.id) for p in proposals[:3]])
    assert torch.equal(start, search._controller.embedding.detach())
    search.tell([Trial(proposals[3], failure="lost")])
    learnt = search._controller.embedding.detach().clone()
    assert not torch.equal(start, learnt)
    search.tell([Trial(p, failure="lost") for p in search.ask(4)])
    assert torch.equal(learnt, search._controller.embedding.detach())


def test_with_default_options_it_learns_an_additive_reward() -> None:
    decisions = [Decision(f"d{k}", 2 + k % 2) for k in range(12)]
    best = sum(decision.cardinality - 1 for decision in decisions)
    search = PPO(decisions, 0, 2000)
    means = []
    for _ in range(100):
        proposals = search.ask(20)
        rewards = [sum(proposal.tokens) / best for proposal in proposals]
        search.tell([finished(p, r) for p, r in zip(proposals, rewards, strict=True)])
        means.append(sum(rewards) / 20)
    assert means[0] < 0.65
    assert sum(means[-5:]) / 5 > 0.9


def test_advantages_normalised_if_asked() -> None:
    search = PPO(DECISIONS, 1, 100, normalise_advantages=True)
    advantages = search._advantages([1.0, 5.0, 3.0])
    assert advantages.mean() == pytest.approx(0.0)
    assert advantages.std() == pytest.approx(1.0)


def test_the_users_defaults_of_torch_do_not_reach_the_controller() -> None:
    alone = PPO(DECISIONS, 3, 100).ask(5)
    torch.set_default_dtype(torch.float64)
    try:
        assert PPO(DECISIONS, 3, 100).ask(5) == alone
    finally:
        torch.set_default_dtype(torch.float32)


def test_cuda_learns_too() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    search = PPO(DECISIONS, 0, 100, device="cuda")
    before = search._controller.embedding.detach().clone()
    search.tell([finished(p, sum(p.tokens)) for p in search.ask(20)])
    assert not torch.equal(before, search._controller.embedding.detach())
