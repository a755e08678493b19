from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile import catalog


def test_list_spaces(command: Callable[..., Any]) -> None:
    spaces = {row["name"]: row for row in command("list", "spaces", "--json").json}
    assert spaces["mnasnet"]["tokens"] == 42
    assert spaces["mnasnet"]["size"] == 432**7
    assert spaces["mnasnet"]["distinct"] == 431_396_604_088_418_304
    assert spaces["mnasnet-anb"]["size"] == 36**6 * 48
    assert "431,396,604,088,418,304" in command("list", "spaces").out


def test_list_strategies_with_their_options(command: Callable[..., Any]) -> None:
    rows = {row["name"]: row for row in command("list", "strategies", "--json").json}
    assert set(rows) >= {*catalog.BUILT_IN["strategy"], *catalog.VARIANTS}
    for name in (*catalog.BUILT_IN["strategy"], *catalog.VARIANTS):
        assert rows[name]["options"] is not None
        for key in ("family", "library", "source", "shines"):
            assert rows[name][key], f"{name} has no {key}"
    assert rows["ppo"]["options"]["learning_rate"] == 0.00035
    assert rows["ppo-retuned"]["options"] == rows["ppo"]["options"] | {"learning_rate": 0.0008}
    assert rows["regularized-evolution"]["options"]["population_size"] == 100
    assert all(row["summary"] for row in rows.values())


def test_the_page_of_strategies_is_what_the_command_prints(command: Callable[..., Any]) -> None:
    page = Path(__file__).parents[2] / "docs" / "strategies.md"
    assert command("list", "strategies", "--page").out == page.read_text("utf-8"), (
        "write it again: nasbench-mobile list strategies --page > docs/strategies.md"
    )
    assert "only" in command("list", "spaces", "--page").err


def test_list_benchmarks_and_models(command: Callable[..., Any]) -> None:
    benchmarks = {row["name"]: row for row in command("list", "benchmarks", "--json").json}
    assert benchmarks["imagenet-pixel1"]["reference_point"]["latency_ms"] == 298.0
    assert len(benchmarks["imagenet-pixel1"]["hash"]) == 64
    models = {row["model"]: row for row in command("list", "models", "--json").json}
    assert models["mnasnet-b1"]["parameters"] == 4_383_312


@pytest.mark.parametrize("what", ["spaces", "strategies", "benchmarks", "models"])
def test_lists_read_well_without_a_terminal(command: Callable[..., Any], what: str) -> None:
    text = command("list", what).out
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "…" not in text


def test_an_unknown_list_is_a_usage_error(command: Callable[..., Any]) -> None:
    result = command("list", "cakes")
    assert result.code == 2
    assert "spaces" in result.err
