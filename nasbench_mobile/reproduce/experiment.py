"""What an experiment is: one file with a name, what it shows, and a `run` that gives an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from nasbench_mobile.errors import UsageError
from nasbench_mobile.reproduce.claims import ClaimVerdict
from nasbench_mobile.reproduce.paper import PrintedTable, Value
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

RunStudy: TypeAlias = Callable[[Study], None]
"""Runs a study to its end, however the caller likes."""

Option: TypeAlias = Literal["strategies", "seeds", "samples", "device"]

LOGS = "logs"
"""Folder, beside what an experiment writes, for its studies; not published."""


class SettingRecord(TypedDict):
    """A setting as JSON; strategies are `StrategySpec.record`s."""

    strategies: list[dict[str, Any]] | None
    seeds: int | None
    samples: int | None
    device: str | None
    quick: bool


@dataclass(frozen=True)
class ExperimentSetting:
    """What a user chose; None leaves it to the experiment. `quick` is a small form that shows the
    machinery, and whose verdicts say so.
    """

    strategies: tuple[StrategySpec, ...] | None = None
    seeds: int | None = None
    samples: int | None = None
    device: str | None = None
    quick: bool = False

    def to_json(self) -> SettingRecord:
        given = None if self.strategies is None else [spec.record() for spec in self.strategies]
        return {
            "strategies": given,
            "seeds": self.seeds,
            "samples": self.samples,
            "device": self.device,
            "quick": self.quick,
        }

    def only(self, options: frozenset[Option]) -> ExperimentSetting:
        """The part of it that an experiment with these options looks at.

        One without searches has no small form, so that `quick` means nothing to it.
        """
        given = {name: getattr(self, name) for name in sorted(options)}
        return ExperimentSetting(**given, quick=self.quick and "samples" in options)


class NumberRecord(TypedDict):
    """A `Number` as JSON."""

    table: str
    row: Sequence[Value]
    column: str
    paper: float
    ours: float | None
    how: str


@dataclass(frozen=True, slots=True)
class Number:
    """A figure that the paper prints, ours beside it, and how ours came about.

    `table` is a `PrintedTable.name`, `row` its keys' values. Where `ours` is None, `how` is the
    reason; it is never empty.
    """

    table: str
    row: tuple[Value, ...]
    column: str
    paper: float
    ours: float | None
    how: str

    def __post_init__(self) -> None:
        if not self.how:
            raise UsageError(f"{self.table} {self.row} {self.column} says neither how nor why not")

    def to_json(self) -> NumberRecord:
        return {
            "table": self.table,
            "row": self.row,
            "column": self.column,
            "paper": self.paper,
            "ours": self.ours,
            "how": self.how,
        }


class TableRecord(TypedDict):
    """A `ResultTable` as JSON."""

    name: str
    title: str
    columns: dict[str, str]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Rows to be printed and written as CSV; `columns` maps keys of a row to headings."""

    name: str
    title: str
    columns: dict[str, str]
    rows: Sequence[Mapping[str, Any]]

    def to_json(self) -> TableRecord:
        return {
            "name": self.name,
            "title": self.title,
            "columns": self.columns,
            "rows": self.rows,
        }


class PictureRecord(TypedDict):
    """A `Picture` as JSON."""

    file: str
    caption: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG in the experiment's folder."""

    file: str
    caption: str

    def to_json(self) -> PictureRecord:
        return {"file": self.file, "caption": self.caption}


@dataclass(frozen=True)
class ExperimentOutcome:
    """What a run of an experiment gives: its data, and what of it is to be shown.

    `result` is data for programs, `said` sentences for people. `verdicts` answer every claim that
    names the experiment, those apart that are declared to need something that is not here.
    """

    result: dict[str, Any] = field(default_factory=dict)
    verdicts: Sequence[ClaimVerdict] = ()
    numbers: Sequence[Number] = ()
    tables: Sequence[ResultTable] = ()
    pictures: Sequence[Picture] = ()
    said: Sequence[str] = ()


@dataclass(frozen=True)
class Experiment:
    """`run(setting, folder, run_study)` writes its pictures into `folder`, studies under its
    `logs`. `options` are those that it heeds; `in_all` says whether `reproduce all` runs it.
    """

    name: str
    title: str
    shows: str
    run: Callable[[ExperimentSetting, Path, RunStudy], ExperimentOutcome]
    options: frozenset[Option] = frozenset()
    in_all: bool = True


Ours: TypeAlias = Callable[[tuple[Value, ...], str], tuple[float | None, str]]
"""Gives our figure for a row's keys and a column, or None, and how it was made or why not."""


def numbers(table: PrintedTable, ours: Ours) -> list[Number]:
    """One `Number` for every figure that the table prints, row by row."""
    found = []
    for row in table.rows:
        key, values = row[: len(table.keys)], row[len(table.keys) :]
        for column, value in zip(table.columns, values, strict=True):
            if isinstance(value, int | float):
                found.append(Number(table.name, key, column, float(value), *ours(key, column)))
    return found


def study_runs(folder: Path, name: str, plan: Plan, run_study: RunStudy) -> list[Run]:
    """The runs of a study under the logs of `folder`, run to its end first."""
    study = Study.create(folder / LOGS / name, plan)
    run_study(study)
    return study.runs()
