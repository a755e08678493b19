"""Files that commands write: whole or not at all, and over nothing unless told to."""

from __future__ import annotations

from pathlib import Path

from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.files.atomic_files import write_whole


def refuse_overwriting(*paths: Path, force: bool) -> None:
    """`UsageError` where one of the files to be written is there already."""
    there = [] if force else [path for path in paths if path.is_file()]
    if there:
        raise UsageError(f"{there[0]} is there already; name another place, or add --force")


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all; its folder is made where it is not there."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise NasbenchError(
            f"cannot write {path}: {error.strerror or error}; nothing was written there"
        ) from error
