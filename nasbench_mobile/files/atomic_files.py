"""Files written whole or not at all: beside their place first, then into it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from nasbench_mobile.errors import NasbenchError, OutsideError, UsageError


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once it is complete; folders are made.

    Where that fails the old file stays, and the `OSError` goes up: the caller knows what to do
    about it. `durable`: what is written is on the disk before it takes the old one's place.
    """
    part = _hidden(path, f"{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with suppress(OSError):  # gone already where all went well
            part.unlink()


def _hidden(path: Path, end: str) -> Path:
    """A hidden file beside `path`; `OSError` where that is no name of a file, as `.` and `/`."""
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.with_name(f".{path.name}.{end}")


def write_whole(path: Path, content: bytes | memoryview | str, *, durable: bool = False) -> None:
    """Write a file as `replacing` does, text as UTF-8."""
    with replacing(path, durable=durable) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_kept(path: Path, content: bytes | memoryview | str) -> None:
    """Write what a run goes on from, durably; `OutsideError` ends the run where it cannot be."""
    try:
        write_whole(path, content, durable=True)
    except OSError as error:
        raise OutsideError(
            f"cannot write {path}: {error.strerror or error}; what was there before is kept: make "
            "room, then start the same again and it goes on from there"
        ) from error


def write_result(path: Path, content: bytes | memoryview | str) -> None:
    """Write what was asked for; `NasbenchError` says why it cannot be."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise NasbenchError(
            f"cannot write {path}: {error.strerror or error}; nothing was written there"
        ) from error


HELD_S = 10.0
"""Seconds that a file may still be held by a process that is ending (our choice)."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file against other processes that hold it too, by a hidden lock file beside it.

    `UsageError` where another has it and does not give it up within `HELD_S` seconds. The system
    gives it up for a process that dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside = _hidden(path, "lock")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; name a file") from None
    lock = FileLock(beside, timeout=HELD_S)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"another process is writing {path}; end it, then go on with `nasbench-mobile resume`"
        ) from None
    try:
        yield
    finally:
        lock.release()


def unfinished(path: Path) -> bool:
    """Whether this is what a process that was killed while it wrote left beside a file."""
    return path.name.startswith(".") and path.name.endswith(".part")
