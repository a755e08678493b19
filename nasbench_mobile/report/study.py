"""Writes a study's report into a folder: CSV, JSON, plots and the page."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.protocols import BenchmarkObjective
from nasbench_mobile.report import plots
from nasbench_mobile.report.comparison import Comparison, compare_runs
from nasbench_mobile.report.html import page
from nasbench_mobile.report.tables import Describe, summarise
from nasbench_mobile.report.trials import write_trials
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.runs import Run
from nasbench_mobile.types import Tokens

DRAWN = 3
"""Best architectures that the page draws: our choice, a row on a wide screen."""

_PLOTS: tuple[tuple[str, str, Callable[[Comparison], Any]], ...] = (
    ("anytime", "Best reward so far, scored without noise, over evaluations", plots.draw_anytime),
    ("final", "Final best reward of every seed, with interval", plots.draw_final),
    ("pareto", "Accuracy and latency: fronts and samples", plots.draw_fronts),
    ("latency", "Latencies that each strategy sampled", plots.draw_latencies),
)


def write_report(
    folder: Path,
    runs: Sequence[Run],
    describe: Describe | None = None,
    *,
    draw: Callable[[Tokens], str] | None = None,
    command: str | None = None,
    objective: BenchmarkObjective | None = None,
) -> dict[str, Any]:
    """Write trials.csv, summary.json, plots/*.png and report.html; return the summary.

    `describe` and `draw` turn tokens into words and an `<svg>` element; `command` is the one that
    made the study (default: what the runs' environment says); `objective` scores them, if it is
    a user's own, which logs cannot hold. Each file is replaced whole or not
    at all. Errors: those of `compare_runs`, and `NasbenchError` where a file cannot be written.
    """
    comparison = compare_runs(runs, objective)
    summary = summarise(comparison, describe)
    summary["verdict"] = verdict(summary)
    with _replace(folder / "trials.csv") as file:
        write_trials(file, runs, comparison.objective)
    with _replace(folder / "summary.json") as file:
        json.dump(summary, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    drawn = []
    for name, caption, make in _PLOTS:
        png = _png(make(comparison))
        with _replace(folder / "plots" / f"{name}.png", binary=True) as file:
            file.write(png)
        drawn.append((caption, png))
    best = summary["best_architectures"][:DRAWN]
    drawings = [draw(tuple(row["tokens"])) for row in best] if draw is not None else []
    with _replace(folder / "report.html") as file:
        file.write(page(comparison, summary, drawn, drawings, command))
    return summary


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    plots.save(figure, buffer)
    return buffer.getvalue()


@contextmanager
def _replace(path: Path, *, binary: bool = False) -> Iterator[Any]:
    """A file to write that takes the place of `path` once it is complete."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (
                part.open("wb") if binary else part.open("w", encoding="utf-8", newline="") as file
            ):
                yield file
            os.replace(part, path)
        finally:
            with suppress(OSError):  # gone already where all went well
                part.unlink()
    except OSError as error:
        raise NasbenchError(
            f"{path} cannot be written: {error.strerror or error}. The event logs are untouched; "
            "make room or choose another folder and run `nasbench-mobile report` again"
        ) from error
