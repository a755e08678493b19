"""The committed models, and the spaces they are tried on."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from nasbench_mobile.evaluators.pixel1 import Pixel1Latency
from nasbench_mobile.evaluators.surrogate import SurrogateAccuracy


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the committed models."""
    return Path(str(resources.files("nasbench_mobile.benchmarks")))


@pytest.fixture(scope="session")
def surrogate(models: Path) -> SurrogateAccuracy:
    return SurrogateAccuracy.from_file(models / "imagenet-anb-ridge.json")


@pytest.fixture(scope="session")
def pixel1(models: Path) -> Pixel1Latency:
    return Pixel1Latency.from_file(models / "pixel1-tunas.json")
