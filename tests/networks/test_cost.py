"""Counts of the released models, to the last parameter."""

from __future__ import annotations

import pytest

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds, node_multiply_adds, parameters
from nasbench_mobile.networks.graph import IMAGE, Conv, Dense, Network, NetworkBuilder


def one_layer(operation: Conv | Dense, channels: int, size: int) -> Network:
    builder = NetworkBuilder((channels, size, size))
    builder.add("layer", operation, IMAGE)
    return builder.build()


def test_single_layers_by_hand() -> None:
    conv = one_layer(Conv(8, (1, 7), groups=2, stride=2, bias=True), channels=4, size=6)
    assert parameters(conv) == 8 * (7 * 2) + 8
    assert multiply_adds(conv) == 8 * (7 * 2) * 3 * 3
    dense = one_layer(Dense(10), channels=4, size=2)
    assert (parameters(dense), multiply_adds(dense)) == (170, 160)


@pytest.mark.parametrize(
    ("name", "multiplier", "expected"),
    [
        ("mnasnet-a1", 1.0, 3_887_038),
        ("mnasnet-a1", 0.35, 1_747_018),
        ("mnasnet-a1", 0.5, 2_082_006),
        ("mnasnet-a1", 0.75, 2_912_278),
        ("mnasnet-a1", 1.4, 6_105_992),
        ("mnasnet-b1", 1.0, 4_383_312),
        ("mnasnet-b1", 0.5, 2_218_512),
        ("mnasnet-b1", 0.75, 3_170_208),
        ("mnasnet-b1", 1.3, 6_282_256),
        ("mnasnet-b1", 1.4, 7_115_728),
        ("mnasnet-small", 1.0, 2_030_264),
        ("mobilenet-v1", 1.0, 4_231_976),
        ("mobilenet-v2", 1.0, 3_504_872),
        ("mobilenet-v2", 1.4, 6_108_776),
        ("mobilenet-v2", 0.35, 1_677_128),
    ],
)
def test_parameters(name: str, multiplier: float, expected: int) -> None:
    assert parameters(zoo.network(name, multiplier)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mnasnet-a1", 311_579_072),
        ("mnasnet-b1", 314_415_872),
        ("mnasnet-small", 68_339_184),
        ("mobilenet-v1", 568_740_352),
        ("mobilenet-v2", 300_774_272),
    ],
)
def test_multiply_adds(name: str, expected: int) -> None:
    assert multiply_adds(zoo.network(name)) == expected


@pytest.mark.parametrize(
    ("name", "multiplier", "size", "millions"),
    [
        ("mnasnet-a1", 0.35, 224, 61.68),
        ("mnasnet-a1", 0.5, 224, 103.16),
        ("mnasnet-a1", 0.75, 224, 223.45),
        ("mnasnet-a1", 1.4, 224, 586.32),
        ("mnasnet-a1", 1.4, 192, 431.24),
        ("mnasnet-a1", 1.0, 160, 159.72),
        ("mnasnet-a1", 0.75, 128, 73.93),
        ("mnasnet-a1", 0.35, 96, 12.40),
        ("mobilenet-v2", 1.4, 224, 582.20),
        ("mobilenet-v2", 0.35, 224, 59.29),
    ],
)
def test_multiply_adds_scaled(name: str, multiplier: float, size: int, millions: float) -> None:
    network = zoo.network(name, multiplier, size)
    assert round(multiply_adds(network) / 1e6, 2) == millions


def test_what_a1_spends_on_batch_norm_and_squeeze_excitation() -> None:
    network = zoo.network("mnasnet-a1")
    assert parameters(network, batch_norm=False) == 3_853_550
    assert sum(node_multiply_adds(node) for node in network if "/se/" in node.name) == 253_728


def test_classes_change_the_classifier_only() -> None:
    thousand, ten = zoo.network("mnasnet-a1"), zoo.network("mnasnet-a1", classes=10)
    assert thousand.nodes[:-1] == ten.nodes[:-1]
    assert parameters(thousand) - parameters(ten) == 990 * 1281
