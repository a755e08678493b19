"""Pictures, tables and pages are as they were when somebody last looked at them.

Each is described in words and numbers, artist by artist, and compared with its description in
`pictures/`. After a change that is meant, look at the picture and write the descriptions anew:

    NASBENCH_MOBILE_PICTURES=anew pytest tests/report/test_pictures.py
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation, Text
from rich.console import Console

from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.drawing import architecture_svg
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.comparison_plots import (
    draw_anytime,
    draw_final,
    draw_fronts,
    draw_latencies,
)
from nasbench_mobile.report.reproduction_plots import (
    AblationPanel,
    Series,
    draw_ablation,
    draw_figure3,
    draw_points,
)
from nasbench_mobile.report.search_plots import draw_front, draw_history
from nasbench_mobile.report.tables import summary
from nasbench_mobile.report.terminal import StudyProgress, print_summary
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

PICTURES = Path(__file__).parent / "pictures"


def numbers(values: Any) -> str:
    """Rounded to what a picture shows; long runs of numbers by their ends and sum."""
    flat = np.asarray(values, float).ravel()
    said = [f"{value:.4g}" for value in flat]
    if len(said) <= 24:
        return " ".join(said)
    total = f"{np.nansum(flat):.5g}"
    return f"{' '.join(said[:8])} ... {' '.join(said[-8:])} ({len(said)}, sum {total})"


def described(figure: Figure) -> list[str]:
    """A figure, artist by artist."""
    lines = [f"figure {numbers(figure.get_size_inches())}"]
    for legend in figure.legends:
        lines += legend_lines(legend)
    lines += [text_line(text) for text in figure.texts]
    for place, axes in enumerate(figure.axes):
        lines += ["", f"axes {place}"]
        lines += axes_lines(axes)
    return lines


def axes_lines(axes: Axes) -> Iterator[str]:
    for name in "xy":
        axis = getattr(axes, f"{name}axis")
        limits = getattr(axes, f"get_{name}lim")()
        ticks = [tick for tick in axis.get_ticklocs() if limits[0] <= tick <= limits[1]]
        yield f"{name} {axis.get_scale()} {numbers(limits)} ticks {numbers(ticks)}"
        yield f"{name} label {text_line(axis.label)}"
    for where in ("left", "center", "right"):
        title = {"left": axes._left_title, "center": axes.title, "right": axes._right_title}[where]  # type: ignore[attr-defined]
        if title.get_text():
            yield f"title {where} {text_line(title)}"
    hidden = [name for name, spine in axes.spines.items() if not spine.get_visible()]
    yield f"without spines {' '.join(hidden)}"
    for artist in axes.get_children():
        yield from artist_lines(artist)


def artist_lines(artist: Artist) -> Iterator[str]:
    match artist:
        case Line2D():
            stroke = (artist.get_linestyle(), artist.get_linewidth(), artist.get_drawstyle())
            marks = (artist.get_marker(), artist.get_markersize(), artist.get_zorder())
            yield f"line {colour(artist.get_color())} {stroke} {marks} {artist.get_label()!r}"
            yield f"  marker {colour(artist.get_markerfacecolor())}"
            yield f"  x {numbers(artist.get_xdata())}"
            yield f"  y {numbers(artist.get_ydata())}"
        case Collection():
            offsets = np.asarray(artist.get_offsets(), float)
            paths = [path.vertices for path in artist.get_paths()][:3]
            widths = numbers(artist.get_linewidth())
            seen = (widths, artist.get_alpha(), artist.get_zorder())
            yield f"collection {seen} {artist.get_label()!r}"
            yield f"  colours {numbers(artist.get_facecolors()[:3])}"  # type: ignore[attr-defined]
            yield f"  sizes {numbers(getattr(artist, 'get_sizes', list)())}"
            yield f"  offsets {numbers(offsets)}"
            yield f"  paths {numbers(np.concatenate(paths)) if paths else ''}"
        case Annotation() | Text():
            if artist.get_text():
                yield f"text {text_line(artist)}"
        case Legend():
            yield from legend_lines(artist)
        case Patch():
            if artist is not getattr(artist.axes, "patch", None):
                yield f"patch {colour(artist.get_facecolor())} {artist.get_linewidth()} " + numbers(
                    artist.get_path().vertices
                    if not hasattr(artist, "get_bbox")
                    else artist.get_bbox().get_points()
                )


def text_line(text: Text) -> str:
    """Words, size, colour and place."""
    place = numbers(text.get_position())
    return f"{text.get_text()!r} {text.get_fontsize():g} {colour(text.get_color())} at {place}"


def legend_lines(legend: Legend) -> Iterator[str]:
    words = [text.get_text() for text in legend.get_texts()]
    size = {text.get_fontsize() for text in legend.get_texts()}
    yield f"legend {words} {sorted(size)} {legend._loc} {legend._ncols}"  # type: ignore[attr-defined]


def colour(value: Any) -> str:
    try:
        return to_hex(value, keep_alpha=True)
    except (ValueError, TypeError):
        return str(value)


def compared(name: str, found: str) -> None:
    path = PICTURES / f"{name}.txt"
    if os.environ.get("NASBENCH_MOBILE_PICTURES") == "anew":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), f"{name} looks otherwise (see this file)"


Make = Callable[[list[Run]], Figure]


@pytest.fixture
def runs(run_maker: Callable[..., Run]) -> list[Run]:
    """One strategy without a network that could be evaluated, and four others of four seeds."""
    names = ("random", "regularized-evolution", "optuna-tpe", "nevergrad-discrete")
    found = [run_maker(name, seed, trials=40) for name in names for seed in range(4)]
    return [*(run_maker("ppo", seed, trials=40, failed=1) for seed in range(2)), *found]


COMPARISONS: dict[str, Make] = {
    "anytime": lambda runs: draw_anytime(compare_runs(runs)),
    "anytime-linear": lambda runs: draw_anytime(compare_runs(runs[2:10]), log=False),
    "final": lambda runs: draw_final(compare_runs(runs)),
    "fronts": lambda runs: draw_fronts(compare_runs(runs)),
    "latencies": lambda runs: draw_latencies(compare_runs(runs)),
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_plots_of_a_comparison(name: str, runs: list[Run]) -> None:
    compared(name, "\n".join(described(COMPARISONS[name](runs))) + "\n")


def test_plots_of_the_paper() -> None:
    rng = np.random.default_rng(7)
    latency_ms = rng.uniform(55.0, 130.0, 60)
    panels = [
        AblationPanel(title, 0.55 + 0.001 * latency_ms + rng.normal(0, 0.01, 60), latency_ms, 75.0)
        for title in ("soft", "hard")
    ]
    compared("ablation", "\n".join(described(draw_ablation(panels))) + "\n")
    ms = np.linspace(20, 160, 29)
    figure = draw_figure3(
        ms, 0.5 * np.minimum(1, 80 / ms), 0.5 * (ms / 80) ** -0.07, printed=[(100.0, 0.4, 0.49)]
    )
    compared("figure3", "\n".join(described(figure)) + "\n")
    series = [
        Series("printed", [(20, 61.0), (70, 75.0)]),
        Series("ours", [(84.2, 57.9), (30.0, 66.0)], line=False),
    ]
    figure = draw_points(series, x="ms", y="%", x_range=(10, 80), y_range=(58, 76), ticks=(10, 2))
    compared("points", "\n".join(described(figure)) + "\n")


RECORD = {
    "latency": {"device": "pixel1", "kind": "estimate", "label": "tunas"},
    "objective": {"target_ms": 75.0},
}


def searched() -> tuple[Run, Any]:
    """A search with a partial training, a failure, a repeat and networks on a front."""
    told = [
        (0.90, 50.0, 0.25, None), (0.50, 60.0, 1.0, None), (None, 0.0, 1.0, None),
        (0.60, 90.0, 1.0, None), (0.50, 60.0, 1.0, 1), (0.40, 100.0, 1.0, None),
    ]  # fmt: skip
    trials: list[Trial] = []
    for number, (accuracy, ms, share, repeat_of) in enumerate(told):
        proposal = Proposal(number, (repeat_of if repeat_of is not None else number,), share)
        if accuracy is None:
            trials.append(Trial(proposal, failure="out of memory"))
        else:
            measured = Measurement(accuracy, ms)
            trials.append(Trial(proposal, measured, accuracy, repeat_of=repeat_of))
    header = RunHeader(RECORD, "abc", StrategySpec("mine"), 0, 6)
    run = Run(header, tuple(trials), tuple(trial.measurement for trial in trials), finished=True)
    rows = [
        {"rank": 1, "accuracy": 0.6, "latency_ms": 90.0, "front": True},
        {"rank": 2, "accuracy": 0.5, "latency_ms": 60.0, "front": True},
    ]
    about = {"chance": 0.1, "target_ms": 75.0, "front": rows, "best": rows, "partial": []}
    return run, about


def test_plots_of_a_search() -> None:
    run, about = searched()
    compared("search-history", "\n".join(described(draw_history(run, about))) + "\n")
    front = draw_front(run, about["best"], about, "Pixel 1 latency (ms, estimate)")
    compared("search-front", "\n".join(described(front)) + "\n")


def test_drawings_of_architectures() -> None:
    spaces: tuple[SearchSpace, ...] = (MnasNetAnbSpace(), MnasNetSpace())
    for space in spaces:
        # another kind of layer in every block, so that the legend has several lines
        tokens = tuple((k // 6 + 3 * k) % one.cardinality for k, one in enumerate(space.decisions))
        svg = architecture_svg(parse_spec(space.describe(space.canonical(tokens))))
        compared(f"architecture-{space.name}", svg.replace("><", ">\n<") + "\n")


def test_the_terminals_tables(runs: list[Run]) -> None:
    found = []
    for width in (100, 80):
        screen = io.StringIO()
        print_summary(summary(runs), Console(file=screen, width=width))
        alike = io.StringIO()
        print_summary(summary(runs[2:10]), Console(file=alike, width=width))
        found += [screen.getvalue(), alike.getvalue()]
    screen = io.StringIO()
    console = Console(file=screen, width=100, force_terminal=True, color_system=None)
    now = iter(range(100))
    with StudyProgress(["random", "ppo"], [0, 1], 40, console, lambda: float(next(now))) as shown:
        shown.update("random", 0, 10.0, 0.7)
        shown.update("random", 0, 30.5, 0.71)
        shown.finished("random", 0)
        shown.finished("ppo", 0)
        table = shown._table()
    plain = io.StringIO()
    Console(file=plain, width=100).print(table)
    compared("terminal", "\n".join([*found, plain.getvalue()]))
