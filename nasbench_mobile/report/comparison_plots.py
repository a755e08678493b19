"""Plots of a comparison, as matplotlib figures without global state.

Line styles and markers differ as well as colours (Okabe and Ito's), so that the plots survive
colour blindness and grey print.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from nasbench_mobile.metrics.anytime import anytime_best, at_budget
from nasbench_mobile.metrics.columns import Floats
from nasbench_mobile.metrics.pareto import attainment, run_front
from nasbench_mobile.metrics.statistics import bootstrap_interval, iqm
from nasbench_mobile.report.comparison import Comparison, StrategyRuns
from nasbench_mobile.report.labels import Look, latency_label, looks
from nasbench_mobile.report.plots import GREY, SIZE, Picture, one_plot, strip
from nasbench_mobile.report.tables import rank
from nasbench_mobile.runs.budget import SLACK

SAMPLES_DRAWN = 1500
"""How many trials of a strategy are drawn behind its front: our choice, to see where it looked."""

End: TypeAlias = tuple[tuple[float, float], str, Look]
"""Where a line ends (x, y), whose it is and how it looks."""

_INK = "#222222"  # names: some of the colours are too pale to read as text


def draw_anytime(comparison: Comparison, *, log: bool = True) -> Figure:
    """Draw the noise-free reward of the incumbent over proposals: median and quartiles of seeds.

    The vertical axis starts where the strategies are after 1 % of the budget (10 at least).
    """
    figure, axes = one_plot()
    groups = [group for group in rank(comparison) if group.scored]
    looks_of = looks([group.label for group in groups])
    start = max(1, min(comparison.budget // 2, max(10, comparison.budget // 100)))
    x = np.arange(1, comparison.budget + 1)
    ends: list[End] = []
    lows, highs = [], []
    for group in groups:
        low, median, high = _quartiles(_curves(group, comparison))
        look = looks_of[group.label]
        axes.fill_between(x, low, high, color=look.colour, alpha=0.13, linewidth=0)
        axes.plot(x, median, color=look.colour, linestyle=look.line, linewidth=1.6)
        if (known := np.flatnonzero(~np.isnan(median))).size:
            last = known[-1]  # before the budget where runs were interrupted
            ends.append(((float(x[last]), float(median[last])), group.label, look))
            lows.append(low[max(start - 1, known[0]) if last >= start - 1 else known[0]])
            highs.append(high[last])
    if log:
        axes.set_xscale("log")
    axes.set_xlim(start, max(comparison.budget, start + 1))
    if ends:
        span = max(max(highs) - min(lows), 1e-6)
        axes.set_ylim(min(lows) - 0.03 * span, max(highs) + 0.05 * span)
    if log:
        _plain_log_ticks(axes, start, comparison.budget)
    axes.set_xlabel("Proposals")
    axes.set_ylabel("Best reward so far (noise-free)")
    several = any(len(group.scored) > 1 for group in groups)
    title = "Median over seeds; band: quartiles" if several else "One seed of each strategy"
    axes.set_title(title, fontsize=9, color=GREY, loc="left")
    _direct_labels(axes, ends)
    return figure


def draw_fronts(comparison: Comparison) -> Figure:
    """Draw each strategy's median attainment front over the trials of all its runs (noise-free)."""
    figure, axes = one_plot()
    groups = [group for group in rank(comparison) if group.scored]
    looks_of = looks([group.label for group in groups])
    lowest, fastest, slowest = 100.0, np.inf, 0.0
    for group in groups:
        look = looks_of[group.label]
        _draw_samples(axes, group, look)
        fronts = [
            (scored.columns.true_accuracy[chosen], scored.columns.true_latency_ms[chosen])
            for scored in group.scored
            if (chosen := run_front(scored.columns)).size
        ]
        if not fronts:
            continue
        grid = np.unique(np.concatenate([latency for _, latency in fronts]))
        attained = 100 * attainment(fronts, grid)
        known = ~np.isnan(attained)
        grid, attained = grid[known], attained[known]
        axes.step(
            grid, attained, where="post", color=look.colour, linestyle=look.line, linewidth=1.6,
            marker=look.marker, markersize=4, markevery=0.12, label=group.label,
        )  # fmt: skip
        if grid.size:
            lowest, slowest = min(lowest, attained[0]), max(slowest, grid[attained.argmax()])
            fastest = min(fastest, grid[0])
    if slowest:
        top = axes.dataLim.y1
        axes.set_xlim(0.95 * fastest, 1.06 * slowest)
        span = max(top - lowest, 0.1)
        axes.set_ylim(lowest - 0.05 * span, top + 0.04 * span)
    _target_line(axes, comparison.target_ms)
    axes.set_xlabel(latency_label(comparison.benchmark))
    axes.set_ylabel("Top-1 accuracy (%)")
    axes.set_title(
        "Front attained by half of the seeds; dots: proposed networks"
        if any(len(group.scored) > 1 for group in groups)
        else "Front of each strategy's seed; dots: proposed networks",
        fontsize=9, color=GREY, loc="left",
    )  # fmt: skip
    if axes.lines:
        axes.legend(loc="lower right", fontsize=8, frameon=False, handlelength=3)
    return figure


def draw_latencies(comparison: Comparison) -> Figure:
    """Draw a histogram of the latencies that each strategy proposed, with one row for each."""
    groups = [group for group in rank(comparison) if group.scored]
    sampled = {group.label: _latencies(group) for group in groups}
    trials = {group.label: sum(len(s.run.trials) for s in group.scored) for group in groups}
    looks_of = looks(list(sampled))
    height = max(SIZE[1], 0.9 + 0.62 * len(groups))
    figure = Picture(figsize=(SIZE[0], height), layout="constrained")
    FigureCanvasAgg(figure)
    rows = np.atleast_1d(figure.subplots(max(len(groups), 1), 1, sharex=True))
    pooled = np.concatenate([*sampled.values(), np.zeros(0)])
    low, high = np.quantile(pooled, [0.002, 0.998]) if pooled.size else (0.0, 1.0)
    bins = np.linspace(low, high if high > low else low + 1.0, 61)
    for axes, (label, latency_ms) in zip(rows, sampled.items(), strict=False):
        weights = np.full(latency_ms.size, 100 / max(latency_ms.size, 1))
        colour = looks_of[label].colour
        axes.hist(latency_ms, bins=bins, weights=weights, color=colour, alpha=0.55)
        axes.hist(latency_ms, bins=bins, weights=weights, color=colour, histtype="step")
        within = 100 * np.sum(latency_ms <= comparison.target_ms) / max(trials[label], 1)
        caption = f"{label}: {within:.0f} % of trials within target"  # failed ones are not
        axes.set_title(caption, fontsize=8, loc="left", pad=4)
        # It ends below the top, where the row's caption is.
        axes.axvline(comparison.target_ms, ymax=0.93, color="black", linewidth=1, linestyle="--")
        axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        strip(axes)
    rows[-1].set_xlabel(f"{latency_label(comparison.benchmark)}; dashed: target "
                        f"{comparison.target_ms:g} ms")  # fmt: skip
    figure.supylabel("Share of proposals (%)", fontsize=10)
    return figure


def draw_final(comparison: Comparison) -> Figure:
    """Final best reward: a dot per seed, the IQM and, of seeds enough, its 95 % interval."""
    groups = [group for group in rank(comparison) if group.scored]
    intervals = 0
    figure, axes = one_plot(height=max(SIZE[1], 0.9 + 0.72 * len(groups)))
    looks_of = looks([group.label for group in groups])
    for row, group in enumerate(groups):
        look = looks_of[group.label]
        rewards = np.array([scored.best_reward for scored in group.scored])
        spread = 0.12 * (np.arange(rewards.size) % 3 - 1)  # apart, the same in every report
        axes.plot(
            rewards, row + 0.14 + spread, look.marker, color=look.colour, alpha=0.55, markersize=5,
            markeredgewidth=0,
        )  # fmt: skip
        interval = bootstrap_interval([rewards])
        middle = iqm(rewards)
        if interval is not None:
            axes.plot(interval, [row - 0.25] * 2, color=look.colour, linewidth=2.5)
            intervals += 1
        axes.plot(middle, row - 0.25, "|", color=look.colour, markersize=11, markeredgewidth=2)
        axes.annotate(
            f"{middle:.4f}", (middle, row - 0.25), xytext=(0, 7), textcoords="offset points",
            ha="center", fontsize=7.5, color=GREY,
        )  # fmt: skip
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.set_ylim(len(groups) - 0.4, -0.65)
    axes.set_xlabel("Best reward (noise-free)")
    bar = "Bar: IQM with 95 % bootstrap interval" if intervals else "Stroke: IQM"
    axes.set_title(f"{bar}; one mark per seed", fontsize=9, color=GREY, loc="left")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure


def _target_line(axes: Axes, target_ms: float) -> None:
    low, high = axes.get_xlim()
    if low < target_ms < high:
        axes.axvline(target_ms, color="black", linewidth=0.8, linestyle="--", zorder=0.5)
        axes.annotate(
            f"T = {target_ms:g} ms", (target_ms, 1.0), xycoords=("data", "axes fraction"),
            xytext=(3, -9), textcoords="offset points", fontsize=8,
        )  # fmt: skip


def _plain_log_ticks(axes: Axes, low: int, high: int) -> None:
    ticks = [m * 10**e for e in range(9) for m in (1, 2, 5) if low <= m * 10**e <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _direct_labels(axes: Axes, ends: Sequence[End]) -> None:
    """Names beside the right ends of lines, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    gap = 0.055 * (high - low)
    ordered = sorted(ends, key=lambda end: end[0][1])
    heights: list[float] = []
    for (_, value), _, _ in ordered:
        heights.append(max(value, heights[-1] + gap) if heights else max(value, low))
    overflow = max(0.0, heights[-1] - high) if heights else 0.0
    for i in range(len(heights) - 1, -1, -1):  # push back down from the top
        limit = heights[i + 1] - gap if i + 1 < len(heights) else heights[i] - overflow
        heights[i] = min(heights[i], limit)
    for (point, label, look), height in zip(ordered, heights, strict=True):
        axes.plot(
            *point, look.marker, color=look.colour, markersize=5, clip_on=False, zorder=5
        )  # fmt: skip
        axes.annotate(
            label, xy=point, xytext=(1.06, height), fontsize=8, color=_INK, va="center",
            xycoords="data", textcoords=("axes fraction", "data"),
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": look.colour, "linewidth": 1.2, "shrinkA": 1,
                        "shrinkB": 0, "relpos": (0.0, 0.5)},
        )  # fmt: skip


def _curves(group: StrategyRuns, comparison: Comparison) -> Floats:
    """Anytime curves of shape `(runs, budget)`; a run that ended early keeps its last value."""
    curves = np.full((len(group.scored), comparison.budget), np.nan)
    for row, scored in zip(curves, group.scored, strict=True):
        curve = anytime_best(scored.columns, comparison.objective)
        row[:] = at_budget(curve, scored.columns, comparison.budget)
        if scored.ended and curve.size:
            spent = int(scored.columns.share.sum() + SLACK)
            row[spent:] = curve[-1]
    return curves


def _quartiles(curves: Floats) -> Floats:
    """Quartiles over runs of shape `(3, budget)`; NaN where no run has a value."""
    quartiles = np.full((3, curves.shape[1]), np.nan)
    known = ~np.isnan(curves).all(axis=0)
    quartiles[:, known] = np.nanquantile(curves[:, known], [0.25, 0.5, 0.75], axis=0)
    return quartiles


def _draw_samples(axes: Axes, group: StrategyRuns, look: Look) -> None:
    accuracy = np.concatenate([scored.columns.true_accuracy for scored in group.scored])
    latency_ms = np.concatenate([scored.columns.true_latency_ms for scored in group.scored])
    step = max(1, accuracy.size // SAMPLES_DRAWN)
    axes.scatter(
        latency_ms[::step], 100 * accuracy[::step], s=3, color=look.colour, alpha=0.18,
        linewidths=0, rasterized=True,
    )  # fmt: skip


def _latencies(group: StrategyRuns) -> Floats:
    latency_ms: Floats = np.concatenate([scored.columns.latency_ms for scored in group.scored])
    known: Floats = latency_ms[~np.isnan(latency_ms)]
    return known
