"""How figures are put into words, the same on a terminal and on the page."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from nasbench_mobile.report.summary import Figure, StrategyRow, Summary

NOTHING = "–"
"""Stands where there is no figure."""


WORSE = "\N{DOWNWARDS ARROW}"
"""Stands beside a p-value whose test points to the worse side."""


def headline(summary: Summary) -> str:
    """Benchmark, reward, target, budget and seeds in a line."""
    objective = summary["objective"]
    seeds = {len(row["seeds"]) for row in summary["strategies"]}
    counted = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    unit = summary["budget_unit"].removesuffix("s" if summary["budget"] == 1 else "")
    return (
        f"{summary['benchmark']}, {objective['name']} reward, T = {objective['target_ms']:g} ms, "
        f"{summary['budget']:,} {unit}, seeds: {counted}"
    )


def listed(names: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *head, tail = names
    return f"{', '.join(head)} {last} {tail}" if head else tail


def counted(count: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def every_seed(count: int) -> str:
    """`its only seed`, `both seeds`, `all 5 seeds`."""
    return {1: "its only seed", 2: "both seeds"}.get(count, f"all {count:,} seeds")


def number(value: float | None, digits: int) -> str:
    """A figure, or a dash where there is none."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int) -> str:
    """A difference with its sign, 0 where it is exactly that, or a dash."""
    if value is None:
        return NOTHING
    return f"{value:+.{digits}f}" if value else "0"


def spread(values: Sequence[float], digits: int) -> str:
    """`75.1 (60.2 to 90.0)`: the median and the range of values, or a dash."""
    if not values:
        return NOTHING
    middle = f"{statistics.median(values):.{digits}f}"
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return f"{middle} ({low} to {high})" if low != high else middle


def percent(fraction: float | None, digits: int = 0) -> str:
    """A fraction in percent, or a dash."""
    return NOTHING if fraction is None else f"{100 * fraction:.{digits}f}%"


def interval(figure: Figure) -> str:
    """`0.7561 [.7550, .7572]`, without brackets where there is no interval."""
    if figure["iqm"] is None:
        return NOTHING
    text = f"{figure['iqm']:.4f}"
    if figure["ci95"] is None:
        return text
    low, high = (f"{end:.4f}".removeprefix("0") for end in figure["ci95"])
    return f"{text} [{low}, {high}]"


def against_random(row: StrategyRow, summary: Summary) -> str:
    """Holm's adjusted p of a strategy against random search; an arrow down where it is worse."""
    for pair in summary["pairs"]:
        if pair["family"] == "random" and pair["strategy"] == row["label"]:
            if pair["p_holm"] is None:
                return "untested"
            text = "p<0.001" if pair["p_holm"] < 0.001 else f"p={pair['p_holm']:.2g}"
            return f"{text} {WORSE}" if (pair["rank_biserial"] or 0.0) < 0.0 else text
    return "baseline" if row["baseline"] else NOTHING
