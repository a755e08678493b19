"""What a search was asked for: kept in its folder, so that only the same is taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_mobile.files.atomic_files import write_result
from nasbench_mobile.files.json_files import checked, damaged, read_json_map
from nasbench_mobile.files.schemas import schema_of

if TYPE_CHECKING:
    from nasbench_mobile.evaluators.training import TrainingAccuracy

REQUEST = "search.json"
"""File in the folder of a search that holds its options."""

SCHEMA = 1
"""The schema of that file; a file that says none has 1."""

TOP = 3
"""How many networks get files where a search does not say (our choice)."""

CHECKPOINT_S = 60.0
"""How many seconds of a training a crash may cost, where a search does not say (our choice)."""


def is_search(folder: Path) -> bool:
    """Whether a study's folder is that of a search."""
    return (folder / REQUEST).is_file()


def match_content(folder: Path, accuracy: TrainingAccuracy) -> str | None:
    """Say something of a search whose benchmark knows only the names of its images, else None.

    Such a search keeps the content of its images from now on, and is refused where that changes.
    """
    from nasbench_mobile.training.matching import check_content

    if accuracy.note is None:
        return None
    record = read_request(folder)
    there = checked(folder / REQUEST, record, "data_content", "text", none=True)
    check_content(there, accuracy.data, f"the search in {folder}")
    if there is not None:
        return None
    write_request(folder, {**record, "data_content": accuracy.data.content})
    return accuracy.note


def keep_images(folder: Path, images: Mapping[str, Any]) -> None:
    """Keep what a search read of its images, for its page and for whoever wonders afterwards."""
    record = read_request(folder)
    if record.get("images") != images:
        write_request(folder, {**record, "images": images})


def kept_images(folder: Path) -> str | None:
    """Say in a line what a search read of its images; None if it began before that was kept."""
    images = read_request(folder).get("images")
    return None if images is None else str(images["line"])


def keep_top(folder: Path, top: int) -> None:
    """Keep how many networks of a search get files, for whoever writes them later."""
    record = read_request(folder)
    if record.get("top") != top:
        write_request(folder, {**record, "top": top})


def kept_top(folder: Path) -> int:
    """Give the number of networks of a search that get files."""
    return int(read_request(folder).get("top") or TOP)


def write_request(folder: Path, record: dict[str, Any]) -> None:
    """Write the record of a folder; `NasbenchError` says why it cannot be written."""
    write_result(folder / REQUEST, json.dumps(record, indent=2) + "\n")


def read_request(folder: Path) -> dict[str, Any]:
    """Read the record of a folder; `LogError` says where it is damaged."""
    path = folder / REQUEST
    record = read_json_map(path)
    try:
        schema_of(str(path), record, SCHEMA)
    except TypeError as error:
        raise damaged(path, f"its {error}") from None
    checked(path, record, "command", "text")
    top = checked(path, record, "top", "a whole number", none=True)
    if top is not None and top < 1:
        raise damaged(path, f"key 'top' is {top}; it is at least 1")
    images = checked(path, record, "images", "a map", none=True)
    if images is not None:
        checked(path, images, "line", "text")
    options_there = checked(path, record, "options", "a map")
    if options_there.get("target_ms") is not None:
        checked(path, options_there, "target_ms", "a number")
    return record
