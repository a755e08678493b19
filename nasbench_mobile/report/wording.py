"""How figures are put into words, the same on a terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasbench_mobile.report.pairs import BASELINE

NOTHING = "–"
"""Stands where there is no figure."""


def headline(summary: Mapping[str, Any]) -> str:
    """Benchmark, reward, target, budget and seeds in a line."""
    objective = summary["objective"]
    seeds = {len(row["seeds"]) for row in summary["strategies"]}
    counted = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    return (
        f"{summary['benchmark']}, {objective['name']} reward, T = {objective['target_ms']:g} ms, "
        f"{summary['budget']:,} {summary['budget_unit']}, seeds: {counted}"
    )


def number(value: float | None, digits: int) -> str:
    """A figure, or a dash where there is none."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def percent(fraction: float | None, digits: int = 0) -> str:
    """A fraction in percent, or a dash."""
    return NOTHING if fraction is None else f"{100 * fraction:.{digits}f}%"


def interval(figure: Mapping[str, Any]) -> str:
    """`0.7561 [.7550, .7572]`, without brackets where there is no interval."""
    if figure["iqm"] is None:
        return NOTHING
    text = f"{figure['iqm']:.4f}"
    if figure["ci95"] is None:
        return text
    low, high = (f"{end:.4f}".removeprefix("0") for end in figure["ci95"])
    return f"{text} [{low}, {high}]"


def against_random(row: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """Holm's adjusted p of a strategy against random search."""
    for pair in summary["pairs"]:
        if pair["family"] == "random" and pair["strategy"] == row["label"]:
            if pair["p_holm"] is None:
                return "untested"
            return "p<0.001" if pair["p_holm"] < 0.001 else f"p={pair['p_holm']:.2g}"
    return "baseline" if row["label"] == BASELINE else NOTHING
