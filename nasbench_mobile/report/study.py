"""Writes a study's report into a folder: CSV, JSON, plots and the page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from matplotlib.figure import Figure

from nasbench_mobile.errors import NasbenchError, UnknownNameError
from nasbench_mobile.files.atomic_files import replacing
from nasbench_mobile.printable import json_printable
from nasbench_mobile.protocols import BenchmarkObjective
from nasbench_mobile.report.comparison import Comparison, compare_runs
from nasbench_mobile.report.comparison_plots import (
    draw_anytime,
    draw_final,
    draw_fronts,
    draw_latencies,
)
from nasbench_mobile.report.html import page
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.summary import WrittenSummary
from nasbench_mobile.report.tables import Describe, summarise
from nasbench_mobile.report.trials import write_trials
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Tokens

DRAWN = 3
"""How many of the best architectures the page draws: our choice, a row on a wide screen."""

PLOTS: tuple[tuple[str, str, Callable[[Comparison], Figure]], ...] = (
    ("anytime", "Best reward so far, scored without noise, over proposals", draw_anytime),
    ("final", "Final best reward of every seed", draw_final),
    ("pareto", "Accuracy and latency: fronts and trials", draw_fronts),
    ("latency", "Latencies that each strategy proposed", draw_latencies),
)
"""Name, caption, and what draws it."""


def write_report(
    folder: Path,
    runs: Sequence[Run],
    describe: Describe | None = None,
    *,
    draw: Callable[[Tokens], str] | None = None,
    command: str | None = None,
    objective: BenchmarkObjective | None = None,
    notes: Sequence[str] = (),
) -> WrittenSummary:
    """Write trials.csv, summary.json, plots/*.png and report.html; return the summary.

    `describe` and `draw` turn tokens into words and an `<svg>` element; `command` is the one that
    made the study (default: what the runs' environment says); `objective` scores them, if it is
    a user's own, which logs cannot hold; `notes` are sentences that stand beside the results. Each
    file is replaced whole or not at all. Errors: those of `compare_runs`, and `NasbenchError` where
    a file cannot be written.
    """
    comparison = compare_runs(runs, objective)
    figures = summarise(comparison, describe)
    summary: WrittenSummary = {**figures, "verdict": verdict(figures), "notes": list(notes)}
    with (
        _replacing(folder / "trials.csv") as file,
        io.TextIOWrapper(file, encoding="utf-8", newline="") as lines,
    ):
        write_trials(lines, runs, comparison.objective)
    with _replacing(folder / "summary.json") as file:
        text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)
        file.write(f"{json_printable(text)}\n".encode())
    drawn = []
    for name, caption, make in PLOTS:
        png = _png(make(comparison))
        with _replacing(folder / "plots" / f"{name}.png") as file:
            file.write(png)
        drawn.append((caption, png))
    best = summary["best_architectures"][:DRAWN]
    drawings = [draw(tuple(row["tokens"])) for row in best] if draw is not None else []
    with _replacing(folder / "report.html") as file:
        file.write(page(comparison, summary, drawn, drawings, command).encode())
    return summary


def draw(name: str, comparison: Comparison) -> Figure:
    """The plot of a name in `PLOTS`; `UnknownNameError` says which there are."""
    makes = {known: make for known, _, make in PLOTS}
    if name not in makes:
        raise UnknownNameError("plot", name, makes)
    return makes[name](comparison)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    save(figure, buffer)
    return buffer.getvalue()


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Replace a file as `replacing` does, and say what to do where that fails."""
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise NasbenchError(
            f"{path} cannot be written: {error.strerror or error}. The event logs are untouched; "
            "make room or choose another folder and run `nasbench-mobile report` again"
        ) from error
