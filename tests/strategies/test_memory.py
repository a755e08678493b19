"""What a run keeps per trial: no more than 2 KB beyond what a library keeps for itself."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.types import Decision, Measurement, Trial

DECISIONS = [Decision(f"d{k}", 2 + k % 4) for k in range(42)]
LIGHT = {
    "optuna-gp": "optuna-gp:n_startup_trials=200",
    "optuna-motpe": "optuna-motpe:n_startup_trials=200",
}


def told(text: str) -> float:
    """Bytes per trial that lines of ours keep from the 64th trial to the 192nd."""
    [spec] = catalog.parse_strategies(text)
    own = catalog.load("strategy", spec.name).card.library in ("Python", "numpy", "PyTorch")
    ours = tracemalloc.Filter(True, "*" if own else "*/strategies/*")
    strategy = catalog.build_strategy(spec, DECISIONS, 0, 200)
    sizes, asked = [], 0
    tracemalloc.start()
    try:
        for mark in (64, 192):
            while asked < mark:
                proposals = strategy.ask(min(16, mark - asked))
                rewards = [sum(proposal.tokens) / 100 for proposal in proposals]
                strategy.tell(
                    [
                        Trial(p, Measurement(0.5, latency_ms=10.0 + r), r)
                        for p, r in zip(proposals, rewards, strict=True)
                    ]
                )
                asked += len(proposals)
            gc.collect()
            traces = tracemalloc.take_snapshot().filter_traces([ours]).traces
            sizes.append(sum(trace.size for trace in traces))
    finally:
        tracemalloc.stop()
    return (sizes[1] - sizes[0]) / 128


def names() -> Iterator[Any]:
    for name in catalog.BUILT_IN["strategy"]:
        quick = name in ("random", "regularized-evolution", "ppo", "optuna-tpe")
        yield pytest.param(name, marks=[] if quick else [pytest.mark.slow])


@pytest.mark.no_cover  # what coverage keeps is not the strategy's
@pytest.mark.parametrize("name", names())
def test_a_trial_costs_at_most_two_kilobytes(name: str) -> None:
    assert told(LIGHT.get(name, name)) <= 2048
