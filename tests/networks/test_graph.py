"""The layer graph: shapes, padding, and what does not fit."""

from __future__ import annotations

import pytest

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    Add,
    ChannelSelect,
    Concat,
    Conv,
    Dense,
    GlobalPool,
    Multiply,
    NetworkBuilder,
    Operation,
    Pool,
    Shape,
    infer_shape,
    padding_pair,
)


@pytest.mark.parametrize(
    ("operation", "shapes", "expected"),
    [
        (Conv(32, (3, 3), stride=2), [(3, 224, 224)], (32, 112, 112)),
        (Conv(32, (3, 3), stride=2), [(3, 225, 225)], (32, 113, 113)),
        (Conv(32, (3, 3), stride=2, padding="valid"), [(3, 224, 224)], (32, 111, 111)),
        (Conv(8, (1, 7)), [(8, 14, 14)], (8, 14, 14)),
        (Conv(8, (3, 3), dilation=2, padding="valid"), [(8, 14, 14)], (8, 10, 10)),
        (Conv(8, padding=((-1, 0), (0, -1)), stride=2), [(8, 15, 15)], (8, 7, 7)),
        (Pool("average", (3, 3)), [(8, 7, 7)], (8, 7, 7)),
        (Pool("max", (3, 3), stride=2), [(8, 7, 7)], (8, 4, 4)),
        (GlobalPool(), [(8, 7, 7)], (8, 1, 1)),
        (Dense(10), [(8, 7, 7)], (10, 1, 1)),
        (Add(), [(8, 7, 7), (8, 7, 7)], (8, 7, 7)),
        (Multiply(), [(8, 7, 7), (8, 1, 1)], (8, 7, 7)),
        (Concat(), [(8, 7, 7), (4, 7, 7)], (12, 7, 7)),
        (ChannelSelect((3, 1)), [(8, 7, 7)], (2, 7, 7)),
    ],
)
def test_shape(operation: Operation, shapes: list[Shape], expected: Shape) -> None:
    assert infer_shape("layer", operation, shapes) == expected


@pytest.mark.parametrize(
    ("operation", "shapes", "message"),
    [
        (Conv(8, groups=3), [(8, 7, 7)], "groups"),
        (Conv(0), [(8, 7, 7)], "0 filters"),
        (Conv(8, (3, 3), padding="valid"), [(8, 2, 2)], "larger input size"),
        (Add(), [(8, 7, 7), (4, 7, 7)], "unlike shapes"),
        (Add(), [(8, 7, 7)], "got 1 inputs"),
        (Activation(), [(8, 7, 7), (8, 7, 7)], "got 2 inputs"),
        (Multiply(), [(8, 7, 7), (4, 1, 1)], "multiplies"),
        (Concat(), [(8, 7, 7), (8, 6, 7)], "unlike sizes"),
        (ChannelSelect((8,)), [(8, 7, 7)], "outside 0..7"),
    ],
)
def test_what_does_not_fit_names_the_layer(
    operation: Operation, shapes: list[Shape], message: str
) -> None:
    with pytest.raises(InvalidNetworkError, match=f"'odd/layer'.*{message}"):
        infer_shape("odd/layer", operation, shapes)


def test_same_padding_puts_the_odd_pixel_after() -> None:
    assert padding_pair("same", 0, 224, 3, 2) == (0, 1)
    assert padding_pair("same", 0, 225, 3, 2) == (1, 1)
    assert padding_pair("same", 0, 7, 1, 2) == (0, 0)
    assert padding_pair(((1, 2), (3, 4)), 1, 7, 3, 1) == (3, 4)


def test_builder_refuses_forward_references_and_nothing() -> None:
    builder = NetworkBuilder((3, 32, 32))
    with pytest.raises(InvalidNetworkError, match="at least one layer"):
        builder.build()
    with pytest.raises(InvalidNetworkError, match="reads node 0, but there are 0"):
        builder.add("stem/conv", Conv(8), 0)
    with pytest.raises(InvalidNetworkError, match="input shape"):
        NetworkBuilder((0, 32, 32))


def test_network_keeps_execution_order() -> None:
    builder = NetworkBuilder((3, 32, 32))
    x = builder.add("a", Conv(8), IMAGE)
    builder.add("b", Add(), x, x)
    network = builder.build()
    assert [node.name for node in network] == ["a", "b"]
    assert network.nodes[1].inputs == (0, 0)
    assert network.output_shape == (8, 32, 32)
