"""Tables on disk: what is written is read, damage is named, a torn line is cut, one writes."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.tables.merging import merge_tables
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import FILE, Header, Table, read_table
from nasbench_mobile.tables.writing import open_table, write_table

Make = Callable[..., Any]
FAILED = Row((1, 0), 0, "uniform", failure="the training diverged")


def header(table: Table, **training: Any) -> Header:
    return replace(table.header, training={**table.header.training, **training})


def test_what_is_written_is_read(tmp_path: Path, synthetic_table: Make) -> None:
    table = synthetic_table(5, repeated=2)
    session = {"rows_before": 3, "started": "today"}
    reference = Row(
        None, 0, "reference", name="mnasnet-a1", width=0.5, input_size=96,
        accuracy=0.5, latency_ms={"pixel1": None},
    )  # fmt: skip
    whole = replace(table, rows=(*table.rows, reference, FAILED), sessions=(session,))
    write_table(tmp_path / FILE, whole)
    again = read_table(tmp_path)
    assert (again.header, again.rows, again.sessions) == (whole.header, whole.rows, (session,))
    assert again.failures == (FAILED,)
    assert len(again.architectures()) == 5
    assert len(again.trained()) == 6
    packed = tmp_path / "table.jsonl.xz"
    packed.write_bytes(lzma.compress((tmp_path / FILE).read_bytes()))
    assert read_table(packed) == again


def test_a_row_after_a_failure_stands_for_it(tmp_path: Path, synthetic_table: Make) -> None:
    table = synthetic_table(2, repeated=0)
    write_table(tmp_path / FILE, replace(table, rows=(FAILED, *table.rows)))
    with open_table(tmp_path, table.header) as (known, writer):
        assert len(known.failures) == 1
        writer.row(replace(FAILED, accuracy=0.4, failure=None))
    assert read_table(tmp_path).failures == ()
    assert len(read_table(tmp_path).rows) == 4


def test_a_torn_last_line_is_cut_off(tmp_path: Path, synthetic_table: Make) -> None:
    table = synthetic_table(3, repeated=0)
    path = tmp_path / FILE
    write_table(path, table)
    sound = path.read_bytes()
    path.write_bytes(sound[:-20])
    assert read_table(path).torn
    with open_table(tmp_path, table.header) as (known, writer):
        assert known.rows == table.rows[:2]
        writer.row(table.rows[2])
    assert path.read_bytes() == sound


@pytest.mark.parametrize("begun", [b"", b'{"table":'])
def test_a_table_killed_while_it_was_begun_is_begun_again(
    tmp_path: Path, synthetic_table: Make, begun: bytes
) -> None:
    table = synthetic_table(1, repeated=0)
    (tmp_path / FILE).write_bytes(begun)
    with open_table(tmp_path, table.header) as (known, writer):
        assert known.rows == ()
        writer.row(table.rows[0])
    assert read_table(tmp_path).rows == table.rows


def test_damage_is_named_by_its_line(tmp_path: Path, synthetic_table: Make) -> None:
    path = tmp_path / FILE
    write_table(path, synthetic_table(3, repeated=0))
    lines = path.read_text().splitlines(keepends=True)
    for spoiled, said in (
        (lines[2][5:], "line 3 is not JSON"),
        ('{"seed": 1}\n', "line 3: "),
        (lines[2].replace('"accuracy":', '"accuracy":1'), "line 3: accuracy is 10"),
    ):
        path.write_text("".join([*lines[:2], spoiled, *lines[3:]]))
        with pytest.raises(UsageError, match=said):
            read_table(path)
    path.write_text("".join(lines[1:]))
    with pytest.raises(UsageError, match=r"a table of 'trained-architectures', schema 2"):
        read_table(path)
    with pytest.raises(UsageError, match="cannot read the table"):
        read_table(tmp_path / "nowhere")
    path.write_text("".join(lines), encoding="utf-16")
    with pytest.raises(UsageError, match="is UTF-16 text; save it as UTF-8"):
        read_table(path)
    path.write_bytes("".join([*lines[:2], '{"failure": "für"}\n']).encode("latin-1"))
    with pytest.raises(UsageError, match="is not UTF-8: line 3 has the byte 0xfc"):
        read_table(path)
    path.write_text("".join(lines), encoding="utf-8-sig")
    assert len(read_table(path).rows) == 3


def test_a_table_of_another_recipe_is_not_continued(tmp_path: Path, synthetic_table: Make) -> None:
    table = synthetic_table(1)
    write_table(tmp_path / FILE, table)
    other = header(table, epochs=7.0)
    with (
        pytest.raises(UsageError, match=r"training.epochs is 7.0 in this command and 1.0 in"),
        open_table(tmp_path, other),
    ):
        pass


def test_two_do_not_write_one_table(tmp_path: Path, synthetic_table: Make) -> None:
    table = synthetic_table(1)
    with (
        open_table(tmp_path, table.header),
        pytest.raises(UsageError, match="being filled by another process"),
        open_table(tmp_path, table.header),
    ):
        pass


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tokens": None}, "give one"),
        ({"name": "mnasnet-a1"}, "give one"),
        ({"accuracy": None}, "give one"),
        ({"failure": "it diverged"}, "give one"),
        ({"accuracy": 45.0}, "fraction in"),
        ({"latency_ms": {"pixel1": 0.0}}, "latency pixel1 is 0.0 ms"),
        ({"other_costs": {"meter": -1.0}}, "cost meter is -1.0; it must be finite and at least 0"),
    ],
)
def test_rows_check_themselves(values: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {"tokens": (1,), "seed": 0, "origin": "uniform", "accuracy": 0.5}
    assert Row(**good).words == "1 seed 0"
    with pytest.raises(UsageError, match=said):
        Row(**{**good, **values})


ENERGY = {"cost": "energy", "unit": "mJ", "label": "meter", "device": "bench", "kind": "measured"}


def with_energy(table: Table) -> Table:
    rows = tuple(replace(row, other_costs={"meter": 3.5}) for row in table.rows)
    return replace(table, rows=rows, header=replace(table.header, other_costs={"meter": ENERGY}))


def test_columns_are_costs_by_name_with_unit(tmp_path: Path, synthetic_table: Make) -> None:
    table = with_energy(synthetic_table(2, repeated=0))
    write_table(tmp_path / FILE, table)
    first, second = map(json.loads, (tmp_path / FILE).read_text().splitlines()[:2])
    assert first["schema"] == 2
    assert first["costs"]["meter"] == ENERGY
    assert first["costs"]["pixel1"].items() >= {"cost": "latency", "unit": "ms"}.items()
    assert second["costs"] == {**table.rows[0].latency_ms, "meter": 3.5}
    again = read_table(tmp_path)
    assert (again.header, again.rows) == (table.header, table.rows)


def test_a_table_of_schema_1_goes_on_in_it_and_merges_with_new_ones(
    tmp_path: Path, synthetic_table: Make
) -> None:
    table = synthetic_table(4, repeated=0)
    old = replace(table, rows=table.rows[:1], header=replace(table.header, schema=1))
    write_table(tmp_path / FILE, old)
    with open_table(tmp_path, table.header) as (known, writer):
        assert known.rows == old.rows
        writer.row(table.rows[1])
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [line.get("schema") for line in lines] == [1, None, None]
    assert lines[2]["latency_ms"] == table.rows[1].latency_ms
    new = tmp_path / "new.jsonl"
    write_table(new, replace(table, rows=table.rows[2:]))
    merged = merge_tables([tmp_path / FILE, new])
    assert (merged.rows, merged.header.schema) == (table.rows, 2)
    with pytest.raises(UsageError, match="a table of schema 1 has no costs but latencies"):
        write_table(new, with_energy(old))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cost": "latency"}, "the cost latency is in 'mJ'; it must be in ms"),
        ({"cost": "an energy"}, "a cost is named 'an energy'"),
        ({"unit": ""}, "the unit of a cost is ''"),
    ],
)
def test_a_column_of_a_wrong_unit_is_refused(
    tmp_path: Path, synthetic_table: Make, change: dict[str, str], said: str
) -> None:
    table = with_energy(synthetic_table(1, repeated=0))
    header = replace(table.header, other_costs={"meter": {**ENERGY, **change}})
    write_table(tmp_path / FILE, replace(table, header=header))
    with pytest.raises(UsageError, match=f"line 1: {said}"):
        read_table(tmp_path)


def test_a_column_holds_one_cost(synthetic_table: Make) -> None:
    header = synthetic_table(1).header
    with pytest.raises(UsageError, match="the column pixel1 would hold latencies and another cost"):
        replace(header, other_costs={"pixel1": ENERGY})
