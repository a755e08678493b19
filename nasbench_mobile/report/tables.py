"""The figures of a study as plain JSON values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from nasbench_mobile.metrics.anytime import (
    best_within_target,
    failed_count,
    repeat_rate,
    within_target_share,
)
from nasbench_mobile.metrics.statistics import bootstrap_interval, iqm
from nasbench_mobile.report.comparison import Comparison, ScoredRun, StrategyRuns, compare_runs
from nasbench_mobile.report.pairs import pair_table
from nasbench_mobile.report.random_first import random_throughout
from nasbench_mobile.report.summary import (
    AccuracySource,
    BestArchitecture,
    Description,
    Figure,
    Incomplete,
    LatencySource,
    Pick,
    StrategyRow,
    Summary,
    Trained,
)
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Measurement, Tokens

Describe: TypeAlias = Callable[[Tokens], Description]
"""How a report, which knows no search space, learns what tokens mean."""

TOP = 10
"""The length of the list of best architectures: our choice, because it fills a screen."""


def summary(runs: Sequence[Run], describe: Describe | None = None) -> Summary:
    """All figures of a study as JSON values, strategies sorted by median best reward.

    Every reward, front and accuracy is noise-free, of what the strategy's own readings chose. None
    stands where there is nothing to say, such as an interval of fewer than five runs. See
    `compare_runs` for errors.
    """
    return summarise(compare_runs(runs), describe)


def summarise(comparison: Comparison, describe: Describe | None = None) -> Summary:
    """`summary` of runs already checked and scored."""
    ranked = rank(comparison)
    return {
        "benchmark": comparison.benchmark_name,
        "benchmark_hash": comparison.benchmark_hash,
        "objective": comparison.objective.record(),
        "budget_unit": comparison.benchmark.get("budget_unit", "proposals"),
        "budget": comparison.budget,
        "accuracy": _accuracy(comparison),
        "latency": _latency(comparison),
        "strategies": [_strategy(group, comparison) for group in ranked],
        "pairs": pair_table([group for group in ranked if group.scored], comparison.baseline),
        "best_architectures": best_architectures(comparison, describe),
    }


def rank(comparison: Comparison) -> list[StrategyRuns]:
    """Strategies by median best reward (IQM among equals), best first.

    Those that are `unranked` come last, whatever their figures.
    """

    def key(group: StrategyRuns) -> tuple[bool, float, float]:
        values = [scored.best_reward for scored in group.scored]
        median, middle = (float(np.median(values)), iqm(values)) if values else (-np.inf, -np.inf)
        return group.unranked is None, median, middle

    return sorted(comparison.strategies, key=key, reverse=True)


def _strategy(group: StrategyRuns, comparison: Comparison) -> StrategyRow:
    tables = [scored.columns for scored in group.scored]
    within = [best_within_target(table, comparison.target_ms) for table in tables]
    return {
        "name": group.name,
        "label": group.label,
        "options": group.options,
        "baseline": group is comparison.baseline,
        "versions": _versions(group),
        "seeds": [scored.seed for scored in group.runs],
        "budget": comparison.budget,
        "provisional": group.provisional,
        "unranked": group.unranked,
        "unspent": [
            {"seed": scored.seed, "charged": scored.run.charged}
            for scored in group.runs
            if scored.stopped_early
        ],
        "random_first": random_throughout(group.runs[0].run.header),
        "scored_seeds": [scored.seed for scored in group.scored],
        "best_reward": figure(scored.best_reward for scored in group.scored),
        "hypervolume": figure(scored.hypervolume for scored in group.scored),
        "best_within_target": _median(value for value in within if value is not None),
        "found_within_target": sum(value is not None for value in within),
        "within_target": _mean(
            [within_target_share(table, comparison.target_ms) for table in tables], tables
        ),
        "repeat_rate": _mean([repeat_rate(table) for table in tables], tables),
        "failed": sum(failed_count(table) for table in tables),
        "ask_tell_s": _median(scored.run.timing.ask_tell_s for scored in group.scored),
        "evaluations_per_s": _rate(group.scored),
        "picks": [pick for scored in group.scored if (pick := _pick(scored, comparison))],
        "incomplete": [_incomplete(scored) for scored in group.incomplete],
    }


def _pick(scored: ScoredRun, comparison: Comparison) -> Pick | None:
    if scored.pick is None:
        return None
    truth = _truth(scored, scored.pick)
    return {
        "seed": scored.seed,
        "id": scored.run.trials[scored.pick].proposal.id,
        "accuracy": truth.accuracy,
        "latency_ms": truth.latency_ms,
        "reward": comparison.objective(truth),
        "extrapolated": truth.extrapolated,
    }


def _latency(comparison: Comparison) -> LatencySource:
    record = comparison.benchmark.get("latency", {})
    return {
        "label": record.get("label"),
        "device": record.get("device"),
        "kind": record.get("kind"),
    }


def _accuracy(comparison: Comparison) -> AccuracySource:
    """What gave the accuracies, and how the networks were trained: of the runs' picks."""
    found = {
        (one.epochs, one.data, one.width, one.input_size)
        for group in comparison.strategies
        for scored in group.scored
        if scored.pick is not None and (one := _truth(scored, scored.pick).fidelity)
    }
    trained: Trained | None = None
    if len(found) == 1:
        [(epochs, data, width, input_size)] = found
        trained = {"epochs": epochs, "data": data, "width": width, "input_size": input_size}
    record = comparison.benchmark.get("accuracy", {})
    return {
        "evaluator": record.get("name"),
        "label": record.get("label"),
        "trained": trained,
    }


def figure(values: Iterable[float]) -> Figure:
    """Of values in the order of their seeds."""
    known = list(values)
    if not known:
        return {"median": None, "iqm": None, "ci95": None, "values": []}
    interval = bootstrap_interval([known])
    return {
        "median": float(np.median(known)),
        "iqm": iqm(known),
        "ci95": None if interval is None else list(interval),
        "values": known,
    }


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return float(np.median(known)) if known else None


def _mean(shares: Sequence[float], tables: Sequence[Any]) -> float | None:
    """Mean of shares, each weighted with the trials of its run."""
    weights = [table.reward.size for table in tables]
    return float(np.average(shares, weights=weights)) if sum(weights) else None


def _rate(runs: Sequence[ScoredRun]) -> float | None:
    seconds = sum(s.run.timing.ask_tell_s + s.run.timing.evaluate_s for s in runs)
    return sum(len(s.run.trials) for s in runs) / seconds if seconds > 0 else None


def _versions(group: StrategyRuns) -> dict[str, str]:
    """Library versions; where the runs of a strategy differ, all of them in one string."""
    seen: dict[str, set[str]] = {}
    for scored in group.runs:
        for library, version in scored.run.header.versions.items():
            seen.setdefault(library, set()).add(version)
    return {library: ", ".join(sorted(versions)) for library, versions in sorted(seen.items())}


def _incomplete(scored: ScoredRun) -> Incomplete:
    run = scored.run
    return {
        "seed": scored.seed,
        "trials": len(run.trials),
        "charged": run.charged,
        "reason": run.damage
        or run.failure
        or f"{run.stopped or 'interrupted'}: `nasbench-mobile resume` goes on with it",
        "failed": run.failure is not None,
        "best_reward": scored.best_reward if scored.columns.ok.any() else None,
    }


def best_architectures(
    comparison: Comparison, describe: Describe | None = None, top: int = TOP
) -> list[BestArchitecture]:
    """The distinct architectures of highest reward over all runs, best noise-free reward first.

    They are chosen by the rewards that the strategies saw and scored without noise, as everything
    is. Interrupted runs count too: an architecture found is found.
    """
    chosen: dict[object, BestArchitecture] = {}
    for group, scored, position in _by_reward(comparison, top):
        tokens = scored.run.trials[position].tokens
        about = None if describe is None else describe(tokens)
        identity = tokens if about is None else about["block_string"]
        if identity not in chosen:
            chosen[identity] = _architecture(comparison, group, scored, position, about)
        if len(chosen) == top:
            break
    return sorted(chosen.values(), key=lambda row: -float(row["reward"]))


def _by_reward(comparison: Comparison, top: int) -> Iterator[tuple[StrategyRuns, ScoredRun, int]]:
    """Trials by seen reward, best first: at most `top` of each run, repeats left out."""
    candidates: list[tuple[float, StrategyRuns, ScoredRun, int]] = []
    for group in comparison.strategies:
        for scored in group.runs:
            reward = scored.columns.reward
            fresh = np.flatnonzero(scored.columns.ok & ~scored.columns.repeat)
            largest = fresh[np.argsort(-reward[fresh], kind="stable")[:top]].tolist()
            candidates += [
                (float(reward[position]), group, scored, position) for position in largest
            ]
    candidates.sort(key=lambda row: -row[0])
    for _, group, scored, position in candidates:
        yield group, scored, position


def _architecture(
    comparison: Comparison, group: StrategyRuns, scored: ScoredRun, position: int,
    about: Description | None,
) -> BestArchitecture:  # fmt: skip
    truth = _truth(scored, position)
    return {
        "tokens": list(scored.run.trials[position].tokens),
        "accuracy": truth.accuracy,
        "latency_ms": truth.latency_ms,
        "reward": comparison.objective(truth),
        "extrapolated": truth.extrapolated,
        "strategy": group.label,
        "seed": scored.seed,
        "block_string": None if about is None else about["block_string"],
        "parameters": None if about is None else about["parameters"],
        "multiply_adds": None if about is None else about["multiply_adds"],
        "counted": None if about is None else about["counted"],
    }


def _truth(scored: ScoredRun, position: int) -> Measurement:
    """The whole noise-free measurement of a trial with a reward."""
    truth = scored.run.noise_free[position]
    if truth is None:  # cannot be: the trial has a reward, and store.py keeps the two together
        raise ValueError(f"trial {position} has a reward but no noise-free measurement")
    return truth
