"""Schema numbers: what a reader says of a file that a newer version wrote."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from nasbench_mobile.errors import UsageError


class NewerSchemaError(UsageError):
    """A file of a schema that this version does not know yet."""


def this_version() -> str:
    """The version of this package, as logs record it."""
    try:
        return metadata.version("nasbench-mobile")
    except metadata.PackageNotFoundError:  # run from its source, not installed
        return "unknown"


def schema_of(
    what: str, record: Mapping[str, Any], known: int, written_by: str | None = None
) -> int:
    """The schema number of a record, 1 where it has none; `NewerSchemaError` where it is newer.

    `what` names the file, `written_by` the version that wrote it, where that is known. A number
    that is none is a TypeError: the file is damaged.
    """
    schema = record.get("schema", 1)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise TypeError(f"schema is {schema!r}; it is a number from 1 on")
    if schema > known:
        use = f"version {written_by}, which wrote it" if written_by else "the version that wrote it"
        raise NewerSchemaError(
            f"{what} has schema {schema}, and version {this_version()} of nasbench-mobile reads "
            f"schemas up to {known}: it was written by a newer version; use {use}, or a newer one"
        )
    return schema
