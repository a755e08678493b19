"""Points and lines of the paper's Fig. 2 and 5 and of what we set beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

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
