"""Files that commands write: whole or not at all, and over nothing unless told to."""

from __future__ import annotations

from pathlib import Path

from nasbench_mobile.errors import UsageError


def refuse_overwriting(*paths: Path, force: bool) -> None:
    """`UsageError` where one of the files to be written is there already."""
    there = [] if force else [path for path in paths if path.is_file()]
    if there:
        raise UsageError(f"{there[0]} is there already; name another place, or add --force")
