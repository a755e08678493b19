"""Drawings of Fig. 2 and 5: the paper's ranges, and no point of ours outside them."""

from __future__ import annotations

from nasbench_mobile.report.reproduction_plots import Series, draw_points


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
