"""Several tables of one recipe, filled by several machines, to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasbench_mobile.errors import UsageError
from nasbench_mobile.tables.differences import differences
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table, read_table

NAMED = 5
"""How many rows an error names: our choice, the rest is counted."""


def merge_tables(places: Sequence[Path]) -> Table:
    """The rows of all tables, in order; what several have is kept once.

    `UsageError` where headers differ, and in what; or where one training has two accuracies, and
    which. A failure gives way to an accuracy.
    """
    tables = [read_table(place) for place in places]
    first = tables[0]
    for place, table in zip(places[1:], tables[1:], strict=True):
        found = differences(first.header.content(), table.header.content())
        if found:
            raise UsageError(
                f"{places[0]} and {place} cannot be one table: "
                f"{found.words(str(places[0]), str(place))}; accuracies of different trainings are "
                "not comparable, collect both with the same options"
            )
    _check_contents(places, tables)
    _check_duplicates(places, tables)
    return _joined(tables)


def _joined(tables: Sequence[Table]) -> Table:
    rows: dict[object, Row] = {}
    sessions = []
    for table in tables:
        before = 0
        for session in [*table.sessions, None]:
            upto = len(table.rows) if session is None else session["rows_before"]
            for row in table.rows[before:upto]:
                if row.key not in rows or rows[row.key].accuracy is None:
                    rows[row.key] = row
            before = upto
            if session is not None:
                sessions.append({**session, "rows_before": len(rows)})
    header = replace(tables[0].header, schema=max(table.header.schema for table in tables))
    if any("data_content" not in table.header.training for table in tables):
        training = {k: v for k, v in header.training.items() if k != "data_content"}
        header = replace(header, training=training)
    return replace(
        tables[0], header=header, sessions=tuple(sessions), rows=tuple(rows.values()), size=0
    )


def _check_contents(places: Sequence[Path], tables: Sequence[Table]) -> None:
    known: dict[str, Path] = {}
    for place, table in zip(places, tables, strict=True):
        if table.data_content is not None:
            known.setdefault(table.data_content, place)
    if len(known) > 1:
        said = " and ".join(f"{content} in {place}" for content, place in known.items())
        raise UsageError(
            f"the tables are of other images under the same names: {said}; accuracies of different "
            "images are not comparable"
        )


def _check_duplicates(places: Sequence[Path], tables: Sequence[Table]) -> None:
    known: dict[object, tuple[Path, Row]] = {}
    clashes = []
    for place, table in zip(places, tables, strict=True):
        for key, row in table.by_key.items():
            if row.accuracy is None:
                continue
            before, other = known.setdefault(key, (place, row))
            if other.accuracy != row.accuracy:
                clashes.append(
                    f"{row.words}: {other.accuracy} in {before} and {row.accuracy} in {place}"
                )
    if clashes:
        more = f" and {len(clashes) - NAMED} more" if len(clashes) > NAMED else ""
        raise UsageError(
            f"{len(clashes)} trainings have two accuracies: {'; '.join(clashes[:NAMED])}{more}; "
            "one recipe and seed should give one (other library versions or processors may not): "
            "remove these lines from one of the tables"
        )
