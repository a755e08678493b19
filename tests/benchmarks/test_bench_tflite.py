"""From tokens to a .tflite file; the bar is 60 ms median for a network of MobileNetV2's size."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.networks.pytorch import module_weights, to_module
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.spaces.mnasnet import MnasNetSpace


@pytest.mark.benchmark(timer=time.process_time)
def test_tflite_from_tokens(benchmark: BenchmarkFixture) -> None:
    """Tokens that mean MobileNetV2, decoded and written at 224 px with synthetic weights."""
    space = MnasNetSpace()
    tokens = space.encode(zoo.network("mobilenet-v2"))
    assert parameters(space.network(tokens)) == 3_504_872
    content = benchmark(lambda: to_tflite(space.network(tokens)))
    assert len(content) > 13_000_000


@pytest.mark.benchmark(timer=time.process_time)
def test_tflite_from_random_tokens(benchmark: BenchmarkFixture) -> None:
    space, rng = MnasNetSpace(), np.random.default_rng(0)
    contents = benchmark.pedantic(
        to_tflite, setup=lambda: ((space.network(space.sample(rng)),), {}), rounds=20
    )
    assert contents[4:8] == b"TFL3"


@pytest.mark.benchmark(timer=time.process_time)
def test_tflite_from_a_module(benchmark: BenchmarkFixture) -> None:
    """With real weights: batch norms are folded and layouts changed."""
    network = zoo.network("mobilenet-v2")
    weights = module_weights(to_module(network))
    assert len(benchmark(to_tflite, network, weights)) > 13_000_000
