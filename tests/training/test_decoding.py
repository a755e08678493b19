"""Odd images of a person's folder: each is read as a viewer shows it, or said to be broken."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nasbench_mobile.training.decoding import (
    MOST_PIXELS,
    ORIENTATION,
    BrokenImageError,
    decode,
    read_otherwise,
)

NOISE = np.random.default_rng(0).integers(0, 255, (5, 7, 3)).astype(np.uint8)


def encoded(pixels: NDArray[Any] | Image.Image, form: str, **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def rotated(form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(NOISE, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey_are_scaled(form: str) -> None:
    grey = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    pixels = decode(encoded(grey, form), "x")
    assert pixels.shape == (16, 16, 3)
    for channel in range(3):
        assert np.array_equal(pixels[:, :, channel].ravel(), np.arange(256))
    assert read_otherwise(encoded(grey, form))
    assert not read_otherwise(encoded(grey.astype(np.uint8), form))


@pytest.mark.parametrize("most", [1023, 65535])
def test_deep_grey_of_pgm_is_scaled_from_its_own_white(most: int) -> None:
    values = np.array([[0, most // 2, most]], ">u2")
    pixels = decode(f"P5 3 1 {most}\n".encode() + values.tobytes(), "x")
    assert np.abs(pixels[0, :, 0].astype(int) - [0, 127, 255]).max() <= 1


def test_sixteen_bits_are_the_same_grey_in_one_channel_or_in_three() -> None:
    values = np.random.default_rng(1).integers(0, 65536, 12).astype(np.uint16)
    grey = decode(encoded(values.reshape(3, 4), "PNG"), "x")
    colour = decode(_png(4, 3, values.repeat(3).reshape(3, 12), depth=16, kind=2), "x")
    assert np.array_equal(grey, colour)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGBA", "P"])
def test_other_kinds_become_colour(mode: str) -> None:
    image = Image.fromarray(NOISE).convert(mode)
    assert np.array_equal(decode(encoded(image, "PNG"), "x"), np.array(image.convert("RGB")))


def test_transparency_is_dropped_without_a_word() -> None:
    seen = np.concatenate([NOISE, np.full((5, 7, 1), 3, np.uint8)], axis=2)
    palette = Image.fromarray(NOISE).convert("P")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(decode(encoded(seen, "PNG"), "x"), NOISE)
        clear = encoded(palette, "PNG", transparency=bytes(range(200)))
        assert np.array_equal(decode(clear, "x"), np.array(palette.convert("RGB")))


@pytest.mark.parametrize("form", ["GIF", "TIFF", "WEBP"])
def test_the_first_picture_of_several_counts(form: str) -> None:
    frames = [Image.fromarray(np.full((6, 6, 3), v, np.uint8)) for v in (0, 128, 255)]
    options: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    if form == "WEBP":
        options["lossless"] = True
    content = encoded(frames[0], form, **options)
    with Image.open(io.BytesIO(content)) as image:
        image.seek(2)
    assert decode(content, "x").max() == 0


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_photographs_are_turned_upright(form: str, orientation: int) -> None:
    content = rotated(form, orientation)
    with Image.open(io.BytesIO(content)) as image:
        wanted = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    assert np.array_equal(decode(content, "x"), wanted)
    assert wanted.shape == ((7, 5, 3) if orientation > 4 else (5, 7, 3))
    assert read_otherwise(content)


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_without_a_turn_a_jpeg_is_what_its_decoder_says(orientation: int) -> None:
    for content in (encoded(NOISE, "JPEG"), rotated("JPEG", orientation)):
        assert np.array_equal(decode(content, "x"), simplejpeg.decode_jpeg(content, "RGB"))
        assert not read_otherwise(content)


def test_exif_that_cannot_be_read_spoils_no_picture() -> None:
    content = rotated("JPEG", 6)
    place = content.index(b"Exif\0\0") + 6
    spoilt = content[:place] + b"\xff" * 12 + content[place + 12 :]
    assert np.array_equal(decode(spoilt, "x"), simplejpeg.decode_jpeg(spoilt, "RGB"))


@pytest.mark.parametrize("kind", ["baseline", "progressive", "cmyk"])
@pytest.mark.parametrize("tail", ["zeros", "nothing", "zeros, then the end"])
def test_a_damaged_jpeg_is_broken(kind: str, tail: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (64, 80, 4)).astype(np.uint8)
    whole = (
        encoded(Image.fromarray(pixels, "CMYK"), "JPEG")
        if kind == "cmyk"
        else encoded(pixels[:, :, :3], "JPEG", progressive=kind == "progressive")
    )
    half = len(whole) // 2
    rest = {
        "zeros": bytes(len(whole) - half),
        "nothing": b"",
        "zeros, then the end": bytes(len(whole) - half - 2) + b"\xff\xd9",
    }[tail]
    assert decode(whole, "x").shape == (64, 80, 3)
    with pytest.raises(BrokenImageError, match=r"image a\.jpg: it is damaged or cut short.*remove"):
        decode(whole[:half] + rest, "a.jpg")


def test_cmyk_is_no_damage() -> None:
    pixels = np.full((8, 8, 4), 55, np.uint8)  # 255 (1 - 55 / 255)^2 = 157
    found = decode(encoded(Image.fromarray(pixels, "CMYK"), "JPEG"), "x")
    assert np.abs(found.astype(int) - 157).max() <= 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty; mend"),
        (b"\xff\xd8", "no image of a kind that is known here; mend"),
        (b"no image", "no image of a kind that is known here; mend"),
        (encoded(np.zeros((4, 4), np.float32), "TIFF"), "floating-point.*save it with 8 or 16"),
        (encoded(np.zeros((4, 4), np.int32), "TIFF"), "32-bit whole.*save it with 8 or 16 bits or"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(BrokenImageError, match=rf"image a\.png: .*{words}.*--broken skip") as error:
        decode(content, "a.png")
    assert "0x" not in str(error.value)


def test_a_huge_image_is_refused_in_words_and_a_large_one_without_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(BrokenImageError, match=rf"400,000,000 pixels.*{MOST_PIXELS:,}.*smaller"):
        decode(_png(20_000, 20_000, np.zeros((1, 1), np.uint8), depth=1), "x.png")
    small = bytearray(encoded(NOISE, "JPEG"))
    sizes = small.index(b"\xff\xc0") + 5
    small[sizes : sizes + 4] = struct.pack(">HH", 20_000, 20_000)
    with pytest.raises(BrokenImageError, match=r"400,000,000 pixels.*save it smaller"):
        decode(bytes(small), "x.jpg")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # Pillow warns of more than that
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(decode(encoded(NOISE, "PNG"), "x.png"), NOISE)
        assert decode(rotated("JPEG", 6), "x.jpg").shape == (7, 5, 3)
        for form in ("JPEG", "PNG"):
            assert read_otherwise(rotated(form, 6))


def test_a_damaged_png_says_how(jpeg: Callable[..., bytes]) -> None:
    content = encoded(NOISE, "PNG")
    with pytest.raises(BrokenImageError, match=re.escape("cannot decode the image x")):
        decode(content[: len(content) // 2], "x")
    with Image.open(io.BytesIO(jpeg(40))) as image:
        assert decode(encoded(image, "BMP"), "x").shape == (10, 12, 3)


def _png(width: int, height: int, rows: NDArray[Any], depth: int = 8, kind: int = 0) -> bytes:
    """A PNG written by hand: of 16-bit colour, or of a size that its pixels need not have."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    big = rows.astype(f">u{rows.dtype.itemsize}")
    data = b"".join(b"\0" + row.tobytes() for row in big)
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each)
        for each in ((b"IHDR", head), (b"IDAT", zlib.compress(data, 1)), (b"IEND", b""))
    )
