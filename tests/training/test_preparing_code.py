"""The lines that are handed out, run, beside the pixels that evaluation takes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nasbench_mobile.training.decoding import decode
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.prepared import prepared
from nasbench_mobile.training.preparing_code import Axes, preparing_code

CACHED = Preparation(32, 0.875, "side", "float32")
LEVEL = 1 / 255 / 0.229
"""What the least difference of a byte comes to, at most."""


def by_the_lines(content: bytes, preparation: Preparation, axes: Axes = "channels last") -> Any:
    names: dict[str, Any] = {}
    exec(preparing_code(preparation, axes), names)
    return names["prepare"](io.BytesIO(content))


def picture(width: int, height: int, mode: str = "RGB", seed: int = 0, **how: Any) -> bytes:
    """A smooth picture: what noise comes to depends on the last digit of each filter's weight."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    if mode == "I;16":
        grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
        image = Image.fromarray(grey)
    else:
        image = image.convert(mode)
    file = io.BytesIO()
    image.save(file, **{"format": "PNG", **how})
    return file.getvalue()


@pytest.mark.parametrize("axes", ["channels last", "channels first"])
@pytest.mark.parametrize(
    ("preparation", "apart"),
    [
        (CACHED, 1e-5),
        (Preparation(96, 0.6, "side", "float32", (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)), 1e-5),
        (Preparation(24), 2.01 * LEVEL),  # torch and Pillow round a filter's weights apart
        (Preparation(225, 0.33), 2.01 * LEVEL),
        (Preparation(7, 1.0, "edges", "float32"), 1e-5),
        (Preparation(40, 0.9, "side", "uint8"), 2.01 * LEVEL),
    ],
    ids=str,
)
def test_the_lines_prepare_as_evaluation_does(
    preparation: Preparation, apart: float, axes: Axes
) -> None:
    rng = np.random.default_rng(5)
    sizes = [(1, 1), (2, 1), (3, 2), (8, 8), (8, 9), (33, 32), (101, 60), (60, 100)]
    sizes += [(int(w), int(h)) for w, h in rng.integers(1, 200, (20, 2))]
    for seed, (width, height) in enumerate(sizes):
        how: dict[str, Any] = {"format": "JPEG", "quality": 80} if seed % 2 else {}
        content = picture(width, height, seed=seed, **how)
        wanted = prepared(decode(content, "one"), preparation)
        assert wanted.shape == (preparation.size, preparation.size, 3)
        seen = by_the_lines(content, preparation, axes)
        assert seen.dtype == wanted.dtype == np.float32
        one = seen if axes == "channels last" else seen.transpose(0, 2, 3, 1)
        np.testing.assert_allclose(one, wanted[None], rtol=0, atol=apart)


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        ("L", {}), ("1", {}), ("P", {}), ("LA", {}), ("RGBA", {}), ("I;16", {}),
        ("I;16", {"format": "TIFF"}), ("CMYK", {"format": "JPEG"}), ("P", {"format": "GIF"}),
        ("L", {"format": "BMP"}), ("RGB", {"format": "WEBP"}),
        *[("RGB", {"format": "JPEG", "exif": turned(o)}) for o in range(1, 9)],
        *[("I;16", {"exif": turned(o)}) for o in (3, 6)],
    ],
)  # fmt: skip
def test_pictures_of_every_kind_are_read_alike(mode: str, how: dict[str, Any]) -> None:
    content = picture(30, 21, mode, 3, **how)
    wanted = prepared(decode(content, "one"), CACHED)
    apart = 1.1 * LEVEL if mode == "CMYK" else 1e-5  # libjpeg and Pillow turn inks into light
    np.testing.assert_allclose(by_the_lines(content, CACHED)[0], wanted, rtol=0, atol=apart)


def test_a_turned_pictures_lines_are_not_those_of_a_lying_one() -> None:
    lying, upright = (
        by_the_lines(picture(32, 20, format="JPEG", exif=turned(o)), CACHED) for o in (1, 6)
    )
    assert np.abs(lying - upright).max() > LEVEL
    np.testing.assert_allclose(upright[0], np.rot90(lying[0], -1), rtol=0, atol=1e-5)


def test_the_lines_are_few() -> None:
    for preparation in (CACHED, Preparation(224)):
        assert len(preparing_code(preparation, "channels first", int8=True).splitlines()) <= 24


def test_an_int8_files_input_is_rounded_and_clipped() -> None:
    class Interpreter:
        def get_input_details(self) -> list[dict[str, Any]]:
            return [{"quantization": (0.5, -3)}]

    names: dict[str, Any] = {}
    exec(preparing_code(CACHED, "channels last", int8=True), names)
    seen = names["quantise"](np.array([-100, -0.6, 0, 1, 1.3, 100], np.float32), Interpreter())
    assert seen.tolist() == [-128, -4, -3, -1, 0, 127]
    assert seen.dtype == np.int8
