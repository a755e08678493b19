from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.tables.merging import merge_tables
from nasbench_mobile.tables.table import Table
from nasbench_mobile.tables.writing import write_table

Make = Callable[..., Any]


@pytest.fixture
def parts(tmp_path: Path, synthetic_table: Make) -> Callable[..., list[Path]]:
    def write(*tables: Table) -> list[Path]:
        places = [tmp_path / f"part{number}.jsonl" for number in range(len(tables))]
        for place, table in zip(places, tables, strict=True):
            write_table(place, table)
        return places

    return write


def test_shards_make_the_whole(parts: Callable[..., list[Path]], synthetic_table: Make) -> None:
    whole = synthetic_table(9, repeated=3)
    first, second = (replace(whole, rows=whole.rows[k::2]) for k in range(2))
    second = replace(second, sessions=({"rows_before": 2, "started": "later"},))
    merged = merge_tables(parts(first, second))
    assert merged.by_key == whole.by_key
    assert merged.sessions == ({"rows_before": len(first.rows) + 2, "started": "later"},)


def test_what_both_have_is_kept_once(
    parts: Callable[..., list[Path]], synthetic_table: Make
) -> None:
    table = synthetic_table(4)
    failed = replace(table.rows[0], accuracy=None, failure="out of memory")
    once = replace(table, rows=(failed, *table.rows[1:]))
    merged = merge_tables(parts(once, table, table))
    assert merged.by_key == table.by_key
    assert len(merged.rows) == len(table.rows)


def test_two_accuracies_of_one_training_are_named(
    parts: Callable[..., list[Path]], synthetic_table: Make
) -> None:
    table = synthetic_table(8, repeated=0)
    other = replace(table, rows=tuple(replace(row, accuracy=0.25) for row in table.rows))
    with pytest.raises(UsageError, match="8 trainings have two accuracies: .* seed 0: .*3 more"):
        merge_tables(parts(table, other))


def test_tables_of_other_recipes_are_refused_with_the_difference(
    parts: Callable[..., list[Path]], synthetic_table: Make
) -> None:
    table = synthetic_table(2)
    training = table.header.training
    recipe = {**training["recipe"], "learning_rate": 0.2}
    other = replace(table.header, training={**training, "recipe": recipe, "width": 1.0})
    with pytest.raises(UsageError) as refused:
        merge_tables(parts(table, replace(table, header=other)))
    said = str(refused.value)
    assert "training.recipe.learning_rate is 0.1 in" in said
    assert "training.width is 0.35 in" in said
    assert "batch_size" not in said
    priced = replace(table.header, latency={})
    with pytest.raises(UsageError, match="latency.pixel1"):
        merge_tables(parts(table, replace(table, header=priced)))
