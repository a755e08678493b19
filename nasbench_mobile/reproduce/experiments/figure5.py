"""Fig. 5 of MnasNet: A1 and MobileNetV2 scaled by depth multiplier and by input size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cards import TOLERANCE
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.reproduction_plots import Series, draw_points
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import our_trainings as own_table
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly, on
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Number,
    Picture,
    ResultTable,
    RunStudy,
    numbers,
)
from nasbench_mobile.reproduce.our_figures import Found
from nasbench_mobile.reproduce.our_trainings import Trained
from nasbench_mobile.reproduce.paper import PrintedTable, Value

MODELS = {"MnasNet-A1": "mnasnet-a1", "MobileNetV2": "mobilenet-v2"}

ONE_DIGIT = 0.1
"""One unit in the last digit that the README prints of parameters, in millions: it prints 1.7 for
1.747."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Both figures with the printed points and ours; the README's 25 rows counted and estimated."""
    trained = own_table.trained_references()
    beside = [
        *numbers(paper.FIGURE_5A, lambda key, column: _ours(paper.FIGURE_5A, key, column)),
        *numbers(paper.FIGURE_5B, lambda key, column: _ours(paper.FIGURE_5B, key, column)),
        *numbers(paper.README_A1, _readme),
    ]
    rows = [_row(table, row, trained) for table in _FIGURES for row in table.rows]
    pictures = []
    for table, x_range, y_range, ticks in (
        (paper.FIGURE_5A, (0.0, 160.0), (60.0, 77.5), (20.0, 2.5)),
        (paper.FIGURE_5B, (10.0, 80.0), (58.0, 76.0), (10.0, 2.0)),
    ):
        _draw(table, x_range, y_range, ticks, folder)
        pictures.append(Picture(f"{table.name}.png", f"{table.title}, printed and at our latency"))
    headings = {
        "figure": "figure", "network": "network", "scale": "scale", "top1": "top-1 (%), printed",
        "printed_ms": "ms, printed", "estimate_ms": "Pixel 1 ms, estimate",
        "own": "accuracy on our data",
    }  # fmt: skip
    answers, unsure = _trained(trained)
    verdicts = [*_orders(), *_latencies(beside), *_counts(beside), *answers]
    return ExperimentOutcome(
        {"points": rows},
        verdicts,
        beside,
        [ResultTable("figure5", "Scaled networks", headings, rows)],
        pictures,
        [trained.said(), *unsure],
    )


_FIGURES = (paper.FIGURE_5A, paper.FIGURE_5B)


def _scale(table: PrintedTable, value: Value) -> tuple[float, int]:
    """(width multiplier, input size) of a point."""
    number = float(str(value))
    return (number, 224) if "depth_multiplier" in table.keys else (1.0, int(number))


def _network(series: Value, multiplier: float, size: int) -> Network:
    return zoo.network(MODELS[str(series)], multiplier, size)


def _ours(table: PrintedTable, key: tuple[Value, ...], column: str) -> Found:
    if column == "top1_pct":
        return None, ours.NEEDS_IMAGENET
    return ours.latency(_network(key[0], *_scale(table, key[1])))


def _readme(key: tuple[Value, ...], column: str) -> Found:
    if column.startswith("top"):
        return None, ours.NEEDS_IMAGENET
    network = _network("MnasNet-A1", float(str(key[1])), int(float(str(key[0]))))
    if column == "pixel1_latency_ms":
        return ours.latency(network)
    return ours.counts(network, column)


def _row(table: PrintedTable, row: tuple[Value, ...], trained: Trained) -> dict[str, Any]:
    series, value, top1, ms = row
    multiplier, size = _scale(table, value)
    return {
        "figure": table.name,
        "network": series,
        "scale": value,
        "top1": top1,
        "printed_ms": ms,
        "estimate_ms": ours.estimate_ms(_network(series, multiplier, size)),
        "own": trained.accuracy(MODELS[str(series)], multiplier, size),
    }


def _draw(
    table: PrintedTable,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    ticks: tuple[float, float],
    folder: Path,
) -> None:
    series = []
    for position, name in enumerate(MODELS):
        own = [row for row in table.rows if row[0] == name]
        printed = [(row[3], row[2]) for row in own]
        estimated = [
            (ours.estimate_ms(_network(name, *_scale(table, row[1]))), row[2]) for row in own
        ]
        series.append(Series(f"{name}, printed", printed, "os"[position], colour=position))
        series.append(
            Series(f"{name}, at our estimate", estimated, "x+"[position], False, position)
        )
    figure = draw_points(
        series, x="Pixel 1 latency (ms)", y="ImageNet top-1 (%), as printed", x_range=x_range,
        y_range=y_range, ticks=ticks,
        names=[(row[3], row[2], row[1]) for row in table.rows if row[0] == "MnasNet-A1"],
        legend="lower right",
    )  # fmt: skip
    save(figure, folder / f"{table.name}.png")


def _orders() -> Iterator[ClaimVerdict]:
    for table, claim in (
        (paper.FIGURE_5A, "figure5a-order"),
        (paper.FIGURE_5B, "figure5b-order"),
    ):
        gains = [
            table.value("MnasNet-A1", row[1], column="top1_pct") - float(str(row[2]))
            for row in table.rows
            if row[0] == "MobileNetV2"
        ]
        detail = f"ahead by {min(gains):.1f} to {max(gains):.1f} points at {len(gains)} scales"
        yield exactly(claim, min(gains) > 0, detail)


def _latencies(beside: list[Number]) -> Iterator[ClaimVerdict]:
    """Mean relative error of the estimate over A1's README rows and over MobileNetV2's points."""
    a1 = [n for n in beside if n.table == paper.README_A1.name and n.column == "pixel1_latency_ms"]
    v2 = [n for n in beside if n.row[0] == "MobileNetV2" and n.column == "latency_ms"]
    for claim, found in (("figure5-latencies-a1", a1), ("figure5-latencies-v2", v2)):
        errors = [abs(ours.off(n.ours or 0.0, n.paper)) for n in found]
        mean = sum(errors) / len(errors)
        detail = f"{len(errors)} points: mean error {mean:.1%}, largest {max(errors):.1%}"
        yield on(ours.ESTIMATE, claim, mean <= ours.LATENCY_TOLERANCE, detail)


def _counts(beside: list[Number]) -> Iterator[ClaimVerdict]:
    madds = [n for n in beside if n.column == "multi_adds_m"]
    shares = [ours.off(n.ours or 0.0, n.paper) for n in madds]
    agree = sum(abs(share) <= TOLERANCE for share in shares)
    detail = f"{agree} of {len(shares)} rows agree; ours are {min(shares):.1%} to {max(shares):.1%}"
    yield exactly("figure5-counts-a1", agree == len(shares), f"{detail} of the printed")
    params = [n for n in beside if n.column == "params_m"]
    differences = [abs((n.ours or 0.0) - n.paper) for n in params]
    detail = f"{len(params)} rows, largest difference {max(differences):.3f}M"
    yield exactly("figure5-parameters-a1", max(differences) < ONE_DIGIT, detail)


def _trained(trained: Trained) -> tuple[list[ClaimVerdict], list[str]]:
    """A1 against MobileNetV2 at every scale, where our own table has both."""
    pairs = []
    for multiplier, size in sorted({_scale(t, row[1]) for t in _FIGURES for row in t.rows}):
        a1, v2 = ((name, multiplier, size) for name in ("mnasnet-a1", "mobilenet-v2"))
        if found := trained.difference(a1, v2):
            pairs.append(found)
    if not pairs:
        return [], []
    ahead = sum(gain > 2 * error for gain, error in pairs)
    behind = sum(gain < -2 * error for gain, error in pairs)
    detail = (
        f"A1 ahead by more than twice the standard error at {ahead} of {len(pairs)} scales, behind "
        f"at {behind}"
    )
    holds = False if behind else True if ahead > len(pairs) / 2 else None
    return own_table.decided("figure5-behaviour", holds, detail)


EXPERIMENT = Experiment(
    "figure5",
    "Figure 5: scaling by depth multiplier and input size",
    "how A1 and MobileNetV2 trade accuracy for latency when they are scaled, not searched",
    run,
)
