"""The latency model: compiled against walked, breakdowns, refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import (
    IMAGE,
    BatchNorm,
    ChannelSelect,
    Concat,
    Conv,
    Network,
    NetworkBuilder,
    Pool,
)
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.layer_features import FEATURES, node_counts
from nasbench_mobile.surrogates.pixel1 import WHOLE, Pixel1Latency
from nasbench_mobile.types import LatencyReading

SPACES = [
    MnasNetAnbSpace(),
    MnasNetSpace(),
    MnasNetSpace(blocks=5),
    MnasNetSpace(sharing="layer"),
]


def walked_ms(pixel1: Pixel1Latency, network: Network) -> float:
    """The formula over the whole graph, without segments."""
    amounts = dict.fromkeys(FEATURES, 0)
    amounts["networks"] = 1
    for node in network:
        for name, amount in node_counts(node):
            amounts[name] += amount
    return 1e-6 * math.fsum(pixel1.coefficients_ns[n] * amount for n, amount in amounts.items())


@pytest.mark.parametrize("space", SPACES, ids=lambda s: f"{s.name} {len(s.decisions)}")
def test_compiled_equals_walking_the_graph(pixel1: Pixel1Latency, space: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    count = 200 if len(space.decisions) < 50 else 40
    batch = [Architecture(space, space.sample(rng)) for _ in range(count)]
    for _ in range(2):  # once while the tables fill, once from them
        readings = pixel1.latency(batch)
        for architecture, reading in zip(batch, readings, strict=True):
            assert isinstance(reading, LatencyReading)
            network = architecture.network()
            assert reading == pixel1.network_latency(network)
            # A segment is kept to 1e-9 ms, so a sum of a dozen is good to some 1e-9 of a ms.
            assert reading.latency_ms == pytest.approx(walked_ms(pixel1, network), abs=1e-8)


def test_a_batch_equals_singles(models: Path) -> None:
    space, rng = MnasNetAnbSpace(), np.random.default_rng(3)
    batch = [Architecture(space, space.sample(rng)) for _ in range(50)]
    fresh = Pixel1Latency.from_file(models / "pixel1-tunas.json")
    other = Pixel1Latency.from_file(models / "pixel1-tunas.json")
    assert fresh.latency(batch) == [other.latency([one])[0] for one in reversed(batch)][::-1]


def test_a_space_without_segments_goes_through_the_network(pixel1: Pixel1Latency) -> None:
    class Plain:
        """The space, but for its segments."""

        def __init__(self) -> None:
            self._space = MnasNetAnbSpace()

        def __getattr__(self, name: str) -> Any:
            if name == "segments":
                raise AttributeError(name)
            return getattr(self._space, name)

    tokens = (1, 1, 1, 1) * 7
    plain: Any = Plain()  # has what it needs by __getattr__ alone
    assert pixel1.latency([Architecture(plain, tokens)]) == pixel1.latency(
        [Architecture(MnasNetAnbSpace(), tokens)]
    )
    with pytest.raises(UsageError, match="no segments"):
        pixel1.segment_tables(plain)


def test_complete_tables_give_every_latency_and_the_largest(pixel1: Pixel1Latency) -> None:
    space, rng = MnasNetAnbSpace(), np.random.default_rng(0)
    fixed, tables = pixel1.segment_tables(space)
    assert [len(table) for table in tables] == [36, 36, 36, 36, 36, 48, 36]
    for _ in range(20):
        tokens = space.sample(rng)
        parts = [tables[b][tokens[4 * b : 4 * b + 4]] for b in range(7)]
        [reading] = pixel1.latency([Architecture(space, tokens)])
        assert isinstance(reading, LatencyReading)
        assert math.fsum([fixed, *parts]) == pytest.approx(reading.latency_ms, abs=1e-10)
    largest = tuple(d.cardinality - 1 for d in space.decisions)
    [reading] = pixel1.latency([Architecture(space, largest)])
    assert isinstance(reading, LatencyReading)
    most = fixed + sum(max(table.values()) for table in tables)
    assert reading.latency_ms == pytest.approx(most, abs=1e-9)


def test_breakdowns_sum_to_the_latency(pixel1: Pixel1Latency) -> None:
    network = zoo.network("mnasnet-a1")
    segments = pixel1.segment_latency_ms(network)
    assert list(segments) == [WHOLE, "stem", *(f"block{b}" for b in range(1, 8)), "head"]
    whole = pixel1.network_latency(network).latency_ms
    assert math.fsum(segments.values()) == whole
    layers = pixel1.layer_latency_ms(network)
    assert math.fsum(layers.values()) == pytest.approx(whole, abs=1e-8)
    block = math.fsum(ms for name, ms in layers.items() if name.startswith("block3/"))
    assert block == pytest.approx(segments["block3"], abs=1e-9)


def test_a_smaller_network_takes_less(pixel1: Pixel1Latency) -> None:
    def ms(multiplier: float, size: int) -> float:
        return pixel1.network_latency(zoo.network("mnasnet-a1", multiplier, size)).latency_ms

    assert ms(0.5, 224) < ms(1.0, 224) < ms(1.4, 224)
    assert ms(1.0, 96) < ms(1.0, 160) < ms(1.0, 224)


def test_counts_of_each_kind_of_layer() -> None:
    builder = NetworkBuilder((4, 28, 28))
    x = builder.add("full", Conv(8, (1, 7)), IMAGE)
    x = builder.add("norm", BatchNorm(), x)
    window = builder.add("window", Conv(8, (5, 5), stride=2, groups=8), x)
    pool = builder.add("pool", Pool("average", (3, 3), stride=2), x)
    both = builder.add("both", Concat(), window, pool)
    half = builder.add("half", ChannelSelect(tuple(range(8))), both)
    builder.add("grouped", Conv(8, groups=2), half)
    counted = [dict(node_counts(node)) for node in builder.build()]
    assert counted == [
        {"full_conv_macs": 7 * 4 * 8 * 28 * 28, "full_conv_elements": 8 * 28 * 28},
        {},
        {"depthwise_macs_5": 25 * 8 * 14 * 14, "depthwise_elements": 8 * 28 * 28},
        {"depthwise_macs_3": 9 * 8 * 14 * 14, "depthwise_elements": 8 * 28 * 28},
        {"add_elements": 16 * 14 * 14},
        {"add_elements": 8 * 14 * 14},
        {"pointwise_macs_14": 4 * 8 * 14 * 14},
    ]


def test_it_says_what_it_is(pixel1: Pixel1Latency) -> None:
    assert (pixel1.device, pixel1.kind) == ("pixel1", "estimate")
    assert "estimate" in pixel1.label


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "1", None])
def test_coefficients_that_cannot_be_are_refused(pixel1: Pixel1Latency, value: object) -> None:
    coefficients = pixel1.coefficients_ns | {"dense_macs": value}
    with pytest.raises(UsageError, match="finite"):
        Pixel1Latency(coefficients)  # type: ignore[arg-type]


def test_another_versions_file_is_refused(models: Path, tmp_path: Path) -> None:
    record = json.loads((models / "pixel1-tunas.json").read_text())
    record["coefficients_ns"]["unheard_of"] = record["coefficients_ns"].pop("dense_macs")
    path = tmp_path / "other.json"
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="damaged latency model"):
        Pixel1Latency.from_file(path)
    with pytest.raises(UsageError, match="'linear-latency' model"):
        Pixel1Latency.from_file(models / "imagenet-anb-ridge.json")
