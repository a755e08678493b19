"""Batches of images: which, in what order, how cut. All of it a function of seed, epoch, step.

So a training that goes on from any step sees what it would have seen.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nasbench_mobile.training import crops
from nasbench_mobile.training.data import BrokenImageWarning, Images
from nasbench_mobile.training.decoding import BrokenImageError, cut, decode, unreadable
from nasbench_mobile.training.layout import Indices
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.recipe import Recipe

Batch: TypeAlias = tuple[Tensor, Tensor]
"""Images [n, 3, size, size] in [0, 255], float or uint8; labels, int64 [n]. What trains on them
normalises them, on its device: bytes are a quarter to move there."""

EVALUATED_AT_ONCE = 256
"""How many images an evaluation batch has: our choice, as more is no faster and takes memory."""

BatchKey: TypeAlias = tuple[int, int]
"""The epoch (-1 for evaluation) and the index of an image."""

Collated: TypeAlias = tuple[Tensor, Tensor, list[str]]
"""Bytes [n, 3, size, size], labels [n], and what is broken about images that were left out."""


@dataclass(frozen=True)
class Share:
    """Which part of each batch this process takes: every `world`th image from `rank` on."""

    rank: int = 0
    world: int = 1


@dataclass(frozen=True)
class Batches:
    """Makes batches of one size from images, on a device.

    `loaders` are processes that decode images which are not cached; 0 decodes in this one. `least`
    is how many images must be left of a batch to train on whose broken ones are skipped.
    """

    recipe: Recipe
    size: int
    seed: int
    device: torch.device
    share: Share = Share()
    loaders: int = 0
    least: int = 1

    def training(self, images: Images, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from step `first` on: shuffled, randomly cut and flipped."""
        order = np.random.default_rng((self.seed, epoch)).permutation(len(images))
        size = self.recipe.batch_size
        steps = range(first, self.recipe.steps_per_epoch(len(images)))
        chosen = [order[step * size : (step + 1) * size] for step in steps]
        if images.pixels is None:
            yield from self._decoded(images, [self._own(each) for each in chosen], epoch)
            return
        for step, indices in zip(steps, chosen, strict=True):
            yield self._cut(images, images.pixels, indices, epoch, step)

    def evaluation(self, images: Images) -> Iterator[Batch]:
        """Every image once, as its central crop."""
        everything = np.arange(len(images))
        chosen = [
            self._own(everything[start : start + EVALUATED_AT_ONCE])
            for start in range(0, len(images), EVALUATED_AT_ONCE)
        ]
        chosen = [indices for indices in chosen if len(indices)]
        if images.pixels is None:
            yield from self._decoded(images, chosen, -1)
            return
        for indices in chosen:
            part = images.pixels[torch.from_numpy(indices)].to(self.device)
            part = crops.central_batch(part, preparation_of(self.recipe, self.size, images))
            yield part, self._labels(images, indices)

    def _own(self, indices: Indices) -> Indices:
        return indices[self.share.rank :: self.share.world]

    def _labels(self, images: Images, indices: Indices) -> Tensor:
        return torch.from_numpy(images.labels[indices]).to(self.device)

    def _cut(
        self, images: Images, pixels: Tensor, indices: Indices, epoch: int, step: int
    ) -> Batch:
        # Boxes are drawn for the whole batch, so that its images do not depend on the share.
        rng, cropping = np.random.default_rng((self.seed, epoch, step)), cropping_of(self.recipe)
        height, width = pixels.shape[2:]
        drawn = [
            (cropping.random_box(rng, width, height), cropping.flips(rng)) for _ in indices
        ]  # fmt: skip
        own = slice(self.share.rank, None, self.share.world)
        boxes, flips = zip(*drawn[own], strict=True)
        part = pixels[torch.from_numpy(indices[own])].to(self.device)
        part = crops.cut_batch(part, boxes, flips, self.size)
        return part, self._labels(images, indices[own])

    def _decoded(self, images: Images, chosen: Sequence[Indices], epoch: int) -> Iterator[Batch]:
        keys = [[(epoch, int(index)) for index in indices] for indices in chosen]
        decoder = _Decoder(images, self.recipe, self.size, self.seed)
        read = self._loader(decoder, keys) if self.loaders else _read_here(decoder, keys)
        for pixels, labels, broken in read:
            for message in broken:
                warnings.warn(f"skipped: {message}", BrokenImageWarning, stacklevel=2)
            if len(pixels) < (1 if epoch < 0 else self.least):
                left = " but one" if len(pixels) else ""
                raise BrokenImageError(
                    f"every image{left} of a batch is broken; the first: {broken[0]}",
                    "mend or remove them",
                )
            yield (
                pixels.to(self.device, non_blocking=True),
                labels.to(self.device, non_blocking=True),
            )

    def _loader(self, decoder: _Decoder, keys: list[list[BatchKey]]) -> Iterable[Collated]:
        return DataLoader(
            decoder,
            batch_sampler=keys,
            num_workers=self.loaders,
            collate_fn=_collate,
            generator=torch.Generator(),  # else it draws from the global one
            multiprocessing_context="spawn",
            pin_memory=self.device.type == "cuda",
        )


def _read_here(decoder: _Decoder, keys: list[list[BatchKey]]) -> Iterator[Collated]:
    for batch in keys:
        yield _collate([decoder[key] for key in batch])


def preparation_of(recipe: Recipe, size: int, images: Images) -> Preparation:
    """How these images are prepared for evaluation: cached ones many at a time, in floats."""
    if images.pixels is None:
        return Preparation(size, recipe.evaluation_crop, "edges", "uint8")
    return Preparation(size, recipe.evaluation_crop, "side", "float32")


def cropping_of(recipe: Recipe) -> crops.Cropping:
    """The part of a recipe that says how images are cut."""
    return crops.Cropping(recipe.smallest_area, recipe.evaluation_crop, recipe.flip)


Decoded: TypeAlias = tuple[Tensor, int] | str


class _Decoder(Dataset[Decoded]):
    """One image by its key, cut and resized: its pixels and label, or what is broken about it."""

    def __init__(self, images: Images, recipe: Recipe, size: int, seed: int) -> None:
        self._images, self._size, self._seed = images, size, seed
        self._cropping = cropping_of(recipe)
        self._preparation = preparation_of(recipe, size, images)

    def __getitem__(self, key: BatchKey) -> Decoded:
        epoch, index = key
        try:
            return self._cut(epoch, index), int(self._images.labels[index])
        except BrokenImageError as error:
            if self._images.broken == "fail":
                raise
            return error.what

    def _cut(self, epoch: int, index: int) -> Tensor:
        name = self._images.listed.names[index]
        pixels = decode(self._read(name), name)
        height, width = pixels.shape[:2]
        if epoch < 0:
            return cut(pixels, self._preparation.box(width, height), self._size)
        rng = np.random.default_rng((self._seed, epoch, index))
        box = self._cropping.random_box(rng, width, height)
        return cut(pixels, box, self._size, self._cropping.flips(rng))

    def _read(self, name: str) -> bytes:
        files = self._images.files
        if files is None:
            raise unreadable(name, "its files are not open")
        try:
            return files.read(name)
        except OSError as error:
            raise unreadable(name, error) from error


def _collate(decoded: list[Decoded]) -> Collated:
    good = [item for item in decoded if not isinstance(item, str)]
    broken = [item for item in decoded if isinstance(item, str)]
    if not good:
        return torch.empty(0), torch.empty(0, dtype=torch.int64), broken
    # Stacked as they lie in memory, [size, size, 3]: turning them would take as long as the resize.
    pixels = torch.stack([pixels.permute(1, 2, 0) for pixels, _ in good]).permute(0, 3, 1, 2)
    return pixels, torch.tensor([label for _, label in good]), broken
