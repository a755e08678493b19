"""Section 4.2's expectation that other methods than reinforcement learning work too, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.metrics.statistics import a12, wilcoxon
from nasbench_mobile.report.comparison import Comparison, compare_runs
from nasbench_mobile.report.comparison_plots import draw_anytime, draw_fronts
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.summary import StrategyRow, Summary
from nasbench_mobile.report.tables import summarise
from nasbench_mobile.report.verdict import SIGNIFICANT, p_text, verdict
from nasbench_mobile.reproduce.claims import ClaimVerdict, on
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Picture,
    ResultTable,
    RunStudy,
    study_runs,
)
from nasbench_mobile.studies.plan import Plan, seeds_from
from nasbench_mobile.types import StrategySpec

BASELINE, PAPERS, EVOLUTION = "random", "ppo", "regularized-evolution"
STRATEGIES = (
    BASELINE, "local-search", EVOLUTION, "nsga2", "predictor-evolution", PAPERS, "reinforce",
    "optuna-tpe", "nevergrad-discrete", "nevergrad-de",
)  # fmt: skip
"""One or two of every family, those apart that cost minutes a run (our choice)."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """All strategies on `imagenet-pixel1` with the soft reward, same seeds and budget.

    Random search, PPO and evolution are always in: the claim is about them.
    """
    seeds = setting.seeds or (3 if setting.quick else 10)
    samples = setting.samples or (200 if setting.quick else 3000)
    given = setting.strategies or tuple(map(StrategySpec, STRATEGIES))
    labels = {spec.label for spec in given}
    needed = [name for name in (BASELINE, PAPERS, EVOLUTION) if name not in labels]
    strategies = (*map(StrategySpec, needed), *given)
    benchmark = load_benchmark("imagenet-pixel1")
    plan = Plan(benchmark, strategies, seeds_from(0, seeds), samples)
    runs = study_runs(folder, "search-algorithms/all", plan, run_study)
    comparison = compare_runs(runs, benchmark.objective)
    summary = summarise(comparison)
    for name, draw in (("anytime", draw_anytime), ("fronts", draw_fronts)):
        save(draw(comparison), folder / f"search-algorithms-{name}.png")
    rows = [_row(row, summary) for row in summary["strategies"]]
    headings = {
        "strategy": "strategy", "best_reward": "best reward, median", "iqm": "IQM",
        "ci95": "95 %", "p_random": "p against random (Holm)", "hypervolume": "hypervolume, median",
        "cpu_s": "CPU s in ask and tell",
    }  # fmt: skip
    return ExperimentOutcome(
        {"benchmark": benchmark.identifier, "samples": samples, "seeds": seeds, "rows": rows},
        [_works_too(comparison, summary, benchmark.identifier)],
        tables=[
            ResultTable(
                "search-algorithms", f"{samples:,} proposals, {seeds} seeds", headings, rows
            )
        ],
        pictures=[
            Picture("search-algorithms-anytime.png", "Best reward so far, median and quartiles"),
            Picture("search-algorithms-fronts.png", "Accuracy and latency: fronts and trials"),
        ],
        said=[verdict(summary).rstrip(".")],
    )


def _row(row: StrategyRow, summary: Summary) -> dict[str, Any]:
    interval = row["best_reward"]["ci95"]
    return {
        "strategy": row["label"],
        "best_reward": row["best_reward"]["median"],
        "iqm": row["best_reward"]["iqm"],
        "ci95": "-" if interval is None else f"{interval[0]:.4f} to {interval[1]:.4f}",
        "p_random": _p_random(row["label"], summary),
        "hypervolume": row["hypervolume"]["median"],
        "cpu_s": row["ask_tell_s"],
    }


def _p_random(label: str, summary: Summary) -> float | None:
    pairs = summary["pairs"]
    found = [p for p in pairs if p["family"] == "random" and p["strategy"] == label]
    return found[0]["p_holm"] if found else None


def _works_too(comparison: Comparison, summary: Summary, benchmark: str) -> ClaimVerdict:
    """Evolution beats random search and is not shown worse than PPO."""
    rewards = {
        group.label: [scored.best_reward for scored in group.scored]
        for group in comparison.strategies
    }
    against = next(
        pair for pair in summary["pairs"]
        if pair["family"] == "random" and pair["strategy"] == EVOLUTION
    )  # fmt: skip
    p = against["p_holm"]
    beats = p is not None and p < SIGNIFICANT and (against["median_difference"] or 0.0) > 0
    test = wilcoxon(rewards[EVOLUTION], rewards[PAPERS])
    effect = a12(rewards[EVOLUTION], rewards[PAPERS])
    worse = test.p is not None and test.p < SIGNIFICANT and effect < 0.5
    detail = (
        f"evolution against random search {against['median_difference']:+.4f} ({p_text(p)}, "
        f"Holm); against PPO A12 = {effect:.2f} ({p_text(test.p)})"
    )
    return on(benchmark, "other-methods", beats and not worse, detail)


EXPERIMENT = Experiment(
    "search-algorithms",
    "Section 4.2: other search methods",
    "whether evolution and others find as good networks as the paper's PPO on one budget",
    run,
    frozenset({"strategies", "seeds", "samples"}),
)
