"""Filling a table: one writer at a time, one line at a time, each on the disk before the next."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.text_files import read_bytes
from nasbench_mobile.tables.differences import differences
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import FILE, Header, Table, read_table


class TableWriter:
    """Appends to a table; `open_table` gives one."""

    def __init__(self, path: Path, file: BinaryIO, schema: int) -> None:
        self._path, self._file, self._schema = path, file, schema

    def session(self, record: dict[str, Any]) -> None:
        """Say who writes what follows."""
        self._line({"session": record})

    def row(self, row: Row) -> None:
        """Append a row; it is on the disk when this returns."""
        self._line(row.record(self._schema))

    def header(self, header: Header) -> None:
        self._line(header.record())

    def _line(self, record: dict[str, Any]) -> None:
        try:
            self._file.write(to_line(record))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            full = error.errno == errno.ENOSPC
            raise NasbenchError(
                f"{self._path} cannot be written: {'the disk is full' if full else error}. What "
                "was trained before is safe in it; make room and give the same command again"
            ) from error


def to_line(record: dict[str, Any]) -> bytes:
    """A record as a table's file has it."""
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"


@contextmanager
def open_table(folder: Path, header: Header) -> Iterator[tuple[Table, TableWriter]]:
    """What a table has so far, and its writer; made where there is none.

    `UsageError` where it is of another recipe, space or latency (and which), or is being written.
    A torn last line is cut off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    with _locked(path):
        table = _existing(path, header)
        with path.open("r+b" if table.size else "wb") as file:
            file.truncate(table.size)
            file.seek(table.size)
            writer = TableWriter(path, file, table.header.schema)
            if not table.size:
                writer.header(header)
            yield table, writer


@contextmanager
def rewritten(path: Path) -> Iterator[tuple[Table, Callable[[Table], None]]]:
    """A table, and what writes another in its place; nobody else writes it in between."""
    if path.suffix == ".xz":
        raise UsageError(f"{path} is compressed; unpack it first")
    with _locked(path):
        table = read_table(path)
        yield table, lambda changed: write_table(path, changed)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"{path} is being filled by another process; wait for it, or give another folder, "
            "collect another --shard there, and merge the two with `nasbench-mobile collect merge`"
        ) from None
    try:
        yield
    finally:
        lock.release()


def write_table(path: Path, table: Table) -> None:
    """Write a whole table in one step, onto the disk: its rows are hours of training."""
    lines = [to_line(table.header.record())]
    schema = table.header.schema
    rows = list(table.rows)
    done = 0
    for session in table.sessions:
        before = session["rows_before"]
        lines += [to_line(row.record(schema)) for row in rows[done:before]]
        kept = {key: value for key, value in session.items() if key != "rows_before"}
        lines.append(to_line({"session": kept}))
        done = before
    lines += [to_line(row.record(schema)) for row in rows[done:]]
    try:
        write_whole(path, b"".join(lines), durable=True)
    except OSError as error:
        raise NasbenchError(f"cannot write {path}: {error.strerror or error}") from error


def begun_table(folder: Path) -> Table | None:
    """The table in a folder, where one was begun."""
    path = folder / FILE
    if not path.exists() or b"\n" not in read_bytes(path, "table"):
        return None  # nothing, or the process died while it wrote the first line
    return read_table(path)


def _existing(path: Path, header: Header) -> Table:
    table = begun_table(path.parent)
    if table is None:
        return Table(header, (), ())
    found = differences(header.content(), table.header.content())
    if found:
        raise UsageError(
            f"{path} is a table of something else: {found.words('this command', 'the table')}; "
            "give another folder, or the options it was begun with"
        )
    return replace(table, torn=False)
