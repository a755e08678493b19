"""Inception preprocessing: random boxes for training, a central one for evaluation.

Boxes are left, top, right, bottom in pixels; formulas from tensorflow/tpu,
models/official/mnasnet/preprocessing.py.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Per channel, of values in [0, 1] (tensorflow/tpu, models/official/mnasnet/mnasnet_main.py)."""

ASPECTS = (3 / 4, 4 / 3)
"""Least and greatest width / height of a random crop."""

ATTEMPTS = 10
"""How often a box is drawn before the central crop is taken instead."""

Boxes = NDArray[np.float64]


def random_boxes(
    rng: np.random.Generator,
    widths: NDArray[np.float64],
    heights: NDArray[np.float64],
    smallest_area: float,
    evaluation_crop: float,
) -> Boxes:
    """Boxes [n, 4] within images of these sizes [n].

    A share of the area uniform in [smallest_area, 1], an aspect ratio log-uniform (torchvision's
    choice, and ours, because it treats wide and tall alike) in 3/4 to 4/3, a place uniform among
    those that fit; of ten drawn the first that fits, else the central crop.
    """
    count = len(widths)
    # One draw for all: a batch's boxes depend on its generator alone.
    drawn = rng.random((count, ATTEMPTS, 2))
    place = rng.random((count, 2))
    share = smallest_area + (1 - smallest_area) * drawn[..., 0]
    low, high = map(math.log, ASPECTS)
    aspect = np.exp(low + (high - low) * drawn[..., 1])
    area = (widths * heights)[:, None] * share
    box_widths, box_heights = np.sqrt(area * aspect), np.sqrt(area / aspect)
    fits = np.logical_and(box_widths <= widths[:, None], box_heights <= heights[:, None])
    first = np.argmax(fits, axis=1)
    rows = np.arange(count)
    width, height = box_widths[rows, first], box_heights[rows, first]
    left, top = place[:, 0] * (widths - width), place[:, 1] * (heights - height)
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    central = central_boxes(widths, heights, evaluation_crop)
    return np.where(np.any(fits, axis=1, keepdims=True), boxes, central)


def central_boxes(widths: NDArray[np.float64], heights: NDArray[np.float64], share: float) -> Boxes:
    """The central square [n, 4] whose side is this share of the shorter one."""
    side = share * np.minimum(widths, heights)
    left, top = (widths - side) / 2, (heights - side) / 2
    return np.stack([left, top, left + side, top + side], axis=1)


def cut_batch(pixels: Tensor, boxes: Boxes, flips: NDArray[np.bool_], size: int) -> Tensor:
    """Boxes of images of one size, resized: uint8 [n, 3, h, w] to float [n, 3, size, size].

    Bilinear and without antialiasing, as TensorFlow's resize is, values in [0, 255]; all images at
    once, which is what makes small ones cheap.
    """
    height, width = pixels.shape[2:]
    # A box's corners in grid_sample's coordinates, where the image is [-1, 1] x [-1, 1].
    left, right = boxes[:, 0] / width * 2 - 1, boxes[:, 2] / width * 2 - 1
    top, bottom = boxes[:, 1] / height * 2 - 1, boxes[:, 3] / height * 2 - 1
    across = np.where(flips, left - right, right - left) / 2
    theta = np.zeros((len(boxes), 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 0, 2] = across, (left + right) / 2
    theta[:, 1, 1], theta[:, 1, 2] = (bottom - top) / 2, (top + bottom) / 2
    source = pixels.float()
    grid = functional.affine_grid(
        torch.from_numpy(theta).to(source.device), [len(boxes), 3, size, size], align_corners=False
    )
    return functional.grid_sample(source, grid, padding_mode="border", align_corners=False)


def central_batch(pixels: Tensor, share: float, size: int) -> Tensor:
    """The central crops of images of one size, antialiased: [n, 3, size, size] in [0, 255]."""
    height, width = pixels.shape[2:]
    side = max(round(share * min(height, width)), 1)
    top, left = (height - side) // 2, (width - side) // 2
    part = pixels[:, :, top : top + side, left : left + side].float()
    if side == size:
        return part
    return functional.interpolate(part, (size, size), mode="bilinear", antialias=side > size)


def normalise(images: Tensor) -> Tensor:
    """[0, 255] to the values that networks take, channels last in memory."""
    scale = torch.tensor(DEVIATION, device=images.device).mul_(255)[:, None, None]
    shift = torch.tensor(MEAN, device=images.device).mul_(255)[:, None, None]
    scaled = (images.float() - shift) / scale
    return scaled.contiguous(memory_format=torch.channels_last)
