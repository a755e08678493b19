"""Fig. 3 of MnasNet: the two rewards over latency, accuracy 0.5, T = 80 ms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench_mobile.objectives.mnasnet import parse_objective
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.reproduction_plots import draw_figure3
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Number,
    Picture,
    ResultTable,
    RunStudy,
    numbers,
)
from nasbench_mobile.types import Measurement

ACCURACY = 0.5
FIGURE_3_TARGET_MS = 80.0
LATENCIES_MS = tuple(range(20, 161, 20))
"""Where the figure has its ticks."""

SIX_DIGITS = 5e-7
"""How far a value may be from one that is given to six digits."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Both curves at the figure's ticks and, beside the figure's own values, every 5 ms.

    `result`: {"figure", "accuracy", "target_ms", "latency_ms": [...], "hard": [...], "soft": [...]}
    """
    result: dict[str, Any] = {
        "figure": "MnasNet Fig. 3",
        "accuracy": ACCURACY,
        "target_ms": FIGURE_3_TARGET_MS,
        "latency_ms": list(LATENCIES_MS),
    }
    for form in ("hard", "soft"):
        result[form] = [round(value, 6) for value in curve(form, LATENCIES_MS)]
    fine = [20.0 + step for step in range(141)]
    figure = draw_figure3(
        fine,
        curve("hard", fine),
        curve("soft", fine),
        printed=[
            (float(str(ms)), float(str(hard)), float(str(soft)))
            for ms, hard, soft in paper.FIGURE_3.rows
        ],
    )
    save(figure, folder / "figure3.png")
    rows = [
        {"latency_ms": ms, "hard": f"{hard:.4f}", "soft": f"{soft:.4f}"}
        for ms, hard, soft in zip(result["latency_ms"], result["hard"], result["soft"], strict=True)
    ]
    headings = {"latency_ms": "latency (ms)", "hard": "hard", "soft": "soft"}
    beside = numbers(
        paper.FIGURE_3, lambda key, column: (_reward(column, float(str(key[0]))), "Eq. 2")
    )
    return ExperimentOutcome(
        result,
        [_verdict("hard", beside), _verdict("soft", beside)],
        beside,
        [ResultTable("figure3", "Rewards of one accuracy (0.5)", headings, rows)],
        [Picture("figure3.png", "Fig. 3: both rewards over latency; circles: the paper's")],
    )


def curve(form: str, latencies_ms: Sequence[float]) -> list[float]:
    """The reward of `form` at each latency (ms)."""
    objective = parse_objective(form, FIGURE_3_TARGET_MS)
    return [objective(Measurement(ACCURACY, float(ms))) for ms in latencies_ms]


def _reward(column: str, latency_ms: float) -> float:
    return curve(column.partition("_")[0], [latency_ms])[0]


def _verdict(form: str, beside: Sequence[Number]) -> ClaimVerdict:
    off = [
        abs(number.ours - number.paper)
        for number in beside
        if number.column.startswith(form) and number.ours is not None
    ]
    detail = f"{len(off)} latencies, largest difference {max(off):.1e}"
    return exactly(f"figure3-{form}", max(off) <= SIX_DIGITS, detail)


EXPERIMENT = Experiment(
    "figure3",
    "Figure 3: the hard and the soft reward",
    "what each form of the reward makes of a latency",
    run,
)
