"""Plots of a study and of the paper's Fig. 3 and 6, as matplotlib figures without global state.

Each function returns a `Figure`; `save` writes it as PNG. Line styles and markers differ as well
as colours (Okabe and Ito's), so that the plots survive colour blindness and grey print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, MultipleLocator
from numpy.typing import ArrayLike

from nasbench_mobile.metrics.anytime import anytime_best, at_budget
from nasbench_mobile.metrics.columns import Floats
from nasbench_mobile.metrics.pareto import attainment, front, run_front
from nasbench_mobile.metrics.statistics import bootstrap_interval, iqm
from nasbench_mobile.report.comparison import Comparison, StrategyRuns
from nasbench_mobile.report.labels import Look, latency_label, looks
from nasbench_mobile.report.tables import rank
from nasbench_mobile.runs.budget import SLACK

SIZE = (6.0, 4.0)
"""Inches: a journal's column and a half."""

DPI = 160

SAMPLES_DRAWN = 1500
"""Samples of a strategy drawn behind its front: our choice, enough to see where it looked."""

MARGIN = 0.03
"""Of an axis' span, left free beside the outermost samples: our choice, a dot's width."""

End: TypeAlias = tuple[tuple[float, float], str, Look]
"""Where a line ends (x, y), whose it is and how it looks."""

_GREY = "#666666"
_INK = "#222222"  # names: some of the colours are too pale to read as text


def save(figure: Figure, path: Path | IO[bytes]) -> None:
    """Write a figure as PNG, laid out and drawn once; matplotlib alone would draw it twice."""
    figure.set_dpi(DPI)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    figure.savefig(path, dpi=DPI, format="png", metadata={"Software": None})


def draw_anytime(comparison: Comparison, *, log: bool = True) -> Figure:
    """Noise-free reward of the incumbent against evaluations: median and quartiles over seeds.

    The vertical axis starts where the strategies are after 1 % of the budget (10 at least).
    """
    figure, axes = _figure()
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
    axes.set_xlabel(f"Evaluations ({comparison.benchmark.get('budget_unit', 'proposals')})")
    axes.set_ylabel("Best reward so far (noise-free)")
    several = any(len(group.scored) > 1 for group in groups)
    title = "Median over seeds; band: quartiles" if several else "One seed of each strategy"
    axes.set_title(title, fontsize=9, color=_GREY, loc="left")
    _direct_labels(axes, ends)
    return figure


def draw_fronts(comparison: Comparison) -> Figure:
    """Median attainment front of each strategy over samples of all its runs (noise-free)."""
    figure, axes = _figure()
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
        "Front attained by half of the seeds; dots: sampled networks"
        if any(len(group.scored) > 1 for group in groups)
        else "Front of each strategy's seed; dots: sampled networks",
        fontsize=9, color=_GREY, loc="left",
    )  # fmt: skip
    if axes.lines:
        axes.legend(loc="lower right", fontsize=8, frameon=False, handlelength=3)
    return figure


def draw_latencies(comparison: Comparison) -> Figure:
    """Histogram of the latencies that each strategy sampled, all seeds together, one row each."""
    groups = [group for group in rank(comparison) if group.scored]
    sampled = {group.label: _latencies(group) for group in groups}
    trials = {group.label: sum(len(s.run.trials) for s in group.scored) for group in groups}
    looks_of = looks(list(sampled))
    height = max(SIZE[1], 0.9 + 0.62 * len(groups))
    figure = Figure(figsize=(SIZE[0], height), layout="constrained")
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
        _strip(axes)
    rows[-1].set_xlabel(f"{latency_label(comparison.benchmark)}; dashed: target "
                        f"{comparison.target_ms:g} ms")  # fmt: skip
    figure.supylabel("Share of samples (%)", fontsize=10)
    return figure


def draw_final(comparison: Comparison) -> Figure:
    """Final best reward: a dot per seed, the IQM and, of seeds enough, its 95 % interval."""
    groups = [group for group in rank(comparison) if group.scored]
    intervals = 0
    figure, axes = _figure(height=max(SIZE[1], 0.9 + 0.72 * len(groups)))
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
            ha="center", fontsize=7.5, color=_GREY,
        )  # fmt: skip
    axes.set_yticks(range(len(groups)), [group.label for group in groups])
    axes.set_ylim(len(groups) - 0.4, -0.65)
    axes.set_xlabel("Best reward (noise-free)")
    bar = "Bar: IQM with 95 % bootstrap interval" if intervals else "Stroke: IQM"
    axes.set_title(f"{bar}; one mark per seed", fontsize=9, color=_GREY, loc="left")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure


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
    """As Fig. 6 of MnasNet: samples with their Pareto curve above, latency histogram below.

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
            _strip(axes)
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
    """As Fig. 3 of MnasNet: both rewards of one accuracy (0.5) against latency, in its axes.

    Arrays of shape `(points,)`; `printed` are the paper's own (ms, hard, soft), as circles.
    Ticks are the paper's: 20 to 160 ms, rewards 0.2, 0.4, 0.6.
    """
    figure, axes = _figure()
    axes.plot(latency_ms, hard, color="#D55E00", linestyle="--", linewidth=1.8)
    axes.plot(latency_ms, soft, color="#0072B2", linewidth=1.8)
    axes.axvline(target_ms, color=_GREY, linewidth=1, linestyle=":")
    for place, colour in ((1, "#D55E00"), (2, "#0072B2")):
        axes.plot(
            [row[0] for row in printed], [row[place] for row in printed], marker="o",
            linestyle="none", markersize=4.5, markerfacecolor="white", color=colour,
        )  # fmt: skip
    axes.annotate(f"T = {target_ms:g} ms", (target_ms, 0.21), xytext=(4, 0),
                  textcoords="offset points", fontsize=9, color=_GREY)  # fmt: skip
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


def _figure(height: float = SIZE[1]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(SIZE[0], height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _strip(axes)
    return figure, axes


def _strip(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


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
