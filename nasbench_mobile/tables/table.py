"""A table as read: its header, the sessions that filled it, and its rows."""

from __future__ import annotations

import lzma
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from nasbench_mobile.costs import UNITS, check_name, check_unit
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import parsed
from nasbench_mobile.files.schemas import schema_of
from nasbench_mobile.files.text_files import DAMAGE, DamagedText, text_of
from nasbench_mobile.protocols import LatencyEvaluator, SearchSpace
from nasbench_mobile.tables.row import COSTS_BY_NAME, Identity, Row, TrainingKey
from nasbench_mobile.types import Tokens

MODEL, SCHEMA = "trained-architectures", 2
"""What a table's first line says it is."""

LATENCY = {"cost": "latency", "unit": UNITS["latency"]}
"""What the header says of a column with latencies."""

FILE = "table.jsonl"
"""The table in the folder that `collect` fills."""


class SpaceRecord(TypedDict):
    """A space by its name in the catalogue and its options."""

    name: str
    options: dict[str, Any]


class LatencyColumn(TypedDict):
    """What measured, or estimated, the latencies of a column."""

    label: str
    device: str
    kind: str


@dataclass(frozen=True, slots=True)
class Header:
    """What all rows of a table have in common, and tables must before they are merged.

    `space` is that of the tokens (`space_record`); `training` all that decides an accuracy but the
    network and the seed; `latency` says what measured each column (`latency_columns`), and
    `other_costs` the same of columns that are no latencies, each with its `cost` and `unit`.
    `schema` is that of the file it was read from, which whoever goes on with the file keeps to.
    """

    space: SpaceRecord
    training: dict[str, Any]
    latency: dict[str, LatencyColumn]
    other_costs: dict[str, dict[str, Any]] = field(default_factory=dict)
    schema: int = field(default=SCHEMA, compare=False)

    def __post_init__(self) -> None:
        if both := sorted(self.latency.keys() & self.other_costs.keys()):
            raise UsageError(
                f"the column {both[0]} would hold latencies and another cost; give one of them "
                "another name"
            )

    def record(self) -> dict[str, Any]:
        """JSON values in its schema."""
        head = {"table": MODEL, "schema": self.schema}
        content = self.content()
        if self.schema >= COSTS_BY_NAME:
            latency = content.pop("latency")
            costs = {name: {**LATENCY, **column} for name, column in latency.items()}
            content["costs"] = {**costs, **content.pop("other_costs")}
        elif content.pop("other_costs"):
            raise UsageError(f"a table of schema {self.schema} has no costs but latencies")
        return {**head, **content}

    def content(self) -> dict[str, Any]:
        """What two tables have to agree in to be merged, whatever their schemas."""
        return {
            "space": self.space, "training": self.training,
            "latency": self.latency, "other_costs": self.other_costs,
        }  # fmt: skip


def space_record(space: SearchSpace) -> SpaceRecord:
    """That of a space, as a table's header has it."""
    return {"name": space.name, "options": space.options}


def latency_columns(evaluators: Mapping[str, LatencyEvaluator]) -> dict[str, LatencyColumn]:
    """Those of each column's evaluator, as a table's header has them."""
    return {
        name: {"label": one.label, "device": one.device, "kind": one.kind}
        for name, one in evaluators.items()
    }


@dataclass(frozen=True, slots=True)
class Table:
    """A table's content in the file's order; a row stands for those of its key before it.

    `sessions` are the commands that filled it: when, by which versions, on which machine, with
    which options, each with the number of rows that stood before it. `size` is the number of bytes
    that are sound, `torn` whether a broken last line follows them.
    """

    header: Header
    sessions: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]
    size: int = 0
    torn: bool = False

    @property
    def data_content(self) -> str | None:
        """What was in the images (`ImageData.content`).

        None where only their names are known, as of the first tables. One of those that was filled
        on knows it from the session that did so.
        """
        there = self.header.training.get("data_content")
        said = [there, *(session.get("data_content") for session in self.sessions)]
        return next((one for one in reversed(said) if one is not None), None)

    @property
    def by_key(self) -> dict[TrainingKey, Row]:
        """The last row of each training."""
        return {row.key: row for row in self.rows}

    def trained(self) -> dict[Identity, list[Row]]:
        """The rows with an accuracy, by network, seeds in ascending order."""
        found: dict[Identity, list[Row]] = defaultdict(list)
        for row in sorted(self.by_key.values(), key=lambda row: row.seed):
            if row.accuracy is not None:
                found[row.identity].append(row)
        return dict(found)

    def architectures(self, among: Collection[Tokens] | None = None) -> dict[Tokens, list[Row]]:
        """`trained`, of rows with tokens alone, by tokens; `among` keeps those."""
        return {
            tokens: rows
            for (tokens, *_), rows in self.trained().items()
            if tokens is not None and (among is None or tokens in among)
        }

    @property
    def failures(self) -> tuple[Row, ...]:
        """The trainings that failed."""
        return tuple(row for row in self.by_key.values() if row.failure is not None)


def table_file(place: Path) -> Path:
    """The file of a table given by its folder or its file."""
    return place / FILE if place.is_dir() else place


def read_table(place: Path) -> Table:
    """Read a table, by folder or file (`.xz` too); `UsageError` names a damaged line.

    A last line without its newline is torn, the process died while it wrote it, and is left out.
    """
    path = table_file(place)
    try:
        data = path.read_bytes()
        data = lzma.decompress(data) if path.suffix == ".xz" else data
    except OSError as error:
        raise UsageError(f"cannot read the table {path}: {error.strerror or error}") from error
    except lzma.LZMAError as error:
        raise UsageError(f"cannot read the table {path}: {error}") from error
    sound = data[: data.rfind(b"\n") + 1]
    lines = text_of(sound, f"the table {path}").split("\n")[:-1]  # a stray 0x0D ends no line
    header: Header | None = None
    sessions: list[dict[str, Any]] = []
    rows: list[Row] = []
    for number, record in _records(path, lines):
        try:
            if number == 1:
                header = _header(record)
            elif "session" in record:
                sessions.append({"rows_before": len(rows), **record["session"]})
            else:
                rows.append(Row.from_record(record, _others(header)))
        except (*DAMAGE, UsageError) as error:
            raise UsageError(f"{path}, line {number}: {error}") from error
    if header is None:
        raise UsageError(
            f"{path} has no complete first line, so nothing says what it is a table of; remove it"
        )
    return Table(header, tuple(sessions), tuple(rows), len(sound), len(sound) < len(data))


def _records(path: Path, lines: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        try:
            record = parsed(line)
        except DamagedText as damage:
            raise UsageError(
                f"{path}, line {number} {damage}; restore it, or remove that line: its training "
                "is then done again"
            ) from None
        yield number, record


def _header(record: dict[str, Any]) -> Header:
    found = (record.get("table"), record.get("schema"))
    if found[0] == MODEL and found[1] is not None:
        schema_of("the table", record, SCHEMA)
    if found[0] != MODEL or found[1] not in range(1, SCHEMA + 1):
        raise UsageError(
            f"this is {found}, but a table of {MODEL!r}, schema {SCHEMA}, was expected; tables "
            "are made by `nasbench-mobile collect`"
        )
    space, training, schema = record["space"], record["training"], record["schema"]
    if schema < COSTS_BY_NAME:
        return Header(space, training, record["latency"], schema=schema)
    latency: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for column, one in record["costs"].items():
        check_name(one["cost"])
        check_unit(one["cost"], one["unit"])
        if one["cost"] == "latency":
            latency[column] = {key: one[key] for key in one if key not in LATENCY}
        else:
            others[column] = one
    return Header(space, training, latency, others, schema)


def _others(header: Header | None) -> Collection[str] | None:
    """The columns that are no latencies, None in a schema that has no others."""
    if header is None or header.schema < COSTS_BY_NAME:
        return None
    return header.other_costs
