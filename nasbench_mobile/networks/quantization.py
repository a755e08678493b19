"""Post-training quantisation of a .tflite file to int8, by LiteRT's own quantizer."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError
from nasbench_mobile.extras import need

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = (".jpeg", ".jpg", ".png")
CROP_PADDING = 32
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
"""Evaluation images as tensorflow/tpu, models/official/mnasnet prepares them: the central square of
side size / (size + 32), resized bicubically; each channel's mean, of values in [0, 1], taken out,
then divided by its deviation."""


def quantize_int8(content: bytes, images: Sequence[NDArray[np.float32]]) -> bytes:
    """A float .tflite file in int8: weights per output channel, activations per tensor.

    `images`, each (height, width, channels) as the network takes them, show the quantizer the
    range of every activation. Input and output become int8 too, their scale and zero point in the
    file. `MissingExtraError` where the extra `quantize` is not installed.
    """
    need("quantisation", "quantize", ai_edge_quantizer="ai-edge-quantizer")
    from ai_edge_quantizer import quantizer, recipe

    if not images:
        raise UsageError("no calibration images were given; int8 needs to see some, 100 say")
    shown = {"serving_default": [{"image": image[None]} for image in images]}
    # The quantizer reports its progress to the terminal, and warns of the memory it takes.
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        work = quantizer.Quantizer(content, recipe.static_wi8_ai8())
        ranges = work.calibrate(shown, num_threads=1)
        result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def read_images(folder: Path, size: int, limit: int = 500) -> list[NDArray[np.float32]]:
    """The first `limit` JPEG and PNG images of a folder and its folders, by name, prepared.

    Each is (size, size, 3). That 500 are enough is our choice: ranges settle within a few hundred.
    """
    need("calibration", "quantize", PIL="pillow")
    from PIL import Image, UnidentifiedImageError

    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)[:limit]
    if not paths:
        raise UsageError(
            f"{folder} has no images ({', '.join(IMAGE_SUFFIXES)}) to calibrate with; give a "
            "folder of a hundred like those the network was trained on"
        )
    images = []
    for path in paths:
        try:
            with Image.open(path) as image:
                images.append(_prepare(image.convert("RGB"), size))
        except (UnidentifiedImageError, OSError) as error:
            raise UsageError(f"cannot read the calibration image {path}: {error}") from error
    return images


def _prepare(image: Image.Image, size: int) -> NDArray[np.float32]:
    from PIL.Image import Resampling

    side = min(image.size) * size / (size + CROP_PADDING)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    resized = image.resize((size, size), Resampling.BICUBIC, box)
    pixels = np.asarray(resized, np.float32) / np.float32(255)
    return ((pixels - MEAN) / DEVIATION).astype(np.float32)
