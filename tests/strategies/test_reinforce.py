"""The update of REINFORCE against one written out, and what is left out of it."""

from __future__ import annotations

import numpy as np
import torch

from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies.reinforce import Reinforce
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

CARDINALITIES = (2, 3, 1, 2)
DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate(CARDINALITIES)]


def finished(proposal: Proposal, reward: float) -> Trial:
    return Trial(proposal, Measurement(0.5, latency_ms=1.0), reward)


def test_an_update_is_one_adam_step_up_the_gradient_with_the_moving_baseline() -> None:
    search = Reinforce(
        DECISIONS, 1, 100, batch_size=4, hidden_size=6, embedding_size=5, learning_rate=0.05
    )
    twin = Controller(
        CARDINALITIES,
        hidden_size=6,
        embedding_size=5,
        init_range=0.08,
        temperature=1.0,
        tanh_constant=None,
        generator=torch.Generator().manual_seed(1),
    )
    adam = torch.optim.Adam(twin.parameters(), lr=0.05)
    baseline: float | None = None
    for rewards in ([0.1, 0.5, 0.2, 0.9], [0.3, 0.3, 0.8, 0.1]):
        proposals = search.ask(4)
        tokens = twin.sample(4)[0].clone()
        assert [list(p.tokens) for p in proposals] == tokens.tolist()
        search.tell([finished(p, r) for p, r in zip(proposals, rewards, strict=True)])
        baseline = sum(rewards) / 4 if baseline is None else baseline
        log_probs, _ = twin.evaluate(tokens)
        loss = torch.tensor(0.0)
        for row, reward in enumerate(rewards):
            loss = loss - (reward - baseline) * log_probs[row].sum() / 4
        for reward in rewards:
            baseline = 0.95 * baseline + 0.05 * reward
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        adam.step()
    learnt = search._controller.state_dict()
    for name, values in twin.state_dict().items():
        np.testing.assert_allclose(learnt[name], values, rtol=1e-3, atol=1e-5)


def test_failures_count_towards_a_batch_and_teach_nothing() -> None:
    search = Reinforce(DECISIONS, 1, 100, batch_size=4, hidden_size=6)
    start = search._controller.embedding.detach().clone()
    search.tell([Trial(p, failure="lost") for p in search.ask(4)])
    assert torch.equal(start, search._controller.embedding.detach())
    proposals = search.ask(4)
    search.tell([finished(p, 0.1 * p.id) for p in proposals[:3]])
    assert torch.equal(start, search._controller.embedding.detach())
    search.tell([Trial(proposals[3], failure="lost")])
    assert not torch.equal(start, search._controller.embedding.detach())


def test_it_learns_an_additive_reward() -> None:
    decisions = [Decision(f"d{k}", 3) for k in range(6)]
    search = Reinforce(decisions, 0, 2000, learning_rate=0.005, hidden_size=20)
    means = []
    for _ in range(60):
        proposals = search.ask(20)
        rewards = [sum(proposal.tokens) / 12 for proposal in proposals]
        search.tell([finished(p, r) for p, r in zip(proposals, rewards, strict=True)])
        means.append(sum(rewards) / 20)
    assert means[0] < 0.65
    assert sum(means[-5:]) / 5 > 0.9
