"""A data set ready to train on: training, validation and test images, cached where small."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench_mobile.errors import UsageError
from nasbench_mobile.extras import need
from nasbench_mobile.training import layout
from nasbench_mobile.training.content import Contents, Seen, content_of
from nasbench_mobile.training.decoding import (
    TO_READ,
    BrokenImageError,
    Pixels,
    decode,
    unreadable,
)
from nasbench_mobile.training.images import ImageFiles, open_images
from nasbench_mobile.training.layout import PAPER_VALIDATION, Indices, Layout, Listed
from nasbench_mobile.training.reading import read_place

Parts: TypeAlias = dict[str, Listed]

Broken: TypeAlias = Literal["fail", "skip"]
"""What to do about an image that cannot be decoded."""

DIGITS = "digits"
"""scikit-learn's bundled 8x8 digits: the data set that needs no download."""

CACHED_SIDE = 128
"""Images up to this side are cached. Our choice, because larger ones need antialiasing when their
crops are made small, which decoding them anew gives."""


class BrokenImageWarning(UserWarning):
    """An image was skipped because it cannot be decoded."""


@dataclass(frozen=True, eq=False)
class Images:
    """One part of a data set: names, labels [n], and its pixels where they are cached.

    `pixels` is uint8 [n, 3, height, width], or None where images are read from `files` as needed.
    """

    listed: Listed
    files: ImageFiles | None
    pixels: Tensor | None
    broken: Broken

    def __len__(self) -> int:
        return len(self.listed.names)

    @property
    def labels(self) -> Indices:
        return self.listed.labels


@dataclass(frozen=True, eq=False)
class ImageData:
    """What a training needs. `test` is None where the set has none; a search never reads it.

    `identity` tells the set from others by names, classes and split, `content` by what is in the
    files; `read_otherwise` counts images of which earlier versions of this package read other
    pixels (`decoding.read_otherwise`). All three are of training and validation images alone.
    """

    classes: tuple[str, ...]
    train: Images
    validation: Images
    test: Images | None
    identity: str
    skipped: tuple[str, ...] = field(default=())
    content: str = ""
    read_otherwise: int = 0
    layout: Layout | None = None
    """What was read from where; None for `digits`."""


def load_data(
    place: str | os.PathLike[str] = DIGITS,
    *,
    validation_images: int | None = None,
    train_images: int | None = None,
    split_seed: int = 0,
    broken: Broken = "fail",
    cache_mb: float = 1024,
    earlier: str | None = None,
    tested: bool = False,
) -> ImageData:
    """Read a data set: a folder, a tar or zip file, or `digits`.

    `validation_images` are held out of the training images by `split_seed`: by default the paper's
    50,000, or a tenth where that is less (our choice). Where the set has a validation folder beside
    a test folder they are of that one instead, by default all. `train_images` keeps that many of
    the rest, by the same seed. Broken images raise, or are skipped with a warning: the split is
    drawn of the others, unless `earlier`, the identity of a set that goes on, says that it was
    drawn of all. `tested` says that test images will be read: those to skip are left out before.
    Images of one size up to 128 px a side that fit `cache_mb` are decoded once and
    kept.
    """
    if str(place) == DIGITS:
        return _digits(validation_images, train_images, split_seed)
    files = open_images(Path(place))
    found = read_place(files, place)
    contents = Contents(files, Path(place))

    def draw(of: Layout) -> Parts:
        train, held = _parts(of, validation_images, train_images, split_seed)
        return {"train": train, "validation": held}

    skipped: list[str] = []
    drawn = draw(found)
    if broken == "skip" and earlier != layout.identity(drawn.items(), found.classes):
        drawn = draw(_readable(found, contents, skipped))
    if broken == "skip" and tested and found.test is not None:
        kept = _kept(found.test, contents, skipped)
        found = replace(found, test=kept if kept.names else None)
    seen = contents.look([name for listed in drawn.values() for name in listed.names])
    if broken == "fail":
        _check_read(seen)
    parts = drawn if found.test is None else {**drawn, "test": found.test}
    images = {
        part: _images(listed, files, broken, cache_mb / len(parts), skipped)
        for part, listed in parts.items()
    }
    _check_classes(images["train"], images["validation"], found.classes)
    return ImageData(
        found.classes, images["train"], images["validation"], images.get("test"),
        layout.identity(drawn.items(), found.classes), tuple(skipped),
        content_of(drawn.items(), seen), sum(one.otherwise for one in seen.values()), found,
    )  # fmt: skip


def place_of(place: str | os.PathLike[str]) -> str:
    """The place of a data set, as it is found from any folder."""
    return DIGITS if str(place) == DIGITS else str(Path(place).absolute())


def is_of_digits(identity: str) -> bool:
    """Whether what a data set calls itself is the name of the digits."""
    return identity.startswith(f"{DIGITS}: ")


def default_input_size(data: ImageData) -> int:
    """32 pixels for cached images of up to 32 a side, else 224 (our choice)."""
    pixels = data.train.pixels
    return 32 if pixels is not None and max(pixels.shape[2:]) <= 32 else 224


def _parts(
    found: Layout, validation: int | None, limit: int | None, seed: int
) -> tuple[Listed, Listed]:
    """Images to train and to validate on."""
    if found.validation is None:
        return _split(found.train, validation, limit, seed)
    out, folder = found.validation, found.folders["validation"]
    count = len(out.names)
    if validation is not None and validation > count:
        raise UsageError(
            f"validation_images is {validation}, but {folder}/ has {count}; ask for fewer, or take "
            "that folder out of the data to have them held out of the training images"
        )
    if validation is not None and validation < count:
        out = out.at(layout.held_out(out.labels, validation, seed)[1])
    return _limited(found.train, limit, seed, "are there"), out


def _split(
    listed: Listed, validation: int | None, limit: int | None, seed: int
) -> tuple[Listed, Listed]:
    count = len(listed.names)
    held = min(PAPER_VALIDATION, max(count // 10, int(listed.labels.max()) + 1))
    kept, out = layout.held_out(listed.labels, held if validation is None else validation, seed)
    left = f"of {count} images are left to train on beside the {len(out)} held out"
    return _limited(listed.at(kept), limit, seed, left), listed.at(out)


def _limited(listed: Listed, limit: int | None, seed: int, left: str) -> Listed:
    """The training images, limited to as many as are wanted."""
    count = len(listed.names)
    if limit is None or limit == count:
        return listed
    if limit > count:
        raise UsageError(f"train_images is {limit}, but {count} {left}; ask for fewer")
    return listed.at(layout.held_out(listed.labels, limit, seed)[1])


def _readable(found: Layout, contents: Contents, skipped: list[str]) -> Layout:
    """What can be decoded of what is trained and validated on; `skipped` is what cannot."""

    def readable(listed: Listed) -> Listed:
        kept = _kept(listed, contents, skipped)
        missing = np.setdiff1d(listed.labels, kept.labels)
        if len(missing):
            first = listed.names[int(np.argmax(listed.labels == missing[0]))]
            why = contents.look([first])[first].broken
            raise UsageError(
                f"of class {found.classes[missing[0]]!r} no image can be read: {why}; mend them, "
                "or take the class out of the data"
            )
        return kept

    held = found.validation
    return replace(
        found, train=readable(found.train), validation=None if held is None else readable(held)
    )


def _kept(listed: Listed, contents: Contents, skipped: list[str]) -> Listed:
    """The images of a part that can be decoded; the others are told of and go into `skipped`."""
    seen = contents.look(listed.names, decoding=True)
    broken = [name for name in listed.names if seen[name].broken]
    for name in broken:
        warnings.warn(f"skipped: {seen[name].broken}", BrokenImageWarning, stacklevel=4)
    skipped.extend(broken)
    return listed.at(np.flatnonzero([not seen[name].broken for name in listed.names]))


def _check_read(seen: Mapping[str, Seen]) -> None:
    for one in seen.values():
        if one.broken and not one.digest:
            raise BrokenImageError(one.broken, TO_READ)


def _images(
    listed: Listed, files: ImageFiles, broken: Broken, cache_mb: float, skipped: list[str]
) -> Images:
    """Decode a part into memory where its images are small and of one size."""
    first = _first_shape(listed, files)
    room = cache_mb * 2**20
    if (
        first is None
        or max(first) > CACHED_SIDE
        or 3 * first[0] * first[1] * len(listed.names) > room
    ):
        return Images(listed, files, None, broken)
    pixels = np.empty((len(listed.names), 3, *first), np.uint8)
    kept: list[int] = []
    for index, name in enumerate(listed.names):
        decoded = read_pixels(files, name, broken)
        if decoded is None:
            skipped.append(name)
            continue
        if decoded.shape[:2] != first:
            return Images(listed, files, None, broken)
        pixels[len(kept)] = decoded.transpose(2, 0, 1)
        kept.append(index)
    return Images(
        listed.at(np.array(kept, np.int64)), None, torch.from_numpy(pixels[: len(kept)]), broken
    )


def _first_shape(listed: Listed, files: ImageFiles) -> tuple[int, int] | None:
    for name in listed.names:
        try:
            height, width = decode(files.read(name), name).shape[:2]
        except (BrokenImageError, OSError):
            continue  # reported when it is its turn
        return height, width
    return None


def read_pixels(files: ImageFiles, name: str, broken: Broken) -> Pixels | None:
    """An image's pixels [height, width, 3]; None (and a warning) where it is skipped."""
    try:
        return decode(files.read(name), name)
    except (BrokenImageError, OSError) as error:
        named = error if isinstance(error, BrokenImageError) else unreadable(name, error)
        if broken == "fail":
            raise named from error
        warnings.warn(f"skipped: {named.what}", BrokenImageWarning, stacklevel=2)
        return None


def _check_classes(train: Images, validation: Images, classes: Sequence[str]) -> None:
    for part, images in (("training", train), ("validation", validation)):
        missing = np.setdiff1d(np.arange(len(classes)), images.labels)
        if len(missing):
            raise UsageError(
                f"the {part} images have none of class {classes[missing[0]]!r} "
                f"({len(missing)} of {len(classes)} classes missing); add images of it"
            )


def _digits(validation: int | None, limit: int | None, seed: int) -> ImageData:
    """1,797 grey 8x8 digits; a fifth is the test set whatever the seed (our choice)."""
    need("the data set digits", "train", sklearn="scikit-learn")
    from sklearn.datasets import load_digits

    bunch = load_digits()
    grey: NDArray[np.uint8] = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    everything = Listed(
        tuple(f"digit-{index:04}" for index in range(len(grey))), bunch.target.astype(np.int64)
    )
    rest, test = layout.held_out(everything.labels, len(grey) // 5, 0)
    train, held = _split(everything.at(rest), validation, limit, seed)
    classes = tuple(str(digit) for digit in range(10))

    def images(listed: Listed) -> Images:
        chosen = grey[[int(name.removeprefix("digit-")) for name in listed.names]]
        pixels = torch.from_numpy(chosen)[:, None].repeat(1, 3, 1, 1)
        return Images(listed, None, pixels, "fail")

    parts = {"train": train, "validation": held}
    seen = {name: Seen.of(one.tobytes()) for name, one in zip(everything.names, grey, strict=True)}
    return ImageData(
        classes, images(train), images(held), images(everything.at(test)),
        f"{DIGITS}: {layout.identity(parts.items(), classes)}",
        content=content_of(parts.items(), seen),
    )  # fmt: skip
