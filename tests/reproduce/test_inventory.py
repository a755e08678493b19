"""Every figure that the paper prints stands in the report, beside ours or a reason."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.registry import experiments
from nasbench_mobile.reproduce.report_folder import publish

ROOT = Path(__file__).resolve().parents[2]
PRINTED = ROOT / "tests" / "data" / "paper"
PUBLISHED = ROOT / "results" / "reproduction"

Figure = tuple[str, tuple[str, ...], str, float]


def printed() -> Iterator[Figure]:
    """(table, row, column, figure) of everything in the files; counts worked out there apart."""
    tables = {table.name: table for table in paper.TABLES}
    for file in sorted(PRINTED.glob("*.csv")):
        keys = tables[file.stem].keys
        for row in csv.DictReader(file.open(encoding="utf-8")):
            for column, text in row.items():
                words = column in keys or column.startswith("computed") or not text
                if not words and re.fullmatch(r"-?\d+(\.\d+)?", text):
                    yield (
                        file.stem,
                        tuple(map(key_text, (row[k] for k in keys))),
                        column,
                        float(text),
                    )


def key_text(value: object) -> str:
    """Keys compare as numbers where they are some: 1.0 is 1."""
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(value)


def test_our_copy_of_the_figures_is_right_and_whole() -> None:
    ours = {
        (table.name, tuple(map(key_text, row[: len(table.keys)])), column): value
        for table in paper.TABLES
        for row in table.rows
        for column, value in zip(table.columns, row[len(table.keys) :], strict=True)
        if value is not None
    }
    theirs = {figure[:3]: figure[3] for figure in printed()}
    assert ours == theirs
    assert {file.stem for file in PRINTED.glob("*.csv")} == {table.name for table in paper.TABLES}


def test_every_printed_figure_is_in_the_report(
    records: Callable[[str], dict[str, Any]], smallest: Path
) -> None:
    found = {}
    for one in experiments():
        if one.in_all:
            for number in records(one.name)["numbers"]:
                row = tuple(map(key_text, number["row"]))
                found[number["table"], row, number["column"]] = number
    for table, row, column, value in printed():
        number = found[table, row, column]
        assert number["paper"] == value
        assert number["ours"] is not None or "needs" in number["how"] or "never" in number["how"]
    check_page(smallest)


def check_page(folder: Path) -> None:
    """Every claim and every printed figure on the page, nothing fetched from elsewhere."""
    publish(folder)
    page = unescape((folder / "report.html").read_text(encoding="utf-8"))
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", page)
    assert "<script" not in page
    assert "not run" not in page
    cells = set(re.findall(r"<td class=\"num\"[^>]*><span>([^<]*)<", page))
    assert {f"{float(value):.4g}" for _, _, _, value in printed()} <= {
        key_text(cell.replace(",", "")) for cell in cells
    }
    rows = list(csv.DictReader((folder / "claims.csv").open(encoding="utf-8")))
    for row in rows:
        assert f'id="claim-{row["id"]}"' in page
        assert row["statement"] in page


def test_the_published_report_is_whole() -> None:
    wanted = [one.name for one in experiments() if one.in_all]
    if missing := [name for name in wanted if not (PUBLISHED / f"{name}.json").is_file()]:
        pytest.skip(f"not published yet: {', '.join(missing)}")
    rows = list(csv.DictReader((PUBLISHED / "numbers.csv").open(encoding="utf-8")))
    found = {
        (row["table"], tuple(map(key_text, row["row"].split(" / "))), row["column"]): row
        for row in rows
    }
    for table, row, column, value in printed():
        number = found[table, row, column]
        assert float(number["paper"]) == value
        assert number["ours"] or number["how"]
