"""Made-up runs of a plausible shape: searches that get better, on a soft benchmark of 75 ms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.objectives.mnasnet import LatencyObjective
from nasbench_mobile.report.summary import Description
from nasbench_mobile.report.tables import Describe
from nasbench_mobile.runs.run import Run, RunHeader, Timing
from nasbench_mobile.types import Fidelity, Measurement, Proposal, StrategySpec, Trial

BENCHMARK: dict[str, Any] = {
    "name": "imagenet-pixel1",
    "version": 1,
    "space": {"name": "made-up"},
    "accuracy": {"evaluator": "made-up", "label": "made-up accuracy"},
    "latency": {
        "evaluator": "made-up", "device": "pixel1", "kind": "estimate", "label": "made-up ms",
    },
    "objective": {"alpha": -0.07, "beta": -0.07, "target_ms": 75.0},
    "budget_unit": "proposals",
    "reference_point": {"accuracy": 0.6, "latency_ms": 160.0},
}  # fmt: skip

SKILL = {
    "random": 0.0, "regularized-evolution": 1.0, "ppo": 0.7, "optuna-tpe": 0.85,
    "nevergrad-discrete": 0.6, "nevergrad-de": 0.35,
}  # fmt: skip


def make_run(
    name: str = "random", seed: int = 0, trials: int = 60, budget: int | None = None,
    noise: float = 0.0, failed: int = 0, failure: str | None = None, **options: Any,
) -> Run:  # fmt: skip
    """A run; every `failed`-th trial fails (0: none)."""
    rng = np.random.default_rng([seed, len(name), sum(map(ord, name))])
    budget = trials if budget is None else budget
    objective = LatencyObjective(**BENCHMARK["objective"])
    header = RunHeader(
        BENCHMARK, "5f0c" * 16, StrategySpec(name, options), seed, budget,
        versions={"numpy": "2.4.6", "nasbench_mobile": "0.1.0"},
        environment={"python": "3.12.1", "cpu": "a processor"},
    )  # fmt: skip
    skill = SKILL.get(name, 0.0)
    progress = skill * (1 - np.exp(-np.arange(trials) / (0.25 * max(trials, 1))))
    latency_ms = np.exp(rng.normal(np.log(78 - 8 * progress), 0.28 - 0.12 * progress))
    quality = rng.normal(-0.012 + 0.02 * progress, 0.012 - 0.006 * progress)
    accuracy = 0.7 + 0.035 * np.log2(latency_ms / 40) - 0.004 * (latency_ms / 75) ** 2 + quality
    seen = accuracy + noise * rng.normal(size=trials)
    told: list[Trial] = []
    true: list[Measurement | None] = []
    for i in range(trials):
        tokens = tuple(int(t) for t in rng.integers(0, 3, size=12))
        if failed and i % failed == failed - 1:
            told.append(Trial(Proposal(i, tokens), failure="the evaluator raised"))
            true.append(None)
            continue
        measurement = Measurement(float(np.clip(seen[i], 0, 1)), float(latency_ms[i]))
        told.append(Trial(Proposal(i, tokens), measurement, objective(measurement)))
        true.append(Measurement(float(np.clip(accuracy[i], 0, 1)), float(latency_ms[i])))
    timing = Timing(ask_tell_s=0.004 * trials, evaluate_s=0.001 * trials, wall_s=0.006 * trials)
    finished = failure is None and trials == budget
    return Run(header, tuple(told), tuple(true), finished, failure, timing)


Sample = tuple[float, float, float] | None
"""Accuracy seen, accuracy without noise and latency (ms) of a trial; None of one that failed."""


def make_exact_run(
    name: str, seed: int, samples: Sequence[Sample], *, budget: int | None = None,
    finished: bool = True, failure: str | None = None, repeats: Mapping[int, int] | None = None,
    timing: Timing | None = None, fidelities: Mapping[int, float] | None = None,
    trained: Fidelity | None = None, extrapolated: frozenset[int] = frozenset(),
    **options: Any,
) -> Run:  # fmt: skip
    """A run of given samples; at T (75 ms) a reward is the accuracy. Tokens are the trial's id.

    `repeats` says which trial another repeats, `fidelities` which were partial.
    """
    repeats, shares = dict(repeats or {}), dict(fidelities or {})
    objective = LatencyObjective(**BENCHMARK["objective"])
    header = RunHeader(
        BENCHMARK, "5f0c" * 16, StrategySpec(name, options), seed,
        len(samples) if budget is None else budget,
    )  # fmt: skip
    told: list[Trial] = []
    noise_free: list[Measurement | None] = []
    for number, sample in enumerate(samples):
        proposal = Proposal(number, (repeats.get(number, number),), shares.get(number, 1.0))
        repeat_of = repeats.get(number)
        if sample is None:
            told.append(Trial(proposal, failure="it broke", repeat_of=repeat_of))
            noise_free.append(None)
            continue
        seen, true, latency_ms = sample
        more: Any = {"fidelity": trained, "extrapolated": number in extrapolated}
        measurement = Measurement(seen, latency_ms, **more)
        told.append(Trial(proposal, measurement, objective(measurement), repeat_of=repeat_of))
        noise_free.append(Measurement(true, latency_ms, **more))
    return Run(
        header, tuple(told), tuple(noise_free), finished and failure is None, failure,
        timing or Timing(),
    )  # fmt: skip


def make_rewards(rewards: Mapping[str, Sequence[float] | Mapping[int, float]]) -> list[Run]:
    """Runs of one trial with these best rewards, by strategy and seed (a list: from seed 0)."""
    runs = []
    for name, values in rewards.items():
        by_seed = values if isinstance(values, Mapping) else dict(enumerate(values))
        runs += [
            make_exact_run(name, seed, [(reward, reward, 75.0)]) for seed, reward in by_seed.items()
        ]
    return runs


@pytest.fixture
def exact_run() -> Callable[..., Run]:
    return make_exact_run


@pytest.fixture
def runs_of() -> Callable[..., list[Run]]:
    return make_rewards


@pytest.fixture(scope="session")
def study() -> list[Run]:
    """Three strategies, eight seeds, 60 trials; no run is incomplete."""
    names = ("random", "regularized-evolution", "ppo")
    return [make_run(name, seed) for name in names for seed in range(8)]


@pytest.fixture
def run_maker() -> Callable[..., Run]:
    return make_run


def describe_made_up(tokens: tuple[int, ...]) -> Description:
    """A block string that ignores the last token: two token lists can mean one network."""
    text = " ".join(f"r{token + 1}_k3" for token in tokens[:-1])
    return {
        "block_string": text, "parameters": 10**6 + sum(tokens), "multiply_adds": 10**8,
        "counted": None,
    }  # fmt: skip


@pytest.fixture
def describe() -> Describe:
    return describe_made_up
