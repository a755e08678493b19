"""Images that show a quantizer the ranges of activations: a sample, prepared as for evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training import layout
from nasbench_mobile.training.data import DIGITS, load_data
from nasbench_mobile.training.decoding import BrokenImageError, Pixels, decode
from nasbench_mobile.training.images import ImageFiles, open_images
from nasbench_mobile.training.layout import Indices
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.prepared import prepared

SAMPLED = 200
"""Images that are shown at most: our choice, ranges settle within a hundred or two."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Images, float32 [size, size, 3] each, and in words which they are."""

    images: list[NDArray[np.float32]]
    said: str


@dataclass(frozen=True, eq=False)
class _Source:
    """Images to draw from: what they are, a group of each [n], and what reads one."""

    kind: Literal["training image", "image"]
    groups: Indices
    read: Callable[[int], Pixels]


def calibration_images(
    place: Path | str, preparation: Preparation, count: int = SAMPLED, seed: int = 0
) -> Calibration:
    """At most `count` images of a data set, drawn by seed, as many of each class.

    `place` is what training takes. Where it has training and test images, training images are
    drawn; images that lie in no class folders are drawn from all folders alike. One that cannot be
    decoded is replaced. `UsageError` where there is none that can be read.
    """
    source = _source(place)
    images: list[NDArray[np.float32]] = []
    groups: set[int] = set()
    broken: list[str] = []
    for index in _spread(source.groups, seed):
        try:
            images.append(prepared(source.read(index), preparation))
        except (BrokenImageError, OSError) as error:
            broken.append(error.what if isinstance(error, BrokenImageError) else str(error))
            continue
        groups.add(int(source.groups[index]))
        if len(images) == count:
            break
    if not images:
        raise UsageError(
            f"none of the {len(source.groups):,} images of {place} can be read to calibrate with; "
            f"the first: {broken[0]}; give others with --calibration DIR"
        )
    return Calibration(images, _said(source, place, len(images), len(groups), broken))


def _said(source: _Source, place: Path | str, count: int, groups: int, broken: list[str]) -> str:
    those = "the" if count == len(source.groups) else f"{count:,} of the"
    plural = "" if len(source.groups) == 1 else "s"
    said = f"{those} {len(source.groups):,} {source.kind}{plural} of {place}"
    if groups > 1:
        said += f", from {groups:,} " + ("folders" if source.kind == "image" else "classes")
    return said + (f"; {len(broken):,} could not be read, the first: {broken[0]}" if broken else "")


def _source(place: Path | str) -> _Source:
    if str(place) == DIGITS and (digits := load_data(DIGITS).train).pixels is not None:
        pixels = digits.pixels.permute(0, 2, 3, 1).numpy()
        return _Source("training image", digits.labels, lambda index: pixels[index])
    files = open_images(Path(place))
    try:
        listed = layout.read_layout(files.names, place).train
    except UsageError:  # no set to train on: any images will do
        return _Source("image", _folders(files.names), _reader(files, files.names))
    return _Source("training image", listed.labels, _reader(files, listed.names))


def _reader(files: ImageFiles, names: tuple[str, ...]) -> Callable[[int], Pixels]:
    return lambda index: decode(files.read(names[index]), names[index])


def _folders(names: tuple[str, ...]) -> Indices:
    folders = [str(PurePosixPath(name).parent) for name in names]
    return np.unique(folders, return_inverse=True)[1].astype(np.int64)


def _spread(groups: Indices, seed: int) -> list[int]:
    """All indices in a random order in which the first of every group come first, and so on."""
    order = np.random.default_rng(seed).permutation(len(groups))
    _, sizes = np.unique(groups, return_counts=True)
    turn = np.empty(len(groups), np.int64)  # of each in order: how many of its group come before
    turn[np.argsort(groups[order], kind="stable")] = np.concatenate([np.arange(n) for n in sizes])
    chosen: list[int] = order[np.argsort(turn, kind="stable")].tolist()
    return chosen
