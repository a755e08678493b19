"""What a folder of experiments amounts to: the report page, its tables, and the list of claims."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import ascii_lowercase
from typing import Any, TypedDict

from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.report.reproduction_rows import (
    ClaimRow,
    ListedClaim,
    PrintedCell,
    PrintedPage,
    PrintedRow,
    ShownExperiment,
    ShownPicture,
)
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import claims, claims_of
from nasbench_mobile.reproduce.experiment import Experiment, NumberRecord, SettingRecord
from nasbench_mobile.reproduce.registry import MODULES, experiments
from nasbench_mobile.reproduce.session import Record, Session
from nasbench_mobile.types import StrategySpec

NOT_RUN = "not run"
ONE_DIGIT = ("top1_pct", "top5_pct", "map", "map_s", "map_m", "map_l")
"""Columns that are printed with one digit after the point, a nought too: 72.0, not 72."""


def published() -> Path:
    """Where the published reproduction lies in a checkout; elsewhere there is no such folder."""
    package = Path(str(resources.files("nasbench_mobile")))
    return package.parent / "results" / "reproduction"


class ListedExperiment(TypedDict):
    """An experiment with its claims; `status` is "run" or "not run"."""

    name: str
    title: str
    shows: str
    in_all: bool
    options: list[str]
    status: str
    claims: list[ListedClaim]


class NumberRow(TypedDict):
    """A printed figure, ours, and how or why not; `row` names the table's row in one text."""

    table: str
    row: str
    column: str
    paper: float
    ours: float | None
    how: str


def listing(folder: Path | None = None) -> list[ListedExperiment]:
    """Every experiment with its claims, and what became of them in a folder of records.

    `folder` None means the published ones.
    """
    records = Session(folder or published()).records(list(MODULES))
    return [_listed(one, records.get(one.name)) for one in experiments()]


def _listed(experiment: Experiment, record: Record | None) -> ListedExperiment:
    verdicts = {claim["id"]: claim for claim in record["claims"]} if record else {}
    found: list[ListedClaim] = []
    for claim in claims_of(experiment.name):
        verdict = verdicts.get(claim.id)
        found.append(
            {
                "id": claim.id,
                "section": claim.section,
                "statement": claim.statement,
                "paper": claim.paper,
                "check": claim.check,
                "tolerance": claim.tolerance,
                "contradiction": claim.contradiction,
                "status": verdict["status"] if verdict else NOT_RUN,
                "detail": verdict["detail"] if verdict else "",
                "benchmark": verdict["benchmark"] if verdict else None,
            }
        )
    return {
        "name": experiment.name,
        "title": experiment.title,
        "shows": experiment.shows,
        "in_all": experiment.in_all,
        "options": sorted(experiment.options),
        "status": "run" if record else NOT_RUN,
        "claims": found,
    }


def publish(folder: Path) -> None:
    """Write `report.html`, `claims.csv` and `numbers.csv` of all that is finished in a folder."""
    records = Session(folder).records(list(MODULES))
    rows = claim_rows(folder)
    write_whole(folder / "claims.csv", _csv(rows))
    write_whole(folder / "numbers.csv", _csv(number_rows(records)))
    write_whole(folder / "report.html", _page(folder, records, rows))


def claim_rows(folder: Path) -> list[ClaimRow]:
    """One row per claim of the registry, in the paper's order."""
    found = {row["id"]: row for one in listing(folder) for row in one["claims"]}
    return [{"experiment": claim.experiment, **found[claim.id]} for claim in claims()]


def number_rows(records: Mapping[str, Record]) -> list[NumberRow]:
    """One row per printed figure."""
    return [
        {**number, "row": " / ".join(f"{value}" for value in number["row"])}
        for record in records.values()
        for number in record["numbers"]
    ]


def _page(folder: Path, records: Mapping[str, Record], rows: list[ClaimRow]) -> str:
    from nasbench_mobile.report.reproduction import page

    return page(
        claims=rows,
        tables=[_printed(table, records) for table in paper.TABLES],
        experiments=[_shown(folder, record) for record in records.values()],
        cost={
            "wall_s": sum(record["cost"]["wall_s"] for record in records.values()),
            "cpu_s": sum(record["cost"]["cpu_s"] for record in records.values()),
        },
        quick=any(record["made_with"]["setting"]["quick"] for record in records.values()),
    )


def _printed(table: paper.PrintedTable, records: Mapping[str, Record]) -> PrintedPage:
    """A printed table, each figure with ours or the reason why there is none.

    What is said of a figure is a note below the table, told by a letter.
    """
    beside = {
        (tuple(number["row"]), number["column"]): number
        for record in records.values()
        for number in record["numbers"]
        if number["table"] == table.name
    }
    notes: dict[str, str] = {}
    rows: list[PrintedRow] = [
        {
            "key": [f"{value}" for value in row[: len(table.keys)]],
            "cells": [
                _cell(column, value, beside.get((row[: len(table.keys)], column)), notes)
                for column, value in zip(table.columns, row[len(table.keys) :], strict=True)
            ],
        }
        for row in table.rows
    ]
    return {
        "title": table.title,
        "keys": [key.replace("_", " ") for key in table.keys],
        "columns": [paper.HEADINGS[column] for column in table.columns],
        "rows": rows,
        "notes": [{"letter": letter, "how": how} for how, letter in notes.items()],
    }


def _cell(
    column: str, value: paper.Value, number: NumberRecord | None, notes: dict[str, str]
) -> PrintedCell:
    """A figure, ours, and the letter of its note, which a new one gets in order."""
    how = number["how"] if number else "" if value is None else NOT_RUN
    letter = notes.setdefault(how, ascii_lowercase[len(notes)]) if how else ""
    return {
        "paper": f"{value:.1f}" if number and column in ONE_DIGIT else value,
        "ours": number["ours"] if number else None,
        "how": how,
        "note": letter,
    }


def _shown(folder: Path, record: Record) -> ShownExperiment:
    pictures: list[ShownPicture] = [
        {**picture, "base64": base64.b64encode((folder / picture["file"]).read_bytes()).decode()}
        for picture in record["pictures"]
        if (folder / picture["file"]).is_file()
    ]
    return {
        "experiment": record["experiment"],
        "title": record["title"],
        "shows": record["shows"],
        "claims": record["claims"],
        "tables": record["tables"],
        "said": record["said"],
        "cost": record["cost"],
        "pictures": pictures,
        "command": _command(record["experiment"], record["made_with"]["setting"]),
    }


def _command(name: str, setting: SettingRecord) -> str:
    """The command that makes an experiment with a setting."""
    specs = [StrategySpec(**spec) for spec in setting["strategies"] or ()]
    given = {
        "strategies": ",".join(spec.label for spec in specs) or None,
        **{name: setting[name] for name in ("seeds", "samples", "device")},
    }
    words = [f"--{option} {value}" for option, value in given.items() if value is not None]
    quick = ["--quick"] if setting["quick"] else []
    return " ".join(["nasbench-mobile reproduce", name, *words, *quick])


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
