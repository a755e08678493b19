"""A network of a few weights, and small data sets of real JPEG files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    GlobalPool,
    Network,
    NetworkBuilder,
)


def _tiny_network(classes: int = 10, size: int = 8) -> Network:
    builder = NetworkBuilder((3, size, size))
    x = builder.add("stem/conv", Conv(8, (3, 3), stride=2), IMAGE)
    x = builder.add("stem/bn", BatchNorm(), x)
    x = builder.add("stem/act", Activation("relu"), x)
    x = builder.add("head/pool", GlobalPool(), x)
    x = builder.add("head/dropout", Dropout(0.2), x)
    builder.add("head/dense", Dense(classes), x)
    return builder.build()


def _jpeg(colour: int, size: tuple[int, int] = (12, 10), mode: str = "RGB", seed: int = 0) -> bytes:
    """A noisy JPEG around one brightness; `size` is width, height."""
    from PIL import Image

    channels = {"L": (), "RGB": (3,), "CMYK": (4,)}[mode]
    noise = np.random.default_rng(seed).integers(-20, 20, (size[1], size[0], *channels))
    content = io.BytesIO()
    image = Image.fromarray(np.clip(noise + colour, 0, 255).astype(np.uint8), mode)
    image.save(content, "JPEG")
    return content.getvalue()


def _write_images(root: Path, names: list[str], **options: object) -> None:
    for index, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_jpeg(40 + 50 * (index % 4), seed=index, **options))  # type: ignore[arg-type]


def _class_names(folder: str, classes: int, each: int) -> list[str]:
    return [f"{folder}c{c}/{i}.jpg" for c in range(classes) for i in range(each)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """train/ with 3 classes of 6, test/ with 2 each."""
    root = tmp_path / "set"
    _write_images(root, _class_names("train/", 3, 6) + _class_names("test/", 3, 2))
    return root


@pytest.fixture
def tiny_network() -> Callable[..., Network]:
    """`tiny_network(classes=10, size=8)`: conv, batch norm, dropout, dense."""
    return _tiny_network


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    return _jpeg


@pytest.fixture
def write_images() -> Callable[..., None]:
    """`write_images(root, names, size=..., mode=...)`."""
    return _write_images


@pytest.fixture
def class_names() -> Callable[..., list[str]]:
    """`class_names("train/", classes, each)`."""
    return _class_names
