"""What was read of a place with images, and the line and the record that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nasbench_mobile.printable import printable
from nasbench_mobile.training.images import OpenedFiles
from nasbench_mobile.training.layout import Layout, read_layout
from nasbench_mobile.training.walking import LeftOut

if TYPE_CHECKING:
    from nasbench_mobile.training.data import ImageData

NAMED = 3
"""Classes that the line names: our choice, enough to see whether they are what was meant."""


def read_place(files: OpenedFiles, place: object) -> Layout:
    """The layout of what `open_images` opened, with all that is left out of it."""
    found = read_layout(files.names, place, files.found)
    return replace(found, left_out=(*found.left_out, *files.found.left_out))


def line(data: ImageData) -> str:
    """One line: how many images of which classes, from which folders for what, what is left out."""
    sizes = _sizes(data)
    text = f"{sum(sizes.values()):,} images of {len(data.classes)} classes ({_classes(data)}); "
    text += "; ".join(_parts(data, sizes))
    if left_out := _left_out(data):
        text += f"; left out: {', '.join(map(str, left_out))}"
    for note in () if data.layout is None else data.layout.notes:
        text += f"; note: {note}"
    return printable(text).replace("\n", "\\n")


def placed_line(place: str, data: ImageData) -> str:
    """The line, after the place that the images were read from."""
    return printable(f"{place}: {line(data)}")


def record(data: ImageData) -> dict[str, Any]:
    """The same for a record, in which it can be found afterwards."""
    found = data.layout
    return {
        "line": line(data),
        "images": _sizes(data),
        "folders": {} if found is None else _shown(found.folders),
        "left_out": [one.record() for one in _left_out(data)],
        "notes": [] if found is None else list(map(printable, found.notes)),
    }


def _shown(folders: Mapping[str, str]) -> dict[str, str]:
    return {part: printable(folder) for part, folder in folders.items()}


def _sizes(data: ImageData) -> dict[str, int]:
    test = {} if data.test is None else {"test": len(data.test)}
    return {"train": len(data.train), "validation": len(data.validation), **test}


def _classes(data: ImageData) -> str:
    more = len(data.classes) - NAMED
    named = ", ".join(data.classes[:NAMED] if more > 1 else data.classes)
    return f"{named} and {more:,} more" if more > 1 else named


def _parts(data: ImageData, sizes: Mapping[str, int]) -> list[str]:
    folders = {} if data.layout is None else data.layout.folders
    heads = {part: f"{folder}/: " for part, folder in folders.items()}
    train = f"{heads.get('train', '')}{sizes['train']:,} to train on"
    if "validation" in folders:
        parts = [train, f"{heads['validation']}{sizes['validation']:,} to validate on"]
    else:
        parts = [f"{train}, {sizes['validation']:,} held out to validate on"]
    tested = f"{sizes['test']:,} to test on" if "test" in sizes else "none to test on"
    return [*parts, heads.get("test", "") + tested]


def _left_out(data: ImageData) -> list[LeftOut]:
    left_out = [] if data.layout is None else list(data.layout.left_out)
    if data.skipped:
        left_out.append(LeftOut("broken image", "broken images", data.skipped))
    if unused := _unused(data):
        left_out.append(LeftOut("image more than asked for", "images more than asked for", unused))
    return left_out


def _unused(data: ImageData) -> tuple[str, ...]:
    """Images that numbers of wanted ones leave aside."""
    if data.layout is None:
        return ()
    parts = [data.layout.train, data.layout.validation]
    there = [name for part in parts if part is not None for name in part.names]
    used = {*data.train.listed.names, *data.validation.listed.names, *data.skipped}
    return tuple(name for name in there if name not in used)
