from __future__ import annotations

import re
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.axes import Axes

from nasbench_mobile.report.search_page import PLOTS, search_page
from nasbench_mobile.report.search_plots import draw_front, draw_history
from nasbench_mobile.report.search_summary import NetworkRow, SearchSummary
from nasbench_mobile.report.search_wording import (
    how_measured,
    how_trained,
    share_words,
    spent_of,
    spent_words,
)
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

RECORD = {
    "latency": {"device": "pixel1", "kind": "estimate", "label": "tunas"},
    "objective": {"target_ms": 75.0},
}


def trial(
    number: int, accuracy: float | None, latency_ms: float = 50.0, share: float = 1.0,
    repeat_of: int | None = None,
) -> Trial:  # fmt: skip
    """Its reward is its accuracy; None fails."""
    proposal = Proposal(number, (number,), share)
    if accuracy is None:
        return Trial(proposal, failure="out of memory")
    found = Measurement(accuracy, latency_ms)
    return Trial(proposal, found, accuracy, repeat_of=repeat_of)


TRIALS = (
    trial(0, 0.9, share=0.25),
    trial(1, 0.5, 60.0),
    trial(2, None),
    trial(3, 0.6, 90.0),
    trial(4, 0.5, 60.0, repeat_of=1),
    trial(5, 0.4, 100.0),
)


@pytest.fixture
def run() -> Run:
    header = RunHeader(RECORD, "abc", StrategySpec("mine", {"rate": "<b>"}), 0, 6)
    return Run(header, TRIALS, tuple(t.measurement for t in TRIALS), finished=True)


def row(rank: int, candidate: int, *, front: bool) -> NetworkRow:
    found = TRIALS[candidate - 1].measurement
    assert found is not None
    return {
        "rank": rank, "candidate": candidate, "tokens": [candidate - 1], "block_string": "conv <i>",
        "accuracy": found.accuracy, "latency_ms": found.latency_ms, "latency_sd_ms": None,
        "reward": found.accuracy, "parameters": 1234567, "multiply_adds": 7654321, "front": front,
        "train": "nasbench-mobile train 1 2", "export": "nasbench-mobile export --from s/full-1",
        "record": "s/best/1.json", "tflite": "s/best/1.tflite",
    }  # fmt: skip


ROWS = [row(1, 4, front=True), row(2, 2, front=True), row(3, 6, front=False)]


def summary(**changes: Any) -> SearchSummary:
    whole: SearchSummary = {
        "folder": "out/s", "benchmark": "search-x@1", "title": "x, trained on y", "space": "x",
        "strategy": "mine:rate=<b>",
        "training": {"epochs": 4.0, "width": 0.25, "input_size": 32},
        "seed": 0, "classes": 10, "chance": 0.1, "latency": "tunas",
        "latency_kind": "estimate", "latency_input_size": 224, "latency_classes": 1000,
        "target_ms": 75.0, "objective": "soft", "budget": 6, "spent": 5.25, "finished": True,
        "ended_early": None, "candidates": 6, "partial": 1, "repeats": 1,
        "data": "out/<set>", "images": None, "notes": [], "failures": {"out of memory": 1},
        "beware": None, "best": ROWS[:1], "front": ROWS[:2],
        "longest": [],
    }  # fmt: skip
    changed: Any = {**whole, **changes}
    return cast(SearchSummary, changed)


def page(run: Run, rows: Any = ROWS, *, nothing: str | None = None, **changes: Any) -> str:
    resume = changes.pop("resume", None)
    return search_page(
        run, rows, summary(**changes), [("A plot", b"png")], ["<svg></svg>"], nothing=nothing,
        resume=resume, command="nasbench-mobile search --data 'a&b'",
    )  # fmt: skip


def test_the_page_is_of_networks_and_not_of_strategies(run: Run) -> None:
    text = page(run)
    for word in ("Leaderboard", "pairs", "IQM", "p against random", "paired seeds"):
        assert word not in text
    assert "The best of 3 networks by reward has 60.00% validation accuracy and 90.0 ms" in text
    assert "1 of them is within T = 75 ms" in text
    assert "s/best/1.tflite" in text
    assert "nasbench-mobile train 1 2" in text
    assert "Latency is an estimate and that of the full-size network at 224 px" in text
    assert "failed" in text
    assert "<svg></svg>" in text
    assert text.count("data:image/png;base64,") == 1


def test_what_strangers_wrote_is_escaped(run: Run) -> None:
    text = page(run)
    assert "<i>" not in text
    assert "<b>" not in text
    assert "a&amp;b" in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)  # nothing is loaded from elsewhere


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"beware": "beware: near guessing"}, "Beware: near guessing."),
        ({"notes": ["NumPy was another"]}, "Note: NumPy was another"),
        (
            {"images": "9 images of 2 classes (<a>, b)"},
            "What was read of out/&lt;set&gt;: 9 images of 2 classes (&lt;a&gt;, b).",
        ),
        ({"ended_early": "the phone is gone"}, "The search ended early: the phone is gone"),
        ({"resume": "nasbench-mobile resume out/s"}, "The search is not at its end."),
        ({"spent": 2.0}, "proposed nothing more after 2 of 6 trainings"),
        ({"target_ms": 55.0}, "None is within T = 55 ms; the fastest has 60.0 ms."),
        ({"target_ms": 100.0}, "All are within T = 100 ms."),
    ],
)
def test_what_qualifies_the_result_is_said(run: Run, changes: dict[str, Any], said: str) -> None:
    assert said in page(run, **changes)
    assert said not in page(run)


def test_nothing_found_is_said_with_what_was_trained_longest(run: Run) -> None:
    longest = [{**row(1, 1, front=False), "share": 0.25}]
    text = page(run, [], nothing="no candidate was trained in full", best=[], front=[],
                longest=longest)  # fmt: skip
    assert "No candidate was trained in full." in text
    assert "<td>25 %</td><td>" in re.sub(r"\s*\n\s*", "", text)
    assert "The best of" not in text


def offsets(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    return {
        str(line.get_label()): [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]
        for line in axes.lines
    }


def test_the_history_has_every_candidate_and_the_best_of_full_trainings(run: Run) -> None:
    upper, lower = (offsets(axes) for axes in draw_history(run, summary()).axes)
    assert upper["trained in full"] == [(2, 50), (4, 60), (6, 40)]
    assert upper["trained for less"] == [(1, 90)]
    assert upper["repeat"] == [(5, 50)]
    assert [x for x, _ in upper["failed"]] == [3]
    best = lower["best so far"]
    assert [x for x, _ in best] == [1, 2, 3, 4, 5, 6]
    assert np.isnan(best[0][1])  # a quarter of a training is no result
    assert [y for _, y in best[1:]] == [0.5, 0.5, 0.6, 0.6, 0.6]


def test_the_front_joins_what_nothing_beats(run: Run) -> None:
    [axes] = draw_front(run, ROWS, summary(), "ms").axes
    points = offsets(axes)
    assert points["front"] == [(60, 50), (90, 60)]
    assert points["networks"] == [(100, 40)]
    assert points["trained for less"] == [(50, 90)]
    assert [x for x, _ in points["T = 75 ms"]] == [75, 75]
    assert [text.get_text() for text in axes.texts] == ["highest reward"]


def test_plots_are_drawn_of_whatever_there_is(run: Run) -> None:
    def pictures(trials: tuple[Trial, ...], rows: Any) -> list[bool]:
        other = Run(run.header, trials, (None,) * len(trials), finished=False)
        return [draw(other, rows, summary()) is not None for _, _, draw in PLOTS]

    assert pictures(TRIALS, ROWS) == [True, True]
    assert pictures(TRIALS[:1], []) == [True, True]
    assert pictures(TRIALS[2:3], []) == [False, True]  # no accuracy, so no front


def test_words() -> None:
    assert share_words(1 / 16) == "6.25 %"
    assert spent_of(3.4375, 10) == "3.438 of 10 trainings spent"
    assert spent_of(1.0, 1) == "1 of 1 training spent"
    assert spent_words(summary()) == (
        "6 candidates (1 repeat, 1 trained for a part of the full training, 1 failed), 5.25 of 6 "
        "trainings spent; soft reward, T = 75 ms, latency: tunas"
    )
    assert how_trained(summary()) == "A full training is 4 epochs at width 0.25 and 32 px"
    assert how_measured(summary(latency_kind="measured")).startswith("Latency was measured and")


def test_the_page_lists_twenty_and_all_of_the_front(run: Run) -> None:
    rows = [row(rank, 4, front=rank in (1, 24)) for rank in range(1, 26)]
    text = page(run, rows)
    assert "4 more are in <code>trials.csv</code>" in text  # 21, 22, 23 and 25
