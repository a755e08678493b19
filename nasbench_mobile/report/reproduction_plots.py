"""The paper's Fig. 2, 3, 5 and 6, and what we set beside them, without global state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from numpy.typing import ArrayLike

from nasbench_mobile.metrics.pareto import front
from nasbench_mobile.report.plots import GREY, MARGIN, SIZE, one_plot, strip

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's (see `labels`)."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y), how they are marked, and whether a line joins them.

    `colour` is a place in `COLOURS`; None takes the series' own place in the drawing.
    """

    label: str
    points: Sequence[tuple[Any, Any]]
    marker: str = "o"
    line: bool = True
    colour: int | None = None


def draw_points(
    series: Sequence[Series],
    *,
    x: str,
    y: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    ticks: tuple[float, float] | None = None,
    names: Sequence[tuple[Any, Any, Any]] = (),
    legend: Literal["best", "lower right"] = "best",
) -> Figure:
    """Series in one pair of axes; `names` are (x, y, text), above points to their left,
    where curves that rise leave room; `legend` is a place in matplotlib's words.

    `x_range` and `y_range` are the paper's, widened to the next of its `ticks` (their distances
    along x and y) where a point of ours lies outside: none is cut off.
    """
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    for position, one in enumerate(series):
        place = position if one.colour is None else one.colour
        points = sorted(one.points)
        axes.plot(
            [float(point[0]) for point in points],
            [float(point[1]) for point in points],
            color=COLOURS[place % len(COLOURS)],
            marker=one.marker,
            linestyle="-" if one.line else "none",
            linewidth=1.4,
            markersize=5,
            label=one.label,
        )
    every = [point for one in series for point in one.points]
    for place, (limits, axis) in enumerate(((x_range, axes.xaxis), (y_range, axes.yaxis))):
        step = None if ticks is None else ticks[place]
        if step is not None:
            axis.set_major_locator(MultipleLocator(step))
        if limits is not None:
            values = [float(point[place]) for point in every]
            (axes.set_ylim if place else axes.set_xlim)(*_widened(limits, values, step or 0.0))
    for at_x, at_y, text in names:
        axes.annotate(
            str(text), (float(at_x), float(at_y)), xytext=(-5, 5),
            textcoords="offset points", ha="right", fontsize=7.5, color="#444444",
        )  # fmt: skip
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc=legend, fontsize=7.5, framealpha=0.85)
    return figure


def _widened(
    limits: tuple[float, float], values: Sequence[float], step: float
) -> tuple[float, float]:
    """Limits that hold all values, moved by whole steps (or just as far, where there are none)."""
    low, high = min(*limits, *values), max(*limits, *values)
    if step > 0:
        low = limits[0] - step * math.ceil((limits[0] - low) / step)
        high = limits[1] + step * math.ceil((high - limits[1]) / step)
    return low, high


@dataclass(frozen=True, slots=True, eq=False)
class AblationPanel:
    """One panel of the paper's Fig. 6: accuracies (fractions) and latencies (ms) of `(samples,)`.

    `latency_label` names the device and whether the figure is an estimate.
    """

    title: str
    accuracy: ArrayLike
    latency_ms: ArrayLike
    target_ms: float
    latency_label: str = "Latency (ms)"


def draw_ablation(panels: Sequence[AblationPanel]) -> Figure:
    """Draw Fig. 6 of MnasNet: trials with their Pareto curve above, latency histogram below.

    The panels share their axes. The latency ticks are the paper's (50, 75, 100 ms) and go on
    beyond; its accuracy ticks are of a proxy task and do not apply.
    """
    figure = Figure(figsize=(max(SIZE[0], 3.1 * len(panels)), 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(
        2, len(panels), sharex=True, sharey="row", squeeze=False,
        gridspec_kw={"height_ratios": [2, 1]},
    )  # fmt: skip
    clouds = [
        (100 * np.asarray(panel.accuracy, float), np.asarray(panel.latency_ms, float))
        for panel in panels
    ]
    pooled = np.concatenate([latency for _, latency in clouds])
    # No sample is cut off, and the paper's ticks are inside.
    low, high = min(pooled.min(), 45.0), max(pooled.max(), 105.0)
    bins = np.linspace(low, high, 61)
    for column, (panel, (accuracy, latency_ms)) in enumerate(zip(panels, clouds, strict=True)):
        top, bottom = grid[0, column], grid[1, column]
        top.scatter(
            latency_ms, accuracy, s=4, color="#56B4E9", alpha=0.4, linewidths=0, rasterized=True,
            label="sampled models",
        )  # fmt: skip
        curve = front(accuracy, latency_ms)
        top.plot(
            latency_ms[curve], accuracy[curve], color="#D55E00", linewidth=1.4, marker="o",
            markersize=2.5, label="Pareto curve",
        )  # fmt: skip
        bottom.hist(latency_ms, bins=bins, color="#0072B2")
        for axes in (top, bottom):
            axes.axvline(
                panel.target_ms, color="black", linewidth=1, linestyle="--",
                label=f"target T = {panel.target_ms:g} ms",
            )  # fmt: skip
            strip(axes)
        top.set_title(panel.title, fontsize=10)
        bottom.set_xlabel(panel.latency_label, fontsize=9)
        bottom.xaxis.set_major_locator(MultipleLocator(25))
        bottom.set_xlim(low - MARGIN * (high - low), high + MARGIN * (high - low))
    accuracies = np.concatenate([accuracy for accuracy, _ in clouds])
    span = max(np.ptp(accuracies), 0.1)
    grid[0, 0].set_ylim(accuracies.min() - MARGIN * span, accuracies.max() + 2 * MARGIN * span)
    grid[0, 0].set_ylabel("Top-1 accuracy (%)")
    grid[1, 0].set_ylabel("Models sampled")
    grid[0, 0].legend(loc="lower right", fontsize=7.5, markerscale=2, framealpha=0.85)
    return figure


def draw_figure3(
    latency_ms: ArrayLike,
    hard: ArrayLike,
    soft: ArrayLike,
    *,
    target_ms: float = 80.0,
    printed: Sequence[tuple[float, float, float]] = (),
) -> Figure:
    """Draw Fig. 3 of MnasNet: both rewards of one accuracy (0.5) against latency.

    Arrays of shape `(points,)`; `printed` are the paper's own (ms, hard, soft), as circles.
    Ticks are the paper's: 20 to 160 ms, rewards 0.2, 0.4, 0.6.
    """
    figure, axes = one_plot()
    axes.plot(latency_ms, hard, color="#D55E00", linestyle="--", linewidth=1.8)
    axes.plot(latency_ms, soft, color="#0072B2", linewidth=1.8)
    axes.axvline(target_ms, color=GREY, linewidth=1, linestyle=":")
    for place, colour in ((1, "#D55E00"), (2, "#0072B2")):
        axes.plot(
            [row[0] for row in printed], [row[place] for row in printed], marker="o",
            linestyle="none", markersize=4.5, markerfacecolor="white", color=colour,
        )  # fmt: skip
    axes.annotate(f"T = {target_ms:g} ms", (target_ms, 0.21), xytext=(4, 0),
                  textcoords="offset points", fontsize=9, color=GREY)  # fmt: skip
    axes.set_xlim(20, 160)
    axes.set_ylim(0.2, 0.6)
    axes.set_xticks(range(20, 161, 20))
    axes.set_yticks([0.2, 0.4, 0.6])
    axes.set_xlabel("Model latency (ms)")
    axes.set_ylabel("Objective value")
    ends = [("hard: α = 0, β = −1", hard, "#D55E00"), ("soft: α = β = −0.07", soft, "#0072B2")]
    x = np.asarray(latency_ms, float)
    at = float(np.quantile(x, 0.72))
    for text, curve, colour in ends:
        y = float(np.interp(at, x, np.asarray(curve, float)))
        axes.annotate(text, (at, y), xytext=(6, 8), textcoords="offset points", color=colour,
                      fontsize=10)  # fmt: skip
    return figure
