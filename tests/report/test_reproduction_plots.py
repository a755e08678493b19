"""Drawings of Fig. 2 and 5: the paper's ranges, and no point of ours outside them."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.text import Annotation

from nasbench_mobile.report.reproduction_plots import COLOURS, Series, draw_points


def test_ranges_are_the_papers_where_every_point_lies_inside() -> None:
    series = [Series("printed", [(20, 61.0), (70, 75.0)])]
    (axes,) = draw_points(
        series, x="ms", y="%", x_range=(10, 80), y_range=(58, 76), ticks=(10, 2)
    ).axes
    assert axes.get_xlim() == (10, 80)
    assert axes.get_ylim() == (58, 76)
    assert {10, 20, 80} <= set(axes.get_xticks())


def test_a_point_outside_widens_its_range_to_the_next_tick() -> None:
    series = [Series("printed", [(20, 61.0)]), Series("ours", [(84.2, 57.9)], line=False)]
    (axes,) = draw_points(
        series, x="ms", y="%", x_range=(10, 80), y_range=(58, 76), ticks=(10, 2)
    ).axes
    assert axes.get_xlim() == (10, 90)
    assert axes.get_ylim() == (56, 76)


def test_a_range_is_widened_by_whole_ticks_at_the_end_that_needs_it() -> None:
    def limits(*values: float) -> tuple[float, float]:
        series = [Series("ours", [(value, 60.0) for value in values])]
        (axes,) = draw_points(series, x="ms", y="%", x_range=(10, 80), ticks=(10, 2)).axes
        left, right = axes.get_xlim()
        return left, right

    assert limits(10, 80) == (10, 80)  # at the ends is inside
    assert limits(9, 50) == (0, 80)
    assert limits(-11, 50) == (-20, 80)
    assert limits(50, 101) == (10, 110)
    assert limits(0, 100) == (0, 100)


def test_without_ticks_a_range_is_widened_just_as_far() -> None:
    series = [Series("ours", [(9.0, 57.0), (84.5, 60.0)])]
    (axes,) = draw_points(series, x="ms", y="%", x_range=(10, 80), y_range=(58, 76)).axes
    assert axes.get_xlim() == (9.0, 84.5)
    assert axes.get_ylim() == (57.0, 76.0)


def test_series_are_joined_in_order_of_x_in_their_own_colours() -> None:
    series = [
        Series("a", [(30, 3.0), (10, 1.0), (20, 2.0)], "s"),
        Series("b", [(10, 5.0)], "x", line=False),
        Series("c", [(10, 6.0)], colour=0),
        Series("d", [(10, 7.0)], colour=len(COLOURS) + 2),
    ]
    (axes,) = draw_points(series, x="ms", y="%", names=[(10, 5.0, "B")], legend="lower right").axes
    lines = axes.get_lines()
    assert np.asarray(lines[0].get_xydata()).tolist() == [[10, 1], [20, 2], [30, 3]]
    assert [line.get_linestyle() for line in lines] == ["-", "None", "-", "-"]
    assert [line.get_marker() for line in lines] == ["s", "x", "o", "o"]
    wanted = [COLOURS[0], COLOURS[1], COLOURS[0], COLOURS[2]]
    assert [to_hex(line.get_color()).upper() for line in lines] == wanted
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c", "d"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("ms", "%")
    [name] = axes.texts
    assert isinstance(name, Annotation)
    assert (name.get_text(), name.xy) == ("B", (10.0, 5.0))
    assert name.get_horizontalalignment() == "right"  # where rising curves leave room
