"""Plots of one search: its history and its front, as matplotlib figures without global state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nasbench_mobile.metrics.columns import Floats
from nasbench_mobile.report.plots import MARGIN, SIZE
from nasbench_mobile.report.search_summary import NetworkRow, SearchSummary
from nasbench_mobile.runs.run import Run

BLUE, ORANGE, GREY, BLACK = "#0072B2", "#D55E00", "#888888", "#000000"
"""Okabe and Ito's colours (see `labels`) and grey, each with a marker of its own."""


def draw_history(run: Run, summary: SearchSummary) -> Figure:
    """Accuracy and reward of every candidate, in the order they were told.

    Repeats are hollow squares, partial trainings small grey dots, failures crosses below; the line
    is the best reward of a full training so far.
    """
    figure = Figure(figsize=(SIZE[0], 1.35 * SIZE[1]), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True)
    _candidates(upper, run, [None if t.measurement is None else 100 * t.measurement.accuracy
                             for t in run.trials])  # fmt: skip
    upper.axhline(100 * summary["chance"], color=BLACK, linewidth=0.8, linestyle="--", zorder=0.5)
    upper.annotate(
        "guessing", (1.0, 100 * summary["chance"]), xycoords=("axes fraction", "data"),
        xytext=(-2, 3), textcoords="offset points", ha="right", fontsize=8,
    )  # fmt: skip
    _candidates(lower, run, [trial.reward for trial in run.trials])
    best = _best_so_far(run)
    if not np.isnan(best).all():
        lower.step(
            np.arange(1, len(best) + 1), best, where="post", color=ORANGE, linewidth=1.5,
            label="best so far", zorder=1,
        )  # fmt: skip
    upper.set_ylabel("Validation accuracy (%)", fontsize=9)
    lower.set_ylabel("Reward", fontsize=9)
    lower.set_xlabel("Candidate", fontsize=9)
    lower.set_xlim(0.4, len(run.trials) + 0.6)
    lower.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    handles = {
        label: handle
        for axes in (upper, lower)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=3, fontsize=8,
        frameon=False,
    )  # fmt: skip
    return figure


def draw_front(
    run: Run, rows: Sequence[NetworkRow], summary: SearchSummary, latency: str
) -> Figure:
    """Accuracy against latency of the networks trained in full, those on the front joined.

    `rows` are those networks, `latency` is the label of the axis.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _plain(axes)
    partial = [t for t in run.trials if t.measurement is not None and not t.counts]
    if partial:
        axes.plot(
            [t.measurement.latency_ms for t in partial if t.measurement],
            [100 * t.measurement.accuracy for t in partial if t.measurement],
            linestyle="none", marker=".", markersize=5, color=GREY, label="trained for less",
        )  # fmt: skip
    dominated = [row for row in rows if not row["front"]]
    if dominated:
        axes.plot(*_points(dominated), "o", color=BLUE, markersize=5, label="networks")
    chosen = sorted((row for row in rows if row["front"]), key=lambda row: row["latency_ms"])
    if chosen:
        axes.plot(
            *_points(chosen), color=ORANGE, linewidth=1.4, marker="s", markersize=6, label="front"
        )
    for row in (row for row in rows if row["rank"] == 1):
        axes.annotate(
            "highest reward", (row["latency_ms"], 100 * row["accuracy"]), xytext=(0, 8),
            textcoords="offset points", ha="center", fontsize=8,
        )  # fmt: skip
    axes.axvline(
        summary["target_ms"], color=BLACK, linewidth=0.8, linestyle="--", zorder=0.5,
        label=f"T = {summary['target_ms']:g} ms",
    )  # fmt: skip
    axes.axhline(
        100 * summary["chance"], color=BLACK, linewidth=1.2, linestyle=":", zorder=0.5,
        label="guessing",
    )  # fmt: skip
    axes.margins(0.08, 0.12)
    axes.set_xlabel(latency, fontsize=9)
    axes.set_ylabel("Validation accuracy (%)", fontsize=9)
    figure.legend(loc="outside upper center", ncols=5, fontsize=8, frameon=False)
    return figure


def _candidates(axes: Axes, run: Run, values: Sequence[float | None]) -> None:
    """Every candidate's value, in a look for what became of it; failures lie on the axis."""
    _plain(axes)
    kinds = {"trained in full": (BLUE, "o", BLUE, 5), "trained for less": (GREY, ".", GREY, 6),
             "repeat": (BLUE, "s", "white", 5)}  # fmt: skip
    groups: dict[str, list[tuple[int, float]]] = {kind: [] for kind in kinds}
    failed = []
    for number, (trial, value) in enumerate(zip(run.trials, values, strict=True), start=1):
        if value is None:
            failed.append(number)
        elif trial.repeat_of is not None:
            groups["repeat"].append((number, value))
        else:
            groups["trained in full" if trial.counts else "trained for less"].append(
                (number, value)
            )
    for kind, points in groups.items():
        colour, marker, face, size = kinds[kind]
        if points:
            axes.plot(
                *zip(*points, strict=True), linestyle="none", marker=marker, color=colour,
                markerfacecolor=face, markersize=size, label=kind,
            )  # fmt: skip
    if failed:
        axes.plot(
            failed, [MARGIN] * len(failed), linestyle="none", marker="x", color=BLACK,
            markersize=6, transform=axes.get_xaxis_transform(), clip_on=False, label="failed",
        )  # fmt: skip


def _best_so_far(run: Run) -> Floats:
    """Highest reward of a full training up to each candidate, of shape `(trials,)`; NaN before."""
    rewards = [
        trial.reward if trial.counts and trial.reward is not None else np.nan
        for trial in run.trials
    ]
    return np.fmax.accumulate(np.array(rewards, np.float64))


def _points(rows: Sequence[NetworkRow]) -> tuple[list[float], list[float]]:
    return [row["latency_ms"] for row in rows], [100 * row["accuracy"] for row in rows]


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
