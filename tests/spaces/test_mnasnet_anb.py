"""Accel-NASBench's space, checked against the counts in its own data."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import build
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import BatchNorm, GlobalPool, Network
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.types import Tokens

SHARED = Path(os.environ.get("NASBENCH_MOBILE_SHARED", Path(__file__).parents[2].parent / "shared"))
DATA = SHARED / "data" / "accel-nasbench" / "anb_dataset.csv"
SPACE = MnasNetAnbSpace()
seeds = st.integers(0, 2**32)


def tokens_of(seed: int) -> Tokens:
    return SPACE.sample(np.random.default_rng(seed))


def test_sizes() -> None:
    assert len(SPACE.decisions) == 28
    assert SPACE.size == SPACE.distinct == 36**6 * 48 == 104_485_552_128
    assert all(decision.ordered for decision in SPACE.decisions)


def test_without_squeeze_and_excitation() -> None:
    space = MnasNetAnbSpace(se="off")
    assert space.options == {"se": "off"}
    assert space.size == space.distinct == 18**6 * 24
    tokens = space.sample(np.random.default_rng(0))
    assert space.network(tokens) == SPACE.network(tokens)  # the same tokens mean the same
    with_se = (2, 1, 0, 1) * 7
    with pytest.raises(InvalidNetworkError, match="'se': 'off'"):
        space.encode(SPACE.network(with_se))
    with pytest.raises(UsageError, match="free and off"):
        MnasNetAnbSpace(se="on")  # type: ignore[arg-type]


def profiled_multiply_adds(network: Network) -> int:
    """The data's macs_m: ours, 4 per element of a batch norm, and what global pools read and
    give. Found by regression; that it is exact on every row is the test.
    """
    count = multiply_adds(network)
    for node in network:
        if isinstance(node.operation, BatchNorm):
            count += 4 * math.prod(node.shape)
        if isinstance(node.operation, GlobalPool):
            count += math.prod(node.input_shapes[0]) + math.prod(node.shape)
    return count


@pytest.mark.skipif(not DATA.exists(), reason=f"no Accel-NASBench data at {DATA}")
def test_counts_are_those_of_the_data() -> None:
    with DATA.open() as file:
        rows = list(csv.DictReader(file))[::10]
    assert len(rows) == 514
    for row in rows:
        network = SPACE.network(tokens_of_row(row))
        assert round(parameters(network) / 1e6, 6) == float(row["params_m"])
        assert round(profiled_multiply_adds(network) / 1e6, 6) == float(row["macs_m"])


def tokens_of_row(row: dict[str, str]) -> Tokens:
    columns = [row[f"block{b}_{what}"] for b in range(7) for what in ("e", "k", "l", "se")]
    pairs = zip(SPACE.decisions, columns, strict=True)
    return tuple(
        int(value) if decision.name.endswith("/se") else decision.labels.index(value)
        for decision, value in pairs
    )


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_encode_is_the_way_back(seed: int) -> None:
    tokens = tokens_of(seed)
    assert SPACE.encode(SPACE.network(tokens, input_size=64, classes=10)) == tokens
    assert SPACE.canonical(tokens) == tokens


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_block_string_reads_back_to_the_same_network(seed: int) -> None:
    tokens = tokens_of(seed)
    spec = parse_spec(SPACE.describe(tokens))
    assert build(spec, 64, 10) == SPACE.network(tokens, input_size=64, classes=10)


@settings(deadline=None, max_examples=5)
@given(seeds)
def test_every_neighbour_is_another_network(seed: int) -> None:
    tokens = tokens_of(seed)
    networks = {SPACE.network(t, input_size=32, classes=1) for t in SPACE.neighbours(tokens)}
    assert len(networks) == sum(d.cardinality - 1 for d in SPACE.decisions)
    assert SPACE.network(tokens, input_size=32, classes=1) not in networks


@pytest.mark.parametrize(
    ("model", "multiplier", "message"),
    [
        ("mnasnet-a1", 1.0, "block 3"),  # expansion 3
        ("mobilenet-v2", 1.0, "block 3"),  # 32 filters
        ("mnasnet-a1", 0.5, "has stem 16"),
    ],
)
def test_what_the_space_cannot_make(model: str, multiplier: float, message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        SPACE.encode(zoo.network(model, multiplier))
