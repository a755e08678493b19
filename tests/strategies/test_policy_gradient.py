"""What `ppo` and `reinforce` have in common: which proposals they make of what they are told."""

from __future__ import annotations

import hashlib
import random

import pytest
import torch

from nasbench_mobile import catalog
from nasbench_mobile.strategies._controller import Controller
from nasbench_mobile.strategies._policy_gradient import Batch, PolicyGradient
from nasbench_mobile.types import Decision, Measurement, Proposal, Trial

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((3, 2, 1, 5, 2, 4, 3))]

PROPOSALS = {
    "ppo:hidden_size=8,learning_rate=0.01": "eeef8d2d62eb",
    "ppo:hidden_size=8,learning_rate=0.01,batch_size=7,normalise_advantages=true": "d973b5f9f971",
    "reinforce:hidden_size=8,learning_rate=0.01": "966cbeb8268b",
    "reinforce:hidden_size=8,learning_rate=0.01,batch_size=7,entropy_weight=0.01": "db57eaaeca78",
}
"""The start of the SHA-256 of 200 proposals, which a change of the code must not change: a run that
was begun before it is resumed after it."""


def outcome(proposal: Proposal) -> Trial:
    if proposal.id % 5 == 0:
        return Trial(proposal, failure="lost")
    reward = sum(proposal.tokens) / 13
    return Trial(proposal, Measurement(reward, latency_ms=1.0), reward)


@pytest.mark.parametrize(("spec", "digest"), PROPOSALS.items())
def test_proposals_stay_what_they_were_told_late_and_out_of_order(spec: str, digest: str) -> None:
    [parsed] = catalog.parse_strategies(spec)
    search = catalog.build_strategy(parsed, DECISIONS, 3, 200)
    order = random.Random(0)
    rows, waiting = [], []
    for _ in range(20):
        asked = search.ask(10)
        rows += [proposal.tokens for proposal in asked]
        waiting += [outcome(proposal) for proposal in asked]
        order.shuffle(waiting)
        told = order.randint(0, len(waiting))
        search.tell(waiting[:told])
        del waiting[:told]
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:12] == digest


def learner(batch_size: int) -> PolicyGradient:
    controller = Controller(
        (3, 2), hidden_size=4, embedding_size=3, init_range=0.1, temperature=1.0,
        tanh_constant=None, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    return PolicyGradient(
        controller, batch_size=batch_size, learning_rate=0.01, baseline_decay=0.5,
        gradient_clip=1.0, threads=1,
    )  # fmt: skip


def test_a_batch_has_what_was_told_in_that_order_without_the_failures() -> None:
    batches: list[Batch] = []
    gradient = learner(batch_size=3)
    asked = gradient.ask(7)
    ok = [Trial(p, Measurement(0.5, latency_ms=1.0), float(p.id)) for p in asked]
    gradient.tell([ok[4], Trial(asked[0], failure="lost")], batches.append)
    assert not batches
    gradient.tell([ok[2], ok[6], ok[1], ok[3], ok[5]], batches.append)
    assert [batch.rewards for batch in batches] == [(4.0, 2.0), (6.0, 1.0, 3.0)]
    assert batches[0].tokens.tolist() == [list(asked[4].tokens), list(asked[2].tokens)]
    assert batches[0].log_probs.shape == (2, 2)


def test_the_baseline_starts_at_the_mean_and_moves_reward_by_reward() -> None:
    gradient = learner(batch_size=1)
    assert gradient.less_baseline([1.0, 3.0]).tolist() == [-1.0, 1.0]
    assert gradient.less_baseline([4.25, 0.25]).tolist() == [2.0, -2.0]
