"""Points and lines of the paper's Fig. 2 and 5 and of what we set beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
    names: Sequence[tuple[Any, Any, Any]] = (),
) -> Figure:
    """Series in one pair of axes with the paper's ranges; `names` are (x, y, text)."""
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
    for at_x, at_y, text in names:
        axes.annotate(
            str(text), (float(at_x), float(at_y)), xytext=(5, 5), textcoords="offset points",
            fontsize=7.5, color="#444444",
        )  # fmt: skip
    if x_range is not None:
        axes.set_xlim(*x_range)
    if y_range is not None:
        axes.set_ylim(*y_range)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.grid(color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=7.5, framealpha=0.85)
    return figure
