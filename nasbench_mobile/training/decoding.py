"""From encoded images to pixels, one way for training, evaluation and calibration.

JPEGs are decoded by simplejpeg, all else by Pillow. The first picture of an animation or a document
counts; transparency is dropped, as by torchvision's and Keras's readers of folders (what lies under
it shows). A photograph is turned as its EXIF orientation says, as every viewer shows it and an
application is given it: our choice, most readers of folders leave it lying. Of 16 bits the high
byte is taken, in grey as in colour.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nasbench_mobile.errors import OutsideError
from nasbench_mobile.extras import need
from nasbench_mobile.training.crops import Box

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Pixels = NDArray[np.uint8]

JPEG_START = b"\xff\xd8"

DAMAGED_JPEG = ("Corrupt JPEG data", "Premature end of JPEG")
"""How libjpeg's warnings begin that tell of lost pixels; it fills them with grey and goes on."""

MOST_PIXELS = 178_956_970
"""Pillow's limit, past which a small file may be made to fill all memory; ours for JPEGs too."""

ORIENTATION = 0x0112
"""EXIF's tag."""

_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p[::-1].transpose(1, 0, 2),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: p.transpose(1, 0, 2)[::-1],
}
"""What turns pixels upright, by EXIF's orientation (EXIF 2.3, 4.6.4 A)."""

_DEEP_GREY = {"I;16", "I;16B", "I;16L", "I;16N"}
"""Pillow's modes of 16-bit grey, which it would clip to 255 instead of scaling."""

_NO_RANGE = {"I": "32-bit whole numbers", "F": "floating-point numbers"}
"""Pillow's modes that say of no value that it is white."""


SKIPPING = "have broken images skipped (--broken skip)"
TO_READ = f"make it readable or remove it, or {SKIPPING}"
"""What to do about an image that cannot be decoded, or not even be read."""


class BrokenImageError(OutsideError):
    """An image that cannot be decoded: `what` names it and says why, the message what to do too."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self._remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}; {self._remedy}" if self._remedy else self.what


def unreadable(name: str, why: object) -> BrokenImageError:
    """The error for a file that cannot be read."""
    return BrokenImageError(f"cannot read the image {name}: {why}", TO_READ)


def decode(content: bytes, name: str) -> Pixels:
    """An image's RGB pixels [height, width, 3]; grey, palette and CMYK ones are converted.

    `BrokenImageError` names an image that is none, is damaged or cut short, is too large, or whose
    values have no range.
    """
    _check_libraries()
    try:
        pixels = _jpeg(content) if content.startswith(JPEG_START) else None
        return _by_pillow(content) if pixels is None else pixels
    except _Broken as broken:
        raise BrokenImageError(
            f"cannot decode the image {name}: {broken}",
            f"{broken.remedy} or remove it, or {SKIPPING}",
        ) from broken.__cause__


def _check_libraries() -> None:
    try:
        import simplejpeg  # noqa: F401
        from PIL import Image  # noqa: F401
    except ImportError:
        need("reading images", "train", simplejpeg="simplejpeg", PIL="pillow")
        raise


class _Broken(Exception):
    """What is wrong with an image, in words, and what to do about it."""

    def __init__(self, words: str, remedy: str = "mend") -> None:
        super().__init__(words)
        self.remedy = remedy


def _jpeg(content: bytes) -> Pixels | None:
    """The pixels of a JPEG; None where Pillow has to be asked, as of rare kinds."""
    import simplejpeg

    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(content)
        _check_size(width, height)
        pixels: Pixels = simplejpeg.decode_jpeg(content, "RGB")
    except ValueError as error:
        if str(error).startswith(DAMAGED_JPEG):
            raise _Broken(f"it is damaged or cut short ({error})") from error
        return None
    return _turned(pixels, _orientation_of(content))


def _by_pillow(content: bytes) -> Pixels:
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise _Broken("the file is empty")
    try:
        with _opened(content) as image:
            _check_size(*image.size)
            pixels = _rgb(image)
            # After the pixels: Pillow turns some formats itself, and drops the tag then.
            return _turned(pixels, _orientation(image))
    except _Broken:
        raise
    except UnidentifiedImageError as error:
        raise _Broken("it is no image of a kind that is known here") from error
    except Image.DecompressionBombError as error:
        pixels_told = re.search(r"\d+", str(error))
        raise _too_large(int(pixels_told[0]) if pixels_told else MOST_PIXELS + 1) from error
    # Pillow raises OSError, SyntaxError, ValueError and its own, as the damage is
    except Exception as error:
        raise _Broken(f"{type(error).__name__}: {error}") from error


@contextmanager
def _opened(content: bytes) -> Iterator[PillowImage]:
    """Open an image with Pillow, without its warnings.

    They are of sizes, which are checked here, of transparency, which is dropped, and of metadata.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(content)) as image:
            yield image


def _rgb(image: PillowImage) -> Pixels:
    if _is_deep_grey(image):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in _NO_RANGE:
        raise _Broken(
            f"its pixels are {_NO_RANGE[image.mode]}, of which nothing says which is white",
            "save it with 8 or 16 bits",
        )
    return np.array(image.convert("RGB"))


def _is_deep_grey(image: PillowImage) -> bool:
    # PGM, scaled to 65,535, has the mode of 32 bits, and older Pillows give it to PNG.
    deep = image.mode == "I" and image.format in ("PNG", "PPM")
    return deep or image.mode in _DEEP_GREY


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _too_large(width * height)


def _too_large(pixels: int) -> _Broken:
    return _Broken(
        f"it has {pixels:,} pixels, and more than {MOST_PIXELS:,} are not read, as a small file "
        "could fill all memory",
        "save it smaller",
    )


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    turn = _UPRIGHT.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def _orientation_of(content: bytes) -> int:
    """A JPEG's EXIF orientation, 1 (upright) where it says none."""
    if content.find(b"Exif\0\0", 0, 1 << 17) < 0:  # most have none, and Pillow takes its time
        return 1
    with suppress(Exception), _opened(content) as image:
        return _orientation(image)
    return 1


def _orientation(image: PillowImage) -> int:
    """1 too where what stands there cannot be read: it is no reason not to take the picture."""
    with suppress(Exception):
        found: Any = image.getexif().get(ORIENTATION, 1)
        return found if isinstance(found, int) else 1
    return 1


def read_otherwise(content: bytes) -> bool:
    """Whether earlier versions, which knew neither EXIF nor 16-bit grey, read other pixels.

    Looks at headers alone.
    """
    _check_libraries()
    if content.startswith(JPEG_START):
        return _orientation_of(content) in _UPRIGHT
    with suppress(Exception), _opened(content) as image:
        return _is_deep_grey(image) or _orientation(image) in _UPRIGHT
    return False


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
