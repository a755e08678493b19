"""From encoded images to pixels, by Pillow."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.training.crops import Box
from nasbench_mobile.training.images import need

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]


class BrokenImageError(NasbenchError):
    """An image that cannot be decoded; the message names it."""


def open_image(content: bytes, name: str) -> Image:
    """A decoded RGB image; grey, palette and CMYK ones are converted.

    `BrokenImageError` names an image that is none, or is cut short.
    """
    try:
        from PIL import Image
    except ImportError:
        need("PIL", "pillow", "train")
        raise
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            return image if image.mode == "RGB" else image.convert("RGB")
    # Pillow raises OSError, SyntaxError, ValueError and its own, as the damage is
    except Exception as error:
        raise BrokenImageError(
            f"cannot decode the image {name} ({type(error).__name__}: {error}); mend or remove "
            "it, or have broken images skipped"
        ) from error


def cut(image: Image, box: Box, size: int, flip: bool = False) -> Tensor:
    """The box of an image, in whole pixels, resized: uint8 [3, size, size], channels last.

    Bilinear in whole pixels as tensorflow/tpu, models/official/mnasnet/preprocessing.py cuts;
    antialiased where it shrinks (our choice, because the alternative is noise). PyTorch resizes,
    because it takes a third of Pillow's time.
    """
    left, top, right, bottom = map(round, box)
    part = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    if flip:
        from PIL.Image import Transpose

        part = part.transpose(Transpose.FLIP_LEFT_RIGHT)
    # The batch of one comes first: only so does PyTorch see that channels lie last in memory.
    pixels = torch.from_numpy(np.array(part))[None].permute(0, 3, 1, 2)
    return functional.interpolate(pixels, (size, size), mode="bilinear", antialias=True)[0]


def whole(image: Image) -> Pixels:
    """All pixels [height, width, 3]."""
    return np.asarray(image, np.uint8)
