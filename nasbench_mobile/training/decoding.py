"""From encoded images to pixels: JPEGs by simplejpeg, all else by Pillow."""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nasbench_mobile.errors import OutsideError
from nasbench_mobile.extras import need
from nasbench_mobile.training.crops import Box

Pixels = NDArray[np.uint8]

JPEG_START = b"\xff\xd8"


class BrokenImageError(OutsideError):
    """An image that cannot be decoded; the message names it."""


def decode(content: bytes, name: str) -> Pixels:
    """An image's RGB pixels [height, width, 3]; grey, palette and CMYK ones are converted.

    `BrokenImageError` names an image that is none, or is cut short.
    """
    try:
        import simplejpeg
        from PIL import Image
    except ImportError:
        need("reading images", "train", simplejpeg="simplejpeg", PIL="pillow")
        raise
    if content.startswith(JPEG_START):
        try:
            pixels: Pixels = simplejpeg.decode_jpeg(content, "RGB")
            return pixels
        except ValueError:
            pass  # CMYK, or damage: Pillow does the one and says what the other is
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.array(image.convert("RGB"))
    # Pillow raises OSError, SyntaxError, ValueError and its own, as the damage is
    except Exception as error:
        raise BrokenImageError(
            f"cannot decode the image {name} ({type(error).__name__}: {error}); mend or remove "
            "it, or have broken images skipped"
        ) from error


def cut(pixels: Pixels, box: Box, size: int, flip: bool = False) -> Tensor:
    """The box of an image, in whole pixels, resized: uint8 [3, size, size], channels last.

    Bilinear in whole pixels as tensorflow/tpu, models/official/mnasnet/preprocessing.py cuts;
    antialiased where it shrinks (our choice, because the alternative is noise).
    """
    left, top, right, bottom = map(round, box)
    part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    # The batch of one comes first: only so does PyTorch see that channels lie last in memory.
    one = torch.from_numpy(part)[None].permute(0, 3, 1, 2)
    if flip:  # by PyTorch, which takes a tenth of numpy's time
        one = one.flip(3)
    return functional.interpolate(one, (size, size), mode="bilinear", antialias=True)[0]
