"""Runs experiments into one folder, and keeps what is finished with what it was run with."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import resource
import time
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypedDict, cast

from nasbench_mobile.errors import LogError, NasbenchError, UsageError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.json_files import Form, checked, read_json_map
from nasbench_mobile.reproduce.claims import VerdictRecord, judged
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    NumberRecord,
    PictureRecord,
    ResultTable,
    RunStudy,
    SettingRecord,
    TableRecord,
)
from nasbench_mobile.studies.provenance import Environment, environment, versions

SCHEMA = 1


class Cost(TypedDict):
    """Seconds by the clock, and of CPU time with those of worker processes."""

    wall_s: float
    cpu_s: float


class MadeWith(TypedDict):
    """What an experiment was run with; `code` is the `code_digest`."""

    schema: int
    setting: SettingRecord
    code: str
    versions: dict[str, str]
    environment: Environment


class Record(TypedDict):
    """What every record of a finished experiment holds, beside what its own result adds."""

    experiment: str
    title: str
    shows: str
    claims: list[VerdictRecord]
    numbers: list[NumberRecord]
    """Printed figures beside ours."""
    tables: list[TableRecord]
    pictures: list[PictureRecord]
    said: list[str]
    made_with: MadeWith
    cost: Cost


class Session:
    """A folder of experiments: `NAME.json`, tables as CSV, pictures, and logs of studies.

    A finished experiment is kept and not run again. Other options than it was run with are a
    `UsageError`; where the code of the experiments has changed since, it is run again, from the
    logs as far as they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kept(self, experiment: Experiment, setting: ExperimentSetting) -> Record | None:
        """The record of a finished experiment, or None where it has to be run."""
        path = self._record(experiment.name)
        if not path.exists():
            return None
        record = read_record(path)
        made = record["made_with"]
        there: dict[str, Any] = {**made["setting"]}
        here: dict[str, Any] = {**setting.only(experiment.options).to_json()}
        if there != json.loads(json.dumps(here)):
            differ = [key for key in here if there.get(key) != here[key]]
            raise UsageError(
                f"{path} was made with other options ({', '.join(differ)} differ); give another "
                f"--out, or remove that file and {self.folder / 'logs' / experiment.name}"
            )
        return record if made.get("code") == code_digest() else None

    def run(
        self, experiment: Experiment, setting: ExperimentSetting, run_study: RunStudy
    ) -> Record:
        """Run an experiment, write what it gives, and return its record.

        As a map the record holds the experiment's own result too.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        wall, cpu = time.perf_counter(), _cpu_s()
        own = setting.only(experiment.options)
        outcome = experiment.run(own, self.folder, run_study)
        cost: Cost = {"wall_s": time.perf_counter() - wall, "cpu_s": _cpu_s() - cpu}
        record = _as_record(experiment, own, outcome, cost)
        for table in outcome.tables:
            write_whole(self.folder / f"{table.name}.csv", as_csv(table))
        write_whole(
            self._record(experiment.name), json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        )
        return read_record(self._record(experiment.name))

    def records(self, names: list[str]) -> dict[str, Record]:
        """Records of those of the named experiments that are finished, in that order.

        A damaged one is left out; `damages` says so.
        """
        return self._read(names)[0]

    def damages(self, names: list[str]) -> list[str]:
        """What is said of those of the named experiments' records that are damaged."""
        return self._read(names)[1]

    def _read(self, names: list[str]) -> tuple[dict[str, Record], list[str]]:
        found, damages = {}, []
        for name in names:
            place = self._record(name)
            try:
                if place.exists():
                    found[name] = read_record(place)
            except LogError as error:
                damages.append(str(error))
        return found, damages

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def read_record(path: Path) -> Record:
    """A record as written; `LogError` where it is damaged or of another schema."""
    again = "remove it, and the experiment is run again"
    record = read_json_map(path, again, nan=True)  # a figure of ours may be NaN
    made = checked(path, record, "made_with", "a map", remedy=again)
    schema = checked(path, made, "schema", "a whole number", remedy=again)
    if schema != SCHEMA:
        raise LogError(f"{path} has schema {schema}, this version writes {SCHEMA}; {again}")
    for key, form in PARTS.items():
        checked(path, record, key, form, remedy=again)
    checked(path, made, "setting", "a map", remedy=again)
    for key in ("wall_s", "cpu_s"):
        checked(path, record["cost"], key, "a number", remedy=again)
    return cast(Record, record)


PARTS: dict[str, Form] = {
    "experiment": "text", "title": "text", "shows": "text", "claims": "a list",
    "numbers": "a list", "tables": "a list", "pictures": "a list", "said": "a list",
    "cost": "a map",
}  # fmt: skip
"""What every record holds."""


def _as_record(
    experiment: Experiment, setting: ExperimentSetting, outcome: ExperimentOutcome, cost: Cost
) -> dict[str, Any]:
    own: Record = {
        "experiment": experiment.name,
        "title": experiment.title,
        "shows": experiment.shows,
        "claims": [v.to_json() for v in judged(experiment.name, outcome.verdicts)],
        "numbers": [number.to_json() for number in outcome.numbers],
        "tables": [table.to_json() for table in outcome.tables],
        "pictures": [picture.to_json() for picture in outcome.pictures],
        "said": list(outcome.said),
        "made_with": {
            "schema": SCHEMA,
            "setting": setting.to_json(),
            "code": code_digest(),
            "versions": versions(),
            "environment": environment(),
        },
        "cost": cost,
    }
    if twice := own.keys() & outcome.result.keys():
        raise NasbenchError(f"result of {experiment.name!r} has keys of a record: {sorted(twice)}")
    return {**outcome.result, **own}


WRITERS = ("report_folder.py", "docs_page.py")
"""Code that only reads records: it may change without their being made again."""


def code_digest() -> str:
    """SHA-256 of the code and claims of this room and its experiments, which made a record."""
    digest = hashlib.sha256()
    for name, content in sorted(_code(resources.files("nasbench_mobile.reproduce"))):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()


def _code(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    """Code and claims of a folder and the folders in it, by their names from the top."""
    for file in folder.iterdir():
        if file.is_dir():
            yield from _code(file, f"{above}{file.name}/")
        elif file.name.endswith((".py", ".toml")) and f"{above}{file.name}" not in WRITERS:
            yield f"{above}{file.name}", file.read_bytes()


def as_csv(table: ResultTable) -> str:
    """A table with its keys as header, CSV of RFC 4180 with plain line ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table.columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table.rows)
    return text.getvalue()


def _cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
