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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.events import (
    End,
    Event,
    Tell,
    event_from_json,
    event_to_json,
    header_from_json,
    header_to_json,
)
from nasbench_mobile.runs import Run, RunHeader, Timing
from nasbench_mobile.types import Proposal

SYNC_INTERVAL_S = 5.0
"""The log is flushed at each line and forced to the disk (fsync) at most this often, and at its
end; our choice: a power cut loses seconds, not minutes, and 5,000 evaluations/s stay possible."""

_NOT_COMPARED = ("elapsed", "sum")


@dataclass(frozen=True, slots=True)
class LogContents:
    """A log as read: `size` bytes of it are sound, and `torn` that a broken last line follows."""

    header: RunHeader
    events: tuple[Event, ...]
    size: int
    checksum: int
    torn: bool

    @property
    def end(self) -> End | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, End) else None


class EventLog:
    """Writes a run's events to `path`; only the driver of the run holds one.

    `EventLog.create` starts a new log (the file must not exist), `EventLog.reopen` goes on after
    what `read_log` found sound, cutting off a torn last line.
    """

    def __init__(self, path: Path, file: BinaryIO, checksum: int = 0) -> None:
        self.path = path
        self._file = file
        self._checksum = checksum
        self._synced = time.monotonic()
        self._broken = False

    @classmethod
    def create(cls, path: Path, header: RunHeader) -> EventLog:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = cls(path, path.open("xb"))
        log._write(header_to_json(header))
        return log

    @classmethod
    def reopen(cls, path: Path, contents: LogContents) -> EventLog:
        file = path.open("r+b")
        file.truncate(contents.size)
        file.seek(contents.size)
        return cls(path, file, contents.checksum)

    def write(self, event: Event) -> None:
        """Append one event; it is in the operating system's hands when this returns."""
        self._write(event_to_json(event))
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
        self._synced = time.monotonic()

    def _cannot_write(self, error: OSError) -> NasbenchError:
        why = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        return NasbenchError(
            f"{self.path} cannot be written: {why}. All trials told before this one are safe in "
            "the log; make room and go on with `nasbench-mobile resume`"
        )


def read_log(path: Path) -> LogContents:
    """Read and check a log. `LogError` names the first line that is damaged.

    A last line without its newline is torn (the process died while writing it) and left out.
    """
    data = path.read_bytes()
    checksum, size, torn = 0, 0, False
    header: RunHeader | None = None
    events: list[Event] = []
    asked: dict[int, Proposal] = {}
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        if not line.endswith(b"\n"):
            torn = True
            break
        try:
            checksum, record = _check_line(line, checksum)
            if number == 1:
                header = header_from_json(record)
            elif events and isinstance(events[-1], End):
                raise LogError("there is a line after the end of the run")
            else:
                events.append(event_from_json(record, asked))
        except (KeyError, TypeError, ValueError, NasbenchError) as error:
            raise LogError(f"{path}, line {number}: {error}") from None
        size += len(line)
    if header is None:
        raise LogError(
            f"{path} has no complete header line; nothing in it can be resumed: remove the file"
        )
    return LogContents(header, tuple(events), size, checksum, torn)


def read_header(path: Path) -> RunHeader | None:
    """The header of a log alone; None where its line is not whole. `LogError` as `read_log`."""
    with path.open("rb") as file:
        line = file.readline()
    if not line.endswith(b"\n"):
        return None
    try:
        return header_from_json(_check_line(line, 0)[1])
    except (KeyError, TypeError, ValueError, NasbenchError) as error:
        raise LogError(f"{path}, line 1: {error}") from None


def read_run(path: Path) -> Run:
    """The run that a log tells of; unfinished logs are read as far as they go."""
    contents = read_log(path)
    tells = [event for event in contents.events if isinstance(event, Tell)]
    end = contents.end
    timing = end.timing if end else (tells[-1].timing if tells else Timing())
    return Run(
        header=contents.header,
        trials=tuple(trial for tell in tells for trial in tell.trials),
        noise_free=tuple(measured for tell in tells for measured in tell.noise_free),
        finished=end is not None and end.failure is None,
        failure=end.failure if end else None,
        timing=timing,
    )


def same_run(first: Path, second: Path) -> bool:
    """Whether two logs tell the same run, times aside."""
    return list(_compared(first)) == list(_compared(second))


def _compared(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
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
            "checksum does not match); restore the file or run the study again"
        )
    record: dict[str, Any] = json.loads(body + b"}")
    return checksum, record
