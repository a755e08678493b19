"""Six small networks of the round trip, what it draws, and that its record holds what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile import catalog
from nasbench_mobile.networks import zoo
from tests.round_trip.comparing import BAR, BATCHES, FORMATS, compare
from tests.round_trip.drawing import (
    EDGES,
    RANDOM,
    SPACES,
    Case,
    cases,
    in_turn,
    sizes,
    small_cases,
)
from tests.round_trip.record import page, read_rows, summary, whole, write_summary

RESULTS = Path(__file__).resolve().parents[2] / "results" / "round-trip"


QUICK = {"squeeze", "cells", "stride"}


def small() -> Iterator[Any]:
    for case in small_cases():
        marks = [] if case.name in QUICK else [pytest.mark.slow]
        yield pytest.param(case, id=case.name, marks=marks)


@pytest.mark.no_cover
@pytest.mark.parametrize("case", small())
def test_every_file_answers_as_the_module(case: Case) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    rows = compare(case)
    assert [(row["format"], row["batch"]) for row in rows] == [
        ("tflite", 1), ("tflite", 3), ("pt2", 1), ("pt2", 3), ("onnx", 1), ("onnx", 3),
    ]  # fmt: skip
    assert rows[0]["differing"] > 1e-2
    assert max(row["difference"] for row in rows) <= BAR


def test_all_models_and_twenty_of_every_space_are_drawn() -> None:
    drawn = cases()
    groups = {
        group: [one for one in drawn if one.group == group] for group in {c.group for c in drawn}
    }
    assert set(SPACES) == set(catalog.BUILT_IN["space"])
    assert set(groups) == {"zoo", "small", *SPACES}
    assert [one.name for one in groups["zoo"]] == list(zoo.MODELS)
    assert {name: len({one.name for one in groups[name]}) for name in SPACES} == dict.fromkeys(
        SPACES, RANDOM
    )
    assert drawn == cases()
    assert drawn != cases(1)
    for name in ("zoo", *SPACES):
        seen = [one.input_size for one in groups[name]]
        assert set(EDGES) <= set(seen)
        assert 0 < sum(size % 2 for size in seen) < len(seen)
    assert {one.stem_stride for one in drawn} == {None, 1}


@pytest.mark.parametrize("count", [17, 20])
def test_sizes_are_spread(count: int) -> None:
    drawn = sorted(sizes(count, np.random.default_rng(3)))
    assert len(drawn) == count
    assert (drawn[0], drawn[1], drawn[-2], drawn[-1]) == EDGES
    assert max(np.diff(drawn)) <= 2 * (EDGES[2] - EDGES[1]) / (count - len(EDGES)) + 1


def test_every_drawn_network_can_be_built() -> None:
    for case in cases():
        if case.group != "nasnet":  # slower than the others
            assert case.network().input_shape == (3, case.input_size, case.input_size)


def test_a_stopped_run_has_looked_at_every_group() -> None:
    first = in_turn(cases())[: len(SPACES) + 2]
    assert {case.group for case in first} == {"zoo", "small", *SPACES}
    assert sorted(map(repr, in_turn(cases()))) == sorted(map(repr, cases()))


def test_the_published_record_is_of_these_networks() -> None:
    """Every network that is drawn by its seed is in it, whole."""
    first, rows = read_rows(RESULTS / "comparisons.jsonl")
    drawn = cases(first["seed"])
    kept = [row for case in drawn for row in whole(case, rows)]
    assert sorted(map(repr, kept)) == sorted(map(repr, rows))
    assert len(rows) == len(drawn) * len(FORMATS) * len(BATCHES)
    figures = summary(first, kept, len(drawn))
    assert json.loads((RESULTS / "summary.json").read_text()) == figures
    assert (RESULTS / "README.md").read_text(encoding="utf-8") == page(figures)
    for row in figures["above_bar"]:  # those alone whose answers nearly cancel, as float32 shows
        assert row["rounding"] > BAR / 4
        assert f"Above the bar lies {row['name']} of {row['group']}" in page(figures)
    assert figures["least_differing"] > 1e-3


def test_a_comparison_above_the_bar_is_never_dropped(tmp_path: Path) -> None:
    first, rows = read_rows(RESULTS / "comparisons.jsonl")
    rows = [row for row in rows if row["difference"] <= BAR]
    for odd in (2 * BAR, float("nan")):
        changed = [{**rows[0], "difference": odd}, *rows[1:]]
        assert write_summary(tmp_path, first, changed, 1) == 1
        assert "1 of" in (tmp_path / "README.md").read_text()


def test_a_network_that_was_cut_short_is_compared_again(tmp_path: Path) -> None:
    path = tmp_path / "comparisons.jsonl"
    case, other = small_cases()[:2]
    full = [{**case.record, "format": name, "batch": b} for name in FORMATS for b in BATCHES]
    cut = [{**row, **other.record} for row in full[:-1]]
    lines = [json.dumps(row) + "\n" for row in [{"seed": 0}, *full, *cut]]
    path.write_text("".join(lines) + '{"format": "on')
    first, rows = read_rows(path)
    assert (first, rows) == ({"seed": 0}, full + cut)
    assert whole(case, rows) == full
    assert whole(other, rows) == []
    assert read_rows(tmp_path / "none.jsonl") == ({}, [])
