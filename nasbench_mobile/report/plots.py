"""What all plots have in common: their size, plain axes, and how they are written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SIZE = (6.0, 4.0)
"""The size of a figure in inches: a journal's column and a half."""

DPI = 160

MARGIN = 0.03
"""The share of an axis left free beside the outermost trials: our choice, a dot's width."""

GREY = "#666666"
"""Of what is said beside a drawing."""


class Picture(Figure):
    """A figure that a notebook shows as the image that the report has, without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        save(self, buffer)
        return buffer.getvalue()


def save(figure: Figure, path: Path | IO[bytes]) -> None:
    """Write a figure as PNG, laid out and drawn once; matplotlib alone would draw it twice."""
    figure.set_dpi(DPI)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    figure.savefig(path, dpi=DPI, format="png", metadata={"Software": None})


def one_plot(height: float = SIZE[1]) -> tuple[Figure, Axes]:
    """A figure `height` inches high with one plot, whose axes are plain."""
    figure = Picture(figsize=(SIZE[0], height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    strip(axes)
    return figure, axes


def strip(axes: Axes) -> None:
    """Leave no frame at the top and the right, and small figures at the ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
