"""What many proposals in flight cost and save: each strategy with one worker and with sixteen.

Not a figure of the paper, which says only that it trained many models at a time. Time is simulated:
a training takes as long as `evaluators.training_time` estimates, the strategy itself none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.metrics.statistics import bootstrap_interval
from nasbench_mobile.reproduce.experiment import (
    LOGS,
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    ResultTable,
    RunStudy,
)
from nasbench_mobile.runs.event_log import read_log
from nasbench_mobile.runs.events import Tell
from nasbench_mobile.studies.plan import Plan, seeds_from
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

WORKERS = (1, 16)
BASELINE = StrategySpec("random")


STRATEGIES = tuple(
    StrategySpec(name)
    for name in ("random", "regularized-evolution", "ppo", "optuna-tpe", "nevergrad-discrete")
)
"""Where none are given: those of `compare`."""

BENCHMARK = "imagenet-pixel1"


@dataclass(frozen=True)
class Course:
    """One run: best reward so far, shape (trials,), and the simulated second of each trial."""

    best: np.ndarray[Any, np.dtype[np.float64]]
    at_s: np.ndarray[Any, np.dtype[np.float64]]

    def to_target(self, reward: float) -> tuple[int, float] | None:
        """Proposals told and simulated seconds until `reward` was reached, or None."""
        reached = np.flatnonzero(self.best >= reward)
        return (int(reached[0]) + 1, float(self.at_s[reached[0]])) if len(reached) else None


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Run both studies and compare them seed by seed.

    The target is the median of what random search with one worker has reached at the end.
    """
    seeds = setting.seeds or (3 if setting.quick else 10)
    samples = setting.samples or (200 if setting.quick else 1000)
    strategies = setting.strategies or STRATEGIES
    if BASELINE not in strategies:  # random search is always in, since it sets the target
        strategies = (BASELINE, *strategies)
    courses: dict[int, dict[str, list[Course]]] = {}
    benchmark = load_benchmark(BENCHMARK)
    for workers in WORKERS:
        plan = Plan(benchmark, strategies, seeds_from(0, seeds), samples, workers=workers)
        study = Study.create(folder / LOGS / f"asynchrony/workers-{workers}", plan)
        run_study(study)
        courses[workers] = _courses(study)
    target = float(np.median([course.best[-1] for course in courses[1][BASELINE.label]]))
    rows = [
        _row(spec.label, courses[1][spec.label], courses[WORKERS[-1]][spec.label], target)
        for spec in strategies
    ]
    result = {
        "benchmark": benchmark.identifier,
        "workers": list(WORKERS),
        "seeds": seeds,
        "samples": samples,
        "target_reward": target,
        "time": "simulated, training time estimated from multiply-adds",
        "strategies": rows,
    }
    said = (
        f"{benchmark.identifier}: {WORKERS[-1]} in flight against 1, {seeds} seeds of {samples:,} "
        f"proposals, target reward {target:.4f}; time is simulated"
    )
    headings = {name: name.replace("_", " ") for name in rows[0]}
    table = ResultTable("asynchrony", "Sixteen proposals in flight against one", headings, rows)
    return ExperimentOutcome(result, tables=[table], said=[said])


def _courses(study: Study) -> dict[str, list[Course]]:
    courses: dict[str, list[Course]] = {}
    for task in study.tasks():
        best, at_s = [], []
        for event in read_log(task.log).events:
            if isinstance(event, Tell):
                for trial in event.trials:
                    best.append(-np.inf if trial.reward is None else trial.reward)
                    at_s.append(event.timing.simulated_s)
        course = Course(np.maximum.accumulate(np.array(best)), np.array(at_s))
        courses.setdefault(task.strategy.label, []).append(course)
    return courses


def _row(
    label: str, alone: Sequence[Course], together: Sequence[Course], target: float
) -> dict[str, Any]:
    """One strategy: what many workers lose in reward at equal budget, and gain in time."""
    lost = [float(a.best[-1] - b.best[-1]) for a, b in zip(alone, together, strict=True)]
    interval = bootstrap_interval([lost], statistic=lambda values: values.mean(axis=-1))
    low, high = interval or (None, None)
    row: dict[str, Any] = {
        "strategy": label,
        "reward_lost": float(np.mean(lost)),
        "lost_low": low,
        "lost_high": high,
        "days_whole_1": _median(course.at_s[-1] / 86400 for course in alone),
        "days_whole_16": _median(course.at_s[-1] / 86400 for course in together),
    }
    for name, courses in (("1", alone), ("16", together)):
        reached = [found for course in courses if (found := course.to_target(target))]
        row[f"reached_{name}"] = len(reached)
        row[f"proposals_to_target_{name}"] = _median(number for number, _ in reached)
        row[f"days_to_target_{name}"] = _median(at_s / 86400 for _, at_s in reached)
    return row


def _median(values: Any) -> float | None:
    """The median of those runs that reached the target; None where none did."""
    found = list(values)
    return float(np.median(found)) if found else None


EXPERIMENT = Experiment(
    "asynchrony",
    "Sixteen proposals in flight against one (not in the paper)",
    "what many proposals in flight cost in reward and save in time",
    run,
    frozenset({"strategies", "seeds", "samples"}),
    in_all=False,
)
