"""What strategies cost: ask and tell per proposal, 42 tokens; one thread (OMP_NUM_THREADS=1).

Times are process CPU seconds. Bars of ours: PPO, 8,000 samples with updates, 45 s; Nevergrad's
ordinal encoding 1.5 ms per proposal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from nasbench_mobile.protocols import Batched, Strategy
from nasbench_mobile.strategies.nevergrad_de import NevergradDE
from nasbench_mobile.strategies.nevergrad_discrete import NevergradDiscrete
from nasbench_mobile.strategies.optuna_tpe import OptunaTPE
from nasbench_mobile.strategies.ppo import PPO
from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
from nasbench_mobile.types import Decision, Measurement, Trial

pytest.importorskip("pytest_benchmark")

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((2, 2, 3, 4, 3, 5) * 7)]
VARIANTS: dict[str, tuple[Callable[..., Strategy], dict[str, Any]]] = {
    "random": (RandomSearch, {}),
    "regularized-evolution": (RegularizedEvolution, {}),
    "ppo": (PPO, {}),
    "optuna-tpe": (OptunaTPE, {}),
    "optuna-tpe-stock": (OptunaTPE, {"implementation": "stock"}),
    "nevergrad-discrete": (NevergradDiscrete, {}),
    "nevergrad-discrete-categorical": (NevergradDiscrete, {"encoding": "categorical"}),
    "nevergrad-de": (NevergradDE, {}),
    "nevergrad-de-ordinal": (NevergradDE, {"encoding": "ordinal"}),
}


def run(strategy: Strategy, budget: int) -> int:
    """A synchronous run on a reward that costs nothing; returns the proposals made."""
    batch = strategy.batch_size if isinstance(strategy, Batched) else 1
    asked = 0
    while asked < budget:
        trials = []
        for proposal in strategy.ask(min(batch, budget - asked)):
            reward = sum(proposal.tokens) / 100
            trials.append(Trial(proposal, Measurement(0.5, latency_ms=1.0), reward))
        strategy.tell(trials)
        asked += len(trials)
    return asked


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.benchmark(timer=time.process_time, group="1,000 proposals of 42 tokens")
def test_a_thousand_proposals(benchmark: Any, name: str) -> None:
    factory, options = VARIANTS[name]
    run(factory(DECISIONS, 1, 60, **options), 60)  # a library's first use is not its cost

    def build() -> tuple[tuple[Strategy, int], dict[str, Any]]:
        return (factory(DECISIONS, 0, 1000, **options), 1000), {}

    made = benchmark.pedantic(run, setup=build, rounds=1)

    assert made == 1000


@pytest.mark.benchmark(timer=time.process_time, group="a search")
def test_ppo_eight_thousand_samples_with_updates(benchmark: Any) -> None:
    assert benchmark.pedantic(run, args=(PPO(DECISIONS, 0, 8000), 8000), rounds=1) == 8000


@pytest.mark.benchmark(timer=time.process_time, group="a search")
def test_tpe_four_thousand_proposals_of_28_tokens(benchmark: Any) -> None:
    decisions = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((3, 2, 3, 2) * 7)]
    search = OptunaTPE(decisions, 0, 4000)
    assert benchmark.pedantic(run, args=(search, 4000), rounds=1) == 4000
