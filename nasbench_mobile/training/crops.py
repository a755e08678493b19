"""Inception preprocessing: random boxes for training; central ones as a `Preparation` has them.

Boxes are left, top, right, bottom in pixels; formulas from tensorflow/tpu,
models/official/mnasnet/preprocessing.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nasbench_mobile.training.preparation import DEVIATION, MEAN, Preparation, central_box

ASPECTS = (3 / 4, 4 / 3)
"""The least and greatest width / height of a random crop."""

ATTEMPTS = 10
"""How often a box is drawn before the central crop is taken instead."""

Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Cropping:
    """`smallest_area` of a random crop and `evaluation_crop`, as in `Recipe`; whether to flip."""

    smallest_area: float
    evaluation_crop: float
    flip: bool

    def random_box(self, rng: np.random.Generator, width: float, height: float) -> Box:
        """A box within an image of this size.

        A share of the area uniform in [smallest_area, 1], an aspect ratio log-uniform
        (torchvision's choice, and ours, because it treats wide and tall alike) in 3/4 to 4/3, a
        place uniform among those that fit; of ten drawn the first that fits, else the central one.
        """
        # As many draws for every image, whichever fits, and in plain numbers: arrays of one element
        # would take as long as decoding a small JPEG.
        draws = rng.random(2 * ATTEMPTS + 2).tolist()
        low, high = math.log(ASPECTS[0]), math.log(ASPECTS[1])
        for attempt in range(ATTEMPTS):
            share = self.smallest_area + (1 - self.smallest_area) * draws[2 * attempt]
            aspect = math.exp(low + (high - low) * draws[2 * attempt + 1])
            area = width * height * share
            box_width, box_height = math.sqrt(area * aspect), math.sqrt(area / aspect)
            if box_width <= width and box_height <= height:
                left, top = draws[-2] * (width - box_width), draws[-1] * (height - box_height)
                return left, top, left + box_width, top + box_height
        return central_box(self.evaluation_crop, width, height)

    def flips(self, rng: np.random.Generator) -> bool:
        """Whether to mirror an image: half of them, where flipping is wanted."""
        return bool(rng.random() < 0.5) and self.flip


def cut_batch(pixels: Tensor, boxes: Sequence[Box], flips: Sequence[bool], size: int) -> Tensor:
    """Boxes of images of one size, resized: uint8 [n, 3, h, w] to float [n, 3, size, size].

    Bilinear and without antialiasing, as TensorFlow's resize is, values in [0, 255]; all images at
    once, which is what makes small ones cheap.
    """
    height, width = pixels.shape[2:]
    # A box's edges in grid_sample's coordinates, where the image is [-1, 1] x [-1, 1].
    scale = np.array([2 / width, 2 / height] * 2)
    left, top, right, bottom = (np.array(boxes) * scale - 1).T
    theta = np.zeros((len(boxes), 2, 3), np.float32)
    theta[:, 0, 0] = np.where(flips, left - right, right - left) / 2
    theta[:, 0, 2], theta[:, 1, 2] = (left + right) / 2, (top + bottom) / 2
    theta[:, 1, 1] = (bottom - top) / 2
    source = pixels.float()
    grid = functional.affine_grid(
        torch.from_numpy(theta).to(source.device), [len(boxes), 3, size, size], align_corners=False
    )
    return functional.grid_sample(source, grid, padding_mode="border", align_corners=False)


def central_batch(pixels: Tensor, preparation: Preparation) -> Tensor:
    """The central crops of images of one size, antialiased: [n, 3, size, size] in [0, 255]."""
    size = preparation.size
    left, top, right, bottom = preparation.box(pixels.shape[3], pixels.shape[2])
    part = pixels[:, :, top:bottom, left:right].float()
    if part.shape[2:] == (size, size):
        return part
    shrinks = max(part.shape[2:]) > size
    return functional.interpolate(part, (size, size), mode="bilinear", antialias=shrinks)


def normalise(
    images: Tensor, mean: Sequence[float] = MEAN, deviation: Sequence[float] = DEVIATION
) -> Tensor:
    """[0, 255] to the values that networks take, channels last in memory."""
    scale = torch.tensor([1 / (255 * d) for d in deviation], device=images.device)
    shift = torch.tensor(
        [m / d for m, d in zip(mean, deviation, strict=True)], device=images.device
    )
    scaled = (images.float() * scale[:, None, None]).sub_(shift[:, None, None])
    return scaled.contiguous(memory_format=torch.channels_last)
