"""What an evaluation costs; the bars are 20,000 architectures/s in batches, on one core."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.evaluators.noise import NoisyAccuracy
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency

MODELS = Path(str(resources.files("nasbench_mobile.benchmarks")))
SURROGATE, PIXEL1 = MODELS / "imagenet-anb-ridge.json", MODELS / "pixel1-tunas.json"


def architectures(count: int) -> list[Architecture]:
    space, rng = MnasNetAnbSpace(), np.random.default_rng(0)
    return [Architecture(space, space.sample(rng)) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 1000])
def test_surrogate_and_pixel1(benchmark: BenchmarkFixture, count: int) -> None:
    """Bar: 1,000 within 50 ms; a single one within 60 us."""
    surrogate, pixel1 = SurrogateAccuracy.from_file(SURROGATE), Pixel1Latency.from_file(PIXEL1)
    batch = architectures(count)
    pixel1.latency(batch)  # fills the tables

    readings = benchmark(lambda: (surrogate.accuracy(batch), pixel1.latency(batch)))
    assert [len(part) for part in readings] == [count, count]


def test_noisy_surrogate(benchmark: BenchmarkFixture) -> None:
    noisy = NoisyAccuracy(SurrogateAccuracy.from_file(SURROGATE), 0.0026, 0)
    batch = architectures(1000)
    assert len(benchmark(noisy.accuracy, batch)) == 1000


def test_first_latencies(benchmark: BenchmarkFixture) -> None:
    """Reading the model and filling its tables from 100 random networks."""
    batch = architectures(100)
    readings = benchmark(lambda: Pixel1Latency.from_file(PIXEL1).latency(batch))
    assert len(readings) == 100


def test_start_of_the_surrogate(benchmark: BenchmarkFixture) -> None:
    """Reading the model and compiling its tables: part of every worker's start."""
    assert benchmark(SurrogateAccuracy.from_file, SURROGATE).model.coefficients == 931
