"""A table's facts counted by hand, and the words of its card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from nasbench_mobile.collecting import card as card_module
from nasbench_mobile.collecting.card import noise_lines, table_card, wrapped
from nasbench_mobile.collecting.facts import mean_accuracy, table_facts
from nasbench_mobile.errors import UsageError
from nasbench_mobile.surrogates.fit_table import LEAST
from nasbench_mobile.tables.noise_study import noise_study
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import LatencyColumn, Table

Make = Callable[..., Table]


def tokens(k: int) -> tuple[int, ...]:
    return (k % 4, *[0] * 41)


def row(k: int, seed: int, accuracy: float | None, **options: Any) -> Row:
    changes: dict[str, Any] = {
        "latency_ms": {"pixel1": 30.0 + k, "host": None}, "cost_s": 100.04 * (k + 1) + seed,
        "failure": None if accuracy is not None else "lost", **options,
    }  # fmt: skip
    return Row(tokens(k), seed, "uniform", accuracy=accuracy, **changes)


@pytest.fixture
def table(synthetic_table: Make) -> Table:
    """Architectures of 3, 1, 2 and no good seeds, and a reference model of two."""
    header = synthetic_table(1).header
    one: LatencyColumn = {"label": "synthetic", "device": "none", "kind": "synthetic"}
    header = replace(
        header,
        latency={"pixel1": one, "host": one},
        training={**header.training, "data": "images of ours", "epochs": 1.5},
    )
    model: dict[str, Any] = {
        "name": "mobilenet-v2", "width": 0.75, "input_size": 160,
        "multiply_adds": 123_456_789, "latency_ms": {"pixel1": 41.26, "host": None},
    }  # fmt: skip
    rows = (
        row(0, 0, 0.50), row(1, 0, 0.6000004), row(2, 0, 0.2999996), row(3, 0, None),
        Row(None, 0, "reference", accuracy=0.7, **model),
        Row(None, 1, "reference", accuracy=0.7246, **model),
        row(0, 1, 0.53), row(2, 1, 0.32), row(0, 2, 0.57),
    )  # fmt: skip
    sessions = (
        {"rows_before": 0, "started": "2026-01-02T10:00", "versions": {"torch": "2.7"},
         "environment": {"processor": "B"}},
        {"rows_before": 4, "started": "2026-02-03T10:00", "versions": {},
         "environment": {"processor": "A"}},
        {"rows_before": 9, "started": "2026-03-04T10:00", "versions": {"torch": "2.7"},
         "environment": {"processor": "A"}},
    )  # fmt: skip
    return replace(Table(header, sessions, rows))


def test_facts_are_counted_over_architectures(table: Table) -> None:
    facts = table_facts(table)
    assert (facts["architectures"], facts["trainings"], facts["failed"]) == (3, 6, 1)
    assert facts["seeds"] == {1: 1, 2: 1, 3: 1}
    assert list(facts["seeds"]) == [1, 2, 3]
    assert (facts["references"], facts["pilot"], facts["space"]) == (1, True, "mnasnet")
    # Means over seeds: 0.5333, 0.6 and 0.31.
    assert facts["accuracy"] == {"least": 0.31, "median": 0.533333, "most": 0.6}
    assert facts["latency_ms"] == {
        "pixel1": {"least": 30.0, "median": 31.0, "most": 32.0}, "host": None,
    }  # fmt: skip
    assert facts["cost_s"] == 1104.4  # 1104.44 of 1, 1, 1, 2, 3 and 3 times 100.04, and seeds
    assert (
        facts["noise"] == noise_study([[0.50, 0.53, 0.57], [0.6000004], [0.2999996, 0.32]]).record()
    )


def test_facts_of_some_architectures_alone(table: Table) -> None:
    facts: Any = table_facts(table, {tokens(1), tokens(2)})
    assert (facts["architectures"], facts["trainings"]) == (2, 3)
    assert facts["accuracy"]["most"] == 0.6
    assert facts["cost_s"] == 801.3  # 801.32
    assert "2 architectures, 1 of them" in facts["noise"]["unknown"]
    with pytest.raises(UsageError, match="no trained architecture"):
        table_facts(table, {tokens(3)})


def test_a_mean_is_over_what_was_trained(table: Table) -> None:
    assert mean_accuracy(list(table.rows[:4])) == pytest.approx((0.5 + 0.6 + 0.3) / 3)


def test_a_table_is_a_pilot_below_what_a_fit_needs(synthetic_table: Make) -> None:
    every = [tuple((k >> bit) & 1 for bit in range(42)) for k in range(LEAST)]
    whole, short = (synthetic_table(tokens=every[:n], repeated=0) for n in (LEAST, LEAST - 1))
    assert (table_facts(whole)["pilot"], table_facts(short)["pilot"]) == (False, True)
    assert "A pilot" not in table_card(whole, "x")
    assert f"fewer than {LEAST} architectures" in " ".join(table_card(short, "x").split())


def test_the_card_has_the_facts_in_words(table: Table) -> None:
    said = table_card(table, "mine")
    flat = " ".join(said.split())
    for wanted in (
        "# mine", "3 architectures of the space `mnasnet`, every one", "6 trainings, 1 failed",
        "**Data**: images of ours", "1.5 epochs, batch 8, sgd, learning rate 0.1 per 256",
        "schedule cosine", "width multiplier 0.35, 32 pixels, stem of stride 1",
        "stem of stride 1, computed in 32 bits",
        "from 2026-01-02 to 2026-03-04 (starts) on A, B with PyTorch 2.7, ?: 0.3 hours",
        "31.00 to 60.00 %, median 53.33 %",
        "**Latency** `pixel1` (synthetic, none, synthetic): 30.0 to 32.0 ms, median 31.0",
        "| mobilenet-v2 | 0.75 | 160 | 71.23 | 2 | 123.5 | 41.3 | - |",
        "| pixel1, ms | host, ms |", "thin networks trained for 1.5 epochs",
        "(architectures: 1 with 1, 1 with 2, 1 with 3)",
    ):  # fmt: skip
        assert wanted in flat, wanted
    assert "**Latency** `host`" not in said
    heads = [line for line in said.splitlines() if line.startswith("#")]
    assert heads == ["# mine", "## Noise", "## Reference models", "## Limits"]
    table_lines = [line for line in said.splitlines() if line.startswith("| m")]
    rule = said.splitlines()[said.splitlines().index(table_lines[0]) + 1]
    assert rule.count("---") == table_lines[0].count("|") - 1 == 8


def test_the_card_of_a_part_says_of_what(table: Table) -> None:
    said = " ".join(table_card(table, "mine", "half", {tokens(0), tokens(2)}).split())
    assert "2 architectures of the space `half`, a part of `mnasnet`" in said


def test_a_card_without_sessions_references_or_stride(table: Table) -> None:
    header = replace(table.header, training={**table.header.training, "stem_stride": None})
    bare = Table(header, (), tuple(r for r in table.rows if r.tokens is not None))
    said = " ".join(table_card(bare, "mine").split())
    assert "from ? to ? (starts) on unknown with PyTorch ?" in said
    assert "stem of stride" not in said
    assert "Reference models" not in said


def test_noise_is_told_in_points_beside_what_is_tolerated() -> None:
    study = noise_study([[0.50, 0.53, 0.57], [0.6], [0.30, 0.32], [0.45, 0.44]])
    record = study.record()
    said = noise_lines(record)
    low, high = study.seed_sd_interval
    assert said[:2] == [
        "| standard deviation, points | estimate | 95 % interval |",
        "|---|---|---|",
    ]
    assert said[2] == (
        f"| between seeds of one architecture | {100 * study.seed_sd:.2f} | "
        f"{100 * low:.2f} to {100 * high:.2f} |"
    )
    assert said[3].startswith(f"| between architectures | {100 * study.spread_sd:.2f} |")
    assert f"{study.ratio:.2f} of the spread" in said[5]
    assert f"{study.label_ratio:.2f} of the spread" in said[5]
    assert study.ratio != study.label_ratio
    assert "at most the third" in said[5]
    assert "From 3 architectures with several seeds, 8 trainings in all" in said[5]
    noisy: Any = {**record, "ranks": False, "ratio": None, "ratio_interval": [0.5, None]}
    assert "infinity of the spread (95 % interval 0.50 to infinity)" in noise_lines(noisy)[5]
    assert "more than the third" in noise_lines(noisy)[5]
    assert noise_lines({"unknown": "too few"}) == ["Not known: too few."]


def test_lines_are_wrapped_but_for_tables() -> None:
    words = "word " * 40
    assert wrapped(f"| {words}|") == f"| {words}|"
    first, *others = wrapped(f"- {words}").splitlines()
    assert len(first) <= 100
    assert all(line.startswith("  word") and len(line) <= 100 for line in others)
    assert wrapped(words).splitlines()[1].startswith("word")
    assert wrapped(f"{'x' * 96} re-use") == f"{'x' * 96}\nre-use"
    assert wrapped("") == ""
    assert card_module._finite(0.126) == "0.13"
