"""What strategies cost: ask and tell per proposal, 42 tokens; one thread (OMP_NUM_THREADS=1).

Times are process CPU seconds. Bars of ours, per proposal: random, local search and evolution 0.2
ms; Nevergrad's ordinal encoding 1 ms for (1+1) and DE, 2.5 for CMA, 4 for NGOpt (categorical 6, 12
and 16); PPO, 8,000 samples with updates, 35 s; TPE at 2,000 trials ten times faster than Optuna's
own. `results/strategy-costs` has the figures at 8,000 trials.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.protocols import Batched, Strategy
from nasbench_mobile.strategies.optuna_tpe import OptunaTPE
from nasbench_mobile.strategies.ppo import PPO
from nasbench_mobile.types import Decision, Measurement, Trial

pytest.importorskip("pytest_benchmark")

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((2, 2, 3, 4, 3, 5) * 7)]
VARIANTS = [
    *(name for name in catalog.BUILT_IN["strategy"] if name != "optuna-gp"),
    "optuna-tpe:implementation=stock",
    "nevergrad-discrete:encoding=categorical",
    "nevergrad-de:encoding=ordinal",
    "nevergrad-cma:encoding=categorical",
    "nevergrad-ngopt:encoding=categorical",
    "nevergrad-pso:encoding=categorical",
]


def build(text: str, seed: int, budget: int) -> Strategy:
    [spec] = catalog.parse_strategies(text)
    return catalog.build_strategy(spec, DECISIONS, seed, budget)


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


@pytest.mark.parametrize("text", VARIANTS)
@pytest.mark.benchmark(timer=time.process_time, group="1,000 proposals of 42 tokens")
def test_a_thousand_proposals(benchmark: Any, text: str) -> None:
    run(build(text, 1, 60), 60)  # a library's first use is not its cost

    def setup() -> tuple[tuple[Strategy, int], dict[str, Any]]:
        return (build(text, 0, 1000), 1000), {}

    assert benchmark.pedantic(run, setup=setup, rounds=1) == 1000


@pytest.mark.benchmark(timer=time.process_time, group="a search")
def test_gaussian_process_two_hundred_proposals(benchmark: Any) -> None:
    assert benchmark.pedantic(run, args=(build("optuna-gp", 0, 200), 200), rounds=1) == 200


@pytest.mark.parametrize("implementation", ["fast", "stock"])
@pytest.mark.benchmark(timer=time.process_time, group="TPE, 2,000 proposals of 42 tokens")
def test_tpe_two_thousand_proposals(benchmark: Any, implementation: str) -> None:
    search = build(f"optuna-tpe:implementation={implementation}", 0, 2000)
    assert benchmark.pedantic(run, args=(search, 2000), rounds=1) == 2000


@pytest.mark.benchmark(timer=time.process_time, group="a search")
def test_ppo_eight_thousand_samples_with_updates(benchmark: Any) -> None:
    assert benchmark.pedantic(run, args=(PPO(DECISIONS, 0, 8000), 8000), rounds=1) == 8000


@pytest.mark.benchmark(timer=time.process_time, group="a search")
def test_tpe_four_thousand_proposals_of_28_tokens(benchmark: Any) -> None:
    decisions = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((3, 2, 3, 2) * 7)]
    search = OptunaTPE(decisions, 0, 4000)
    assert benchmark.pedantic(run, args=(search, 4000), rounds=1) == 4000
