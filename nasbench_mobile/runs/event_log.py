"""The event log: append-only JSON lines that say all a run did, so that it can be replayed.

Line 1 is the header; then `ask` and `tell` lines in the order of the calls (the boundaries of ask
calls are kept); last an `end` line. Each line ends with a running CRC-32 of the whole log up to
it, which tells an edited or damaged line from a torn last one. Times stand under `elapsed`, and
under `cost_s` in trials, alone: two logs of the same run are equal apart from these and `sum`
(`same_run`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.files.json_files import parsed
from nasbench_mobile.files.schemas import NewerSchemaError
from nasbench_mobile.files.text_files import DAMAGE, DamagedText
from nasbench_mobile.runs.events import (
    SCHEMA,
    End,
    Event,
    EventReader,
    Tell,
    event_to_json,
    header_from_json,
    header_to_json,
)
from nasbench_mobile.runs.run import Run, RunHeader, Timing
from nasbench_mobile.runs.trial_table import NoiseFree, TrialTable
from nasbench_mobile.types import Measurement, Trial

SYNC_INTERVAL_S = 5.0
"""The log is flushed at each line and forced to the disk (fsync) at most this often, and at its
end; our choice: a power cut loses seconds, not minutes, and 5,000 evaluations/s stay possible."""

HEADER_BEGINS = b'{"event":"header","schema":'
"""The first bytes of every log."""

_NOT_COMPARED = ("elapsed", "sum")


@dataclass(frozen=True, slots=True)
class LogContents:
    """A log as read: `size` bytes are sound, and `torn_bytes` of a broken last line follow.

    `schema` is that of its lines, in which whoever goes on with it writes.
    """

    header: RunHeader
    events: tuple[Event, ...]
    size: int
    checksum: int
    torn_bytes: int = 0
    schema: int = SCHEMA

    @property
    def torn(self) -> bool:
        """Whether a broken last line follows."""
        return self.torn_bytes > 0

    @property
    def end(self) -> End | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, End) else None


class EventLog:
    """Writes a run's events to `path`; only the driver of the run holds one.

    `EventLog.create` starts a new log (the file must not exist), `EventLog.reopen` goes on after
    what `read_log` found sound, cutting off a torn last line.
    """

    def __init__(self, path: Path, file: BinaryIO, checksum: int = 0, schema: int = SCHEMA) -> None:
        self.path = path
        self._schema = schema
        self._file = file
        self._checksum = checksum
        self._synced = time.monotonic()
        self._broken = False

    @classmethod
    def create(cls, path: Path, header: RunHeader) -> EventLog:
        path.parent.mkdir(parents=True, exist_ok=True)
        record = header_to_json(header)  # first: whoever is stopped here leaves no empty file
        log = cls(path, path.open("xb"))
        log._write(record)
        return log

    @classmethod
    def reopen(cls, path: Path, contents: LogContents) -> EventLog:
        file = path.open("r+b")
        file.truncate(contents.size)
        file.seek(contents.size)
        return cls(path, file, contents.checksum, contents.schema)

    def write(self, event: Event) -> None:
        """Append one event; it is in the operating system's hands when this returns."""
        self._write(event_to_json(event, self._schema))
        if isinstance(event, End):
            self._sync()

    def close(self) -> None:
        if not self._file.closed:
            with contextlib.suppress(OSError) if self._broken else contextlib.nullcontext():
                self._file.close()  # which tries again to write what could not be written

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, record: dict[str, Any]) -> None:
        body = json.dumps(record, separators=(",", ":"), allow_nan=False)[:-1].encode()
        checksum = zlib.crc32(body, self._checksum)
        try:
            self._file.write(body + b',"sum":"%08x"}\n' % checksum)
            self._file.flush()
            if time.monotonic() - self._synced > SYNC_INTERVAL_S:
                self._sync()
        except OSError as error:
            self._broken = True
            raise self._cannot_write(error) from error
        self._checksum = checksum

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        if not self._is_there():
            raise NasbenchError(
                f"{self.path} was removed or replaced while its run wrote into it: what it told is "
                "lost; put the study's folder back, or begin the study again"
            )
        self._synced = time.monotonic()

    def _is_there(self) -> bool:
        """Whether what is written goes into the file of that name, and not into a removed one."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False

    def _cannot_write(self, error: OSError) -> NasbenchError:
        why = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        return NasbenchError(
            f"{self.path} cannot be written: {why}. All trials told before this one are safe in "
            "the log; make room and go on with `nasbench-mobile resume`"
        )


def _opened(path: Path) -> BinaryIO:
    """A log to be read; `LogError` where it is a folder, or cannot be read for another reason."""
    try:
        return path.open("rb")
    except OSError as error:
        raise LogError(
            f"{path} cannot be read: {error.strerror or error}; move it away, and {_AGAIN}"
        ) from None


class _LogReader:
    """Reads a log's lines one after another; after the last one it knows what `LogContents` says.

    Lines end with a newline alone. `LogError` names the file, the first line that is damaged, and
    what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: RunHeader | None = None
        self.schema = SCHEMA
        self.size = self.checksum = self.torn = 0
        self.end: End | None = None

    def events(self) -> Iterator[Event]:
        reader = EventReader()
        with _opened(self.path) as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    self.torn = len(line)
                    break
                with _damage(self.path, number):
                    self.checksum, record = _check_line(line, self.checksum)
                    if self.end is not None:
                        raise LogError("there is a line after the end of the run")
                    if number == 1:
                        self.header = header_from_json(record)
                        self.schema = record.get("schema", 1)
                        reader = EventReader(self.schema)
                        event: Event | None = None
                    else:
                        event = reader.event(record)
                self.size += len(line)
                if isinstance(event, End):
                    self.end = event
                if event is not None:
                    yield event

    def whole_header(self) -> RunHeader:
        if self.header is None:
            raise LogError(
                f"{self.path} has no complete header line; nothing in it can be resumed: "
                f"remove the file, and {_AGAIN}"
            )
        return self.header


_AGAIN = "`nasbench-mobile resume` does its run again"


@contextlib.contextmanager
def _damage(path: Path, number: int) -> Iterator[None]:
    """Whatever a reader raises on a damaged line, as a `LogError` that names the line."""
    try:
        yield
    except NewerSchemaError as error:
        raise LogError(f"{path}, line {number}: {error}") from None
    except (NasbenchError, *DAMAGE) as error:
        reason = error if isinstance(error, NasbenchError) else f"{type(error).__name__}: {error}"
        raise LogError(f"{path}, line {number}: {reason}; remove the file, and {_AGAIN}") from None


def read_log(path: Path) -> LogContents:
    """Read and check a log. `LogError` names the first line that is damaged.

    A last line without its newline is torn (the process died while writing it) and left out.
    """
    reader = _LogReader(path)
    events = tuple(reader.events())
    return LogContents(
        reader.whole_header(), events, reader.size, reader.checksum, reader.torn, reader.schema
    )


def has_ended(path: Path) -> bool:
    """Whether a log's last line is that of an end, from that line alone."""
    with _opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LONGEST_END))
        tail = file.read()
    lines = tail.split(b"\n")
    return len(lines) > 1 and not lines[-1] and lines[-2].startswith(b'{"event":"end",')


def has_begun(path: Path) -> bool:
    """Whether a log has begun, with more than a header that a process died while writing.

    A file without a whole line that is no header's beginning has begun: reading it says what it is,
    as with what cannot be read.
    """
    try:
        with path.open("rb") as file:
            line = file.readline()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return line.endswith(b"\n") or not HEADER_BEGINS.startswith(line[: len(HEADER_BEGINS)])


LONGEST_END = 2**16
"""Bytes within which the last line of a log that has ended is looked for; a longer one, whose
reason is that long, is found by reading the log (our choice: reasons are sentences)."""


def read_header(path: Path) -> RunHeader | None:
    """The header of a log alone; None where its line is not whole. `LogError` as `read_log`."""
    with _opened(path) as file:
        line = file.readline()
    if not line.endswith(b"\n"):
        return None
    with _damage(path, 1):
        return header_from_json(_check_line(line, 0)[1])


def read_run(path: Path) -> Run:
    """The run that a log tells of; unfinished logs are read as far as they go.

    The log is read line by line, and trials are kept as arrays (`TrialTable`).
    """
    reader = _LogReader(path)
    timing = Timing()

    def told() -> Iterator[tuple[Trial, Measurement | None]]:
        nonlocal timing
        for event in reader.events():
            if isinstance(event, Tell):
                timing = event.timing
                yield from zip(event.trials, event.noise_free, strict=True)

    trials = TrialTable(told())
    end = reader.end
    return Run(
        header=reader.whole_header(),
        trials=trials,
        noise_free=NoiseFree(trials),
        finished=end is not None and end.failure is None,
        failure=end.failure if end else None,
        timing=end.timing if end else timing,
    )


def same_run(first: Path, second: Path) -> bool:
    """Whether two logs tell the same run, times aside."""
    with first.open("rb") as one, second.open("rb") as other:
        return all(a == b for a, b in zip_longest(_compared(one), _compared(other)))


def _compared(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        record = json.loads(line)
        for trial in record.get("trials", ()):
            trial.pop("cost_s", None)
        yield {key: value for key, value in record.items() if key not in _NOT_COMPARED}


def _check_line(line: bytes, before: int) -> tuple[int, dict[str, Any]]:
    body, separator, tail = line.rstrip(b"\n").rpartition(b',"sum":"')
    checksum = zlib.crc32(body, before)
    if not separator or tail != b'%08x"}' % checksum:
        raise LogError(
            "the line was changed after it was written, or one before it is missing (its "
            "checksum does not match)"
        )
    try:
        record = parsed(f"{body.decode()}}}")
    except DamagedText as damage:
        raise LogError(f"it {damage}") from None
    if type(record) is not dict:
        raise LogError("the line is no record of an event")
    return checksum, record
