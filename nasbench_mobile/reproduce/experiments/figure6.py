"""Fig. 6 of MnasNet: what a hard and a soft latency constraint make a search sample.

One factor varies, the exponents of the reward: same strategy, space, evaluators, target, budget
and seeds. On the surrogate benchmark, which says what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np

from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.metrics.columns import columns
from nasbench_mobile.objectives.mnasnet import FORMS, parse_objective
from nasbench_mobile.report.labels import latency_label
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.reproduction_plots import AblationPanel, draw_ablation
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly, on
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Picture,
    ResultTable,
    RunStudy,
    study_runs,
)
from nasbench_mobile.reproduce.experiments.checks import CheckRecord, StatementCheck, section_7_1
from nasbench_mobile.reproduce.paper import PAPER_TARGET_MS
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.types import Measurement, StrategySpec

SAMPLES = 3000
OTHER_TARGETS_MS = (22.0, 50.0)
"""Targets at which the soft search is repeated to show that T does not move it."""


CHECKED = "ppo"
"""The paper's strategy: its runs alone decide the claims."""

CLAIMS = ("hard-concentrates", "soft-spreads", "soft-mode", "soft-both-ends", "soft-several")
"""Section 7.1's checks, by their numbers less one."""

CONSTANT = 1e-9
"""Relative spread of a ratio of rewards that still is one constant: rounding alone gives 1e-15."""


@dataclass(frozen=True)
class Ablation:
    """What the ablation runs. The paper: PPO, 3,000 samples (Fig. 6); 10 seeds are ours."""

    strategies: tuple[StrategySpec, ...]
    samples: int
    seeds: int
    benchmark: str = "imagenet-pixel1"


QUICK_SAMPLES, QUICK_SEEDS = 600, 3
"""A small form that shows the machinery, not the verdict."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Run (or go on with) the searches, draw `figure6-STRATEGY.png`, answer the five checks.

    The claims are judged by the runs of `CHECKED`; where others alone were asked for, by theirs.
    """
    ablation = Ablation(
        setting.strategies or (StrategySpec(CHECKED),),
        setting.samples or (QUICK_SAMPLES if setting.quick else SAMPLES),
        setting.seeds or (QUICK_SEEDS if setting.quick else 10),
    )
    benchmark = load_benchmark(ablation.benchmark)
    panels = {
        form: _study(ablation, benchmark, form, PAPER_TARGET_MS, folder, run_study)
        for form in FORMS
    }
    moved = {
        target: _study(ablation, benchmark, "soft", target, folder, run_study)
        for target in OTHER_TARGETS_MS
    }
    parts = {spec.label: _part(spec, panels, moved, folder) for spec in ablation.strategies}
    result = {
        "figure": "MnasNet Fig. 6 and section 7.1",
        "benchmark": benchmark.identifier,
        "target_ms": PAPER_TARGET_MS,
        "samples": ablation.samples,
        "seeds": list(range(ablation.seeds)),
        "exponents": {form: list(exponents) for form, exponents in FORMS.items()},
        "strategies": {label: part.record for label, part in parts.items()},
    }
    judge = parts.get(CHECKED) or next(iter(parts.values()))
    return ExperimentOutcome(
        result,
        [*_verdicts(judge, benchmark), _target_verdict(judge)],
        tables=[_table(label, part) for label, part in parts.items()],
        pictures=[
            Picture(part.record["picture"], f"Fig. 6 by {label}: hard and soft, one seed each")
            for label, part in parts.items()
        ],
        said=[sentence for part in parts.values() for sentence in _said(part)],
    )


class _Ends(TypedDict):
    least: float
    greatest: float


class _Moved(TypedDict):
    """The soft searches with another target beside those with T."""

    target_ms: float
    reward_ratio: _Ends
    """Reward under this target over that under T, over all samples of the searches with T; equal
    ends (to rounding) mean one constant, so one ranking."""
    runs_with_identical_proposals: int
    runs: int
    median_latency_ms: float


class _Invariance(TypedDict):
    """Where the soft searches with T went, and those with other targets."""

    target_ms: float
    median_latency_ms: float
    others: list[_Moved]


class _Cpu(TypedDict):
    """Seconds of all runs with each form."""

    hard: float
    soft: float


class _PartRecord(TypedDict):
    """One strategy's half of the result as JSON."""

    checks: list[CheckRecord]
    cpu_s: _Cpu
    target_invariance: _Invariance
    picture: str


@dataclass(frozen=True)
class _Part:
    """One strategy's half of the result, and its checks."""

    checks: list[StatementCheck]
    record: _PartRecord


def _part(
    spec: StrategySpec, panels: dict[str, list[Run]], moved: dict[float, list[Run]], folder: Path
) -> _Part:
    hard, soft = (_of(panels[form], spec) for form in ("hard", "soft"))
    picture = folder / f"figure6-{spec.name}.png"
    save(draw_ablation([_panel("hard", hard), _panel("soft", soft)]), picture)
    checks = section_7_1(hard, soft, PAPER_TARGET_MS)
    record: _PartRecord = {
        "checks": [check.to_json() for check in checks],
        "cpu_s": {"hard": _cpu_s(hard), "soft": _cpu_s(soft)},
        "target_invariance": _invariance(
            soft, {target: _of(runs, spec) for target, runs in moved.items()}
        ),
        "picture": picture.name,
    }
    return _Part(checks, record)


def _verdicts(part: _Part, benchmark: Benchmark) -> Iterator[ClaimVerdict]:
    for claim, check in zip(CLAIMS, part.checks, strict=True):
        detail = f"{check.figure}: {check.mean:.3g} ({interval_text(check.interval)})"
        if check.answer == "undecided":
            detail += "; undecided, so not shown"
        yield on(benchmark.identifier, claim, check.answer == "yes", detail)


def _target_verdict(part: _Part) -> ClaimVerdict:
    """The ratio of rewards under another target is one constant, so T has no say."""
    spreads = []
    for other in part.record["target_invariance"]["others"]:
        ratio = other["reward_ratio"]
        spreads.append(ratio["greatest"] / ratio["least"] - 1.0)
    detail = (
        f"rewards at {' and '.join(f'{target:g}' for target in OTHER_TARGETS_MS)} ms are those at "
        f"{PAPER_TARGET_MS:g} ms times one constant (to {max(spreads):.0e}): one ranking, "
        "one search"
    )
    return exactly("target-of-soft", max(spreads) > CONSTANT, detail)


def _table(label: str, part: _Part) -> ResultTable:
    rows = [
        {
            "statement": check.statement,
            "answer": check.answer,
            "mean": check.mean,
            "ci95": interval_text(check.interval),
            "figure": check.figure,
        }
        for check in part.checks
    ]
    headings = {
        "statement": "statement", "answer": "holds?", "mean": "mean", "ci95": "95 %",
        "figure": "figure",
    }  # fmt: skip
    return ResultTable(
        f"figure6-{label}", f"{label}, T = {PAPER_TARGET_MS:g} ms, section 7.1", headings, rows
    )


def _said(part: _Part) -> Iterator[str]:
    invariance = part.record["target_invariance"]
    for other in invariance["others"]:
        ratio = other["reward_ratio"]
        yield (
            f"soft at T = {other['target_ms']:g} ms: every reward is that at "
            f"{invariance['target_ms']:g} ms times {_ratio(ratio)}; median latency "
            f"{other['median_latency_ms']:.1f} ms "
            f"against {invariance['median_latency_ms']:.1f} ms"
        )


def _ratio(ratio: _Ends) -> str:
    least, greatest = f"{ratio['least']:.6f}", f"{ratio['greatest']:.6f}"
    return least if least == greatest else f"{least} to {greatest}"


def interval_text(interval: tuple[float, float] | None) -> str:
    """`0.1 to 0.2`, or a dash."""
    return "-" if interval is None else f"{interval[0]:.3g} to {interval[1]:.3g}"


def _study(
    ablation: Ablation,
    benchmark: Benchmark,
    form: str,
    target_ms: float,
    folder: Path,
    run_study: RunStudy,
) -> list[Run]:
    plan = Plan(
        benchmark=benchmark.with_objective(form, target_ms),
        strategies=ablation.strategies,
        seeds=tuple(range(ablation.seeds)),
        budget=ablation.samples,
    )
    return study_runs(folder, f"figure6/{form}-{target_ms:g}ms", plan, run_study)


def _of(runs: Sequence[Run], spec: StrategySpec) -> list[Run]:
    return [run for run in runs if run.header.strategy == spec]


def _panel(form: str, runs: Sequence[Run]) -> AblationPanel:
    """The panel of the first seed, as the paper shows one run of each."""
    run = runs[0]
    table = columns(run)
    alpha, beta = FORMS[form]
    return AblationPanel(
        title=f"{form}: α = {alpha:g}, β = {beta:g}",
        accuracy=table.accuracy[table.ok],
        latency_ms=table.latency_ms[table.ok],
        target_ms=PAPER_TARGET_MS,
        latency_label=latency_label(run.header.benchmark),
    )


def _cpu_s(runs: Sequence[Run]) -> float:
    return sum(run.timing.ask_tell_s + run.timing.evaluate_s for run in runs)


def _invariance(soft: Sequence[Run], moved: dict[float, list[Run]]) -> _Invariance:
    """With alpha = beta the target only rescales rewards: shown on the samples and by searching.

    Rank-based strategies repeat their proposals exactly; PPO's step depends on the
    size of rewards, so its runs differ while its aim does not.
    """
    measured = [t.measurement for run in soft for t in run.trials if t.measurement]
    here = np.array(_rewards(measured, PAPER_TARGET_MS))
    rows: list[_Moved] = []
    for target, runs in moved.items():
        ratios = np.array(_rewards(measured, target)) / here
        same = sum(_tokens(a) == _tokens(b) for a, b in zip(soft, runs, strict=True))
        rows.append(
            {
                "target_ms": target,
                "reward_ratio": {"least": float(ratios.min()), "greatest": float(ratios.max())},
                "runs_with_identical_proposals": same,
                "runs": len(runs),
                "median_latency_ms": _median_ms(runs),
            }
        )
    return {"target_ms": PAPER_TARGET_MS, "median_latency_ms": _median_ms(soft), "others": rows}


def _rewards(measured: Sequence[Measurement], target_ms: float) -> list[float]:
    objective = parse_objective("soft", target_ms)
    return [objective(m) for m in measured]


def _tokens(run: Run) -> list[tuple[int, ...]]:
    return [trial.tokens for trial in run.trials]


def _median_ms(runs: Sequence[Run]) -> float:
    return float(np.median(np.concatenate([columns(run).latency_ms for run in runs])))


EXPERIMENT = Experiment(
    "figure6",
    "Figure 6: hard against soft latency constraint",
    "what each form of the reward makes a search sample, and section 7.1's five statements",
    run,
    frozenset({"strategies", "seeds", "samples"}),
)
