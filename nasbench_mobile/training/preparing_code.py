"""A preparation as a few lines of Python that need NumPy and Pillow alone, to print and to keep."""

from __future__ import annotations

from typing import Literal, TypeAlias

from nasbench_mobile.training.preparation import Preparation

Axes: TypeAlias = Literal["channels last", "channels first"]
"""How a file takes images: (1, height, width, 3), as LiteRT does, or (1, 3, height, width)."""

_OPENED = """\
import numpy as np
from PIL import Image, ImageOps


def prepare(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # grey of 16 bits
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    image = image.convert("RGB")
    width, height = image.size
"""

_SIDE = """\
    side = max(round({share!r} * min(width, height)), 1)
    left, top = (width - side) // 2, (height - side) // 2
    image = image.crop((left, top, left + side, top + side))
"""

_EDGES = """\
    side = {share!r} * min(width, height)
    x, y = (width - side) / 2, (height - side) / 2
    left, top, right, bottom = map(round, (x, y, x + side, y + side))
    image = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
"""

_FLOATS = """\
    channels = [one.convert("F").resize(({size}, {size}), Image.BILINEAR) for one in image.split()]
    pixels = np.stack(channels, axis=2) / 255
"""

_BYTES = """\
    pixels = np.asarray(image.resize(({size}, {size}), Image.BILINEAR)) / 255
"""

_NORMALISED = """\
    pixels = (pixels - {mean}) / {deviation}
    return {pixels}[None].astype(np.float32)
"""

_QUANTISED = """

def quantise(image, interpreter):
    scale, zero = interpreter.get_input_details()[0]["quantization"]
    return np.clip(np.round(image / scale) + zero, -128, 127).astype(np.int8)
"""


def preparing_code(preparation: Preparation, axes: Axes, *, int8: bool = False) -> str:
    """Python source of `prepare(path)`, which gives a network's input as float32.

    What it does is what this package's own evaluation does. With `int8` comes `quantise(image,
    interpreter)`, which gives an int8 file's input.
    """
    parts = [_OPENED, _SIDE if preparation.rounded == "side" else _EDGES]
    parts += [_FLOATS if preparation.depth == "float32" else _BYTES, _NORMALISED]
    pixels = "pixels" if axes == "channels last" else "pixels.transpose(2, 0, 1)"
    text = "".join(parts).format(
        share=preparation.share, size=preparation.size, mean=list(preparation.mean),
        deviation=list(preparation.deviation), pixels=pixels,
    )  # fmt: skip
    return text + (_QUANTISED if int8 else "")
