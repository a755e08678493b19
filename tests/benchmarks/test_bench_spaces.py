"""What a proposal costs before it is evaluated: sample, canonical, and the graph."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace

spaces = pytest.mark.parametrize("space", [MnasNetAnbSpace(), MnasNetSpace()], ids=lambda s: s.name)


@spaces
def test_sample(benchmark: BenchmarkFixture, space: MnasNetSpace | MnasNetAnbSpace) -> None:
    tokens = benchmark(space.sample, np.random.default_rng(0))
    assert space.validate(tokens) == tokens


@spaces
def test_canonical(benchmark: BenchmarkFixture, space: MnasNetSpace | MnasNetAnbSpace) -> None:
    tokens = space.sample(np.random.default_rng(0))
    assert benchmark(space.canonical, tokens) == space.canonical(tokens)


@spaces
def test_network(benchmark: BenchmarkFixture, space: MnasNetSpace | MnasNetAnbSpace) -> None:
    tokens = space.sample(np.random.default_rng(0))
    assert benchmark(space.network, tokens).output_shape == (1000, 1, 1)
