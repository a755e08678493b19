"""Fig. 6 of MnasNet: what a hard and a soft latency constraint make a search sample.

One factor varies, the exponents of the reward: same strategy, space, evaluators, target, budget
and seeds. On the surrogate benchmark, which says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.metrics.columns import columns
from nasbench_mobile.objective import FORMS, parse_objective
from nasbench_mobile.plan import Plan
from nasbench_mobile.report.labels import latency_label
from nasbench_mobile.report.plots import AblationPanel, draw_ablation, save
from nasbench_mobile.reproduce.checks import section_7_1
from nasbench_mobile.runs import Run
from nasbench_mobile.study import Study, write_atomically
from nasbench_mobile.types import Measurement, StrategySpec

TARGET_MS = 75.0
SAMPLES = 3000
OTHER_TARGETS_MS = (22.0, 50.0)
"""Targets at which the soft search is repeated to show that T does not move it."""


@dataclass(frozen=True)
class Setting:
    """What the ablation runs. The paper: PPO, 3,000 samples (Fig. 6); 10 seeds are ours."""

    strategies: tuple[StrategySpec, ...] = (StrategySpec("ppo"),)
    samples: int = SAMPLES
    seeds: int = 10
    benchmark: str = "imagenet-pixel1"


QUICK = Setting(samples=600, seeds=3)
"""A small form that shows the machinery, not the verdict."""

RunStudy = Callable[[Study], None]


def reproduce(setting: Setting, out: Path, run_study: RunStudy) -> dict[str, Any]:
    """Run (or go on with) the searches, draw `figure6-STRATEGY.png`, answer the five checks.

    `run_study` runs a study to its end, however the caller likes. The result is written to
    `figure6.json` and `figure6.csv` (the checks).
    """
    benchmark = load_benchmark(setting.benchmark)
    panels = {form: _study(setting, benchmark, form, TARGET_MS, out, run_study) for form in FORMS}
    result: dict[str, Any] = {
        "figure": "MnasNet Fig. 6 and section 7.1",
        "benchmark": benchmark.identifier,
        "target_ms": TARGET_MS,
        "samples": setting.samples,
        "seeds": list(range(setting.seeds)),
        "exponents": {form: list(exponents) for form, exponents in FORMS.items()},
        "strategies": {},
    }
    moved = {
        target: _study(setting, benchmark, "soft", target, out, run_study)
        for target in OTHER_TARGETS_MS
    }
    for spec in setting.strategies:
        hard, soft = (_of(panels[form], spec) for form in ("hard", "soft"))
        figure = draw_ablation([_panel("hard", hard), _panel("soft", soft)])
        picture = out / f"figure6-{spec.name}.png"
        save(figure, picture)
        result["strategies"][spec.label] = {
            "checks": [check.to_json() for check in section_7_1(hard, soft, TARGET_MS)],
            "cpu_s": {"hard": _cpu_s(hard), "soft": _cpu_s(soft)},
            "target_invariance": _invariance(
                soft, {target: _of(runs, spec) for target, runs in moved.items()}
            ),
            "picture": picture.name,
        }
    write_atomically(out / "figure6.json", json.dumps(result, indent=2) + "\n")
    return result


def _study(
    setting: Setting,
    benchmark: Benchmark,
    form: str,
    target_ms: float,
    out: Path,
    run_study: RunStudy,
) -> list[Run]:
    plan = Plan(
        benchmark=benchmark.with_objective(form, target_ms),
        strategies=setting.strategies,
        seeds=tuple(range(setting.seeds)),
        budget=setting.samples,
    )
    study = Study.create(out / f"{form}-{target_ms:g}ms", plan)
    run_study(study)
    return study.runs()


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
        target_ms=TARGET_MS,
        latency_label=latency_label(run.header.benchmark),
    )


def _cpu_s(runs: Sequence[Run]) -> float:
    return sum(run.timing.ask_tell_s + run.timing.evaluate_s for run in runs)


def _invariance(soft: Sequence[Run], moved: dict[float, list[Run]]) -> dict[str, Any]:
    """With alpha = beta the target only rescales rewards: shown on the samples and by searching.

    `reward_ratio`: reward under another target over that under T, least and greatest over all
    samples; equal (to rounding) means one constant, so one ranking. `median_latency_ms`: where the
    searches went. Rank-based strategies repeat their proposals exactly; PPO's step depends on the
    size of rewards, so its runs differ while its aim does not.
    """
    measured = [t.measurement for run in soft for t in run.trials if t.measurement]
    here = np.array(_rewards(measured, TARGET_MS))
    rows = []
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
    return {"target_ms": TARGET_MS, "median_latency_ms": _median_ms(soft), "others": rows}


def _rewards(measured: Sequence[Measurement], target_ms: float) -> list[float]:
    objective = parse_objective("soft", target_ms)
    return [objective(m) for m in measured]


def _tokens(run: Run) -> list[tuple[int, ...]]:
    return [trial.tokens for trial in run.trials]


def _median_ms(runs: Sequence[Run]) -> float:
    return float(np.median(np.concatenate([columns(run).latency_ms for run in runs])))
