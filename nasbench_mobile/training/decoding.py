"""From encoded images to pixels, by Pillow."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.training.images import need

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


class BrokenImageError(NasbenchError):
    """An image that cannot be decoded; the message names it."""


def open_image(content: bytes, name: str) -> Image:
    """A decoded RGB image; grey, palette and CMYK ones are converted.

    `BrokenImageError` names an image that is none, or is cut short.
    """
    need("PIL", "pillow", "train")
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.convert("RGB")
    # Pillow raises OSError, SyntaxError, ValueError and its own, as the damage is
    except Exception as error:
        raise BrokenImageError(
            f"cannot decode the image {name} ({type(error).__name__}: {error}); mend or remove "
            "it, or have broken images skipped"
        ) from error


def cut(image: Image, box: Box, size: int) -> Pixels:
    """The box of an image, resized to [size, size, 3] with antialiasing.

    Bilinear, as tf.image.resize does by default (tensorflow/tpu, models/official/mnasnet,
    preprocessing.py); antialiasing is our choice, because it is what Pillow does.
    """
    from PIL.Image import Resampling

    return _array(image.resize((size, size), Resampling.BILINEAR, box))


def whole(image: Image) -> Pixels:
    """All pixels [height, width, 3]."""
    return _array(image)


def _array(image: Any) -> Pixels:
    return np.asarray(image, np.uint8)
