"""Optuna's other samplers: what they read, what they promise, what they keep quiet about."""

from __future__ import annotations

import warnings

import optuna
import pytest

from nasbench_mobile.strategies.optuna_gp import BOUND, OptunaGP
from nasbench_mobile.strategies.optuna_motpe import OptunaMOTPE
from nasbench_mobile.strategies.optuna_nsga2 import OptunaNSGA2
from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.types import Decision, Measurement, Proposal, Tokens, Trial

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((3, 2, 5, 1, 3))]


def measured(proposal: Proposal, reward: float = 0.0) -> Trial:
    """Accuracy and latency pull apart at the second half of the tokens."""
    tokens = proposal.tokens
    return Trial(proposal, Measurement(sum(tokens) / 20, 1.0 + sum(tokens[2:])), reward)


def front_of(search: OptunaNSGA2 | OptunaMOTPE, budget: int) -> set[Tokens]:
    asked: list[Trial] = []
    while len(asked) < budget:
        trials = [measured(proposal) for proposal in search.ask(10)]
        search.tell(trials)
        asked += trials
    best = {
        trial.tokens[2:]: trial.tokens for trial in asked if trial.tokens[:2] == (2, 1)
    }  # everything that costs no latency is at its best
    return set(best.values())


@pytest.mark.parametrize("kind", [OptunaNSGA2, OptunaMOTPE])
def test_accuracy_and_latency_count_and_the_reward_does_not(
    kind: type[OptunaNSGA2] | type[OptunaMOTPE],
) -> None:
    def proposals(reward: float, latency_ms: float) -> list[Proposal]:
        search, asked = kind(DECISIONS, 0, 60), []
        for _ in range(12):
            batch = search.ask(5)
            search.tell(
                [
                    Trial(
                        p, Measurement(sum(p.tokens) / 20, 1.0 + latency_ms * p.tokens[2]), reward
                    )
                    for p in batch
                ]
            )
            asked += batch
        return asked

    assert proposals(0.0, 1.0) == proposals(7.0, 1.0)
    assert proposals(0.0, 1.0) != proposals(0.0, 0.0)


def test_nsga2_spreads_over_the_front() -> None:
    search = OptunaNSGA2(DECISIONS, 1, 400, population_size=20)
    assert len(front_of(search, 400)) >= 10  # of 15 trade-offs


def test_motpe_spreads_over_the_front() -> None:
    assert len(front_of(OptunaMOTPE(DECISIONS, 1, 150), 150)) >= 10


def test_a_generation_is_the_natural_batch() -> None:
    assert OptunaNSGA2(DECISIONS, 0, 100, population_size=20).batch_size == 20


def test_the_gaussian_process_beats_random_search_within_its_budget() -> None:
    decisions = [Decision(f"d{k}", 4) for k in range(6)]

    def reward_of(tokens: Tokens) -> float:
        return sum(tokens) / 18 - 0.1 * (tokens[0] == tokens[1])

    def mean(search: OptunaGP | RandomSearch) -> float:
        rewards = []
        for _ in range(30):
            [proposal] = search.ask(1)
            rewards.append(reward_of(proposal.tokens))
            search.tell([Trial(proposal, Measurement(0.5, latency_ms=1.0), rewards[-1])])
        return sum(rewards[20:]) / 10

    for seed in (0, 1):
        assert mean(OptunaGP(decisions, seed, 30)) > mean(RandomSearch(decisions, seed, 30)) + 0.1


def test_a_budget_beyond_the_gaussian_process_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=f"meant for budgets of up to {BOUND} trials"):
        OptunaGP(DECISIONS, 0, BOUND + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OptunaGP(DECISIONS, 0, BOUND)


def test_optuna_announces_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    search = OptunaNSGA2(DECISIONS, 0, 100)
    search.start([measured(Proposal(-1, (0, 1, 2, 0, 1)))])
    search.tell([measured(proposal) for proposal in search.ask(3)])
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before
