"""Graphs read back to chains, and nothing else does."""

from __future__ import annotations

import dataclasses

import pytest

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import build, expand_block
from nasbench_mobile.networks.graph import IMAGE, Activation, Conv, Network, NetworkBuilder
from nasbench_mobile.networks.reading import read_chain


@pytest.mark.parametrize("name", zoo.CHAINS)
def test_reference_models_read_back(name: str) -> None:
    spec = zoo.model(name).scaled(0.5)
    chain = read_chain(build(spec, 64, 10))
    filters = spec.stem
    for block, layers in zip(spec.blocks, chain.blocks, strict=True):
        assert expand_block(block, filters) == layers
        filters = block.filters
    assert dataclasses.replace(chain.frame, blocks=spec.blocks) == spec


def changed(position: int, **values: object) -> Network:
    network = zoo.network("mnasnet-a1", input_size=64)
    nodes = list(network.nodes)
    nodes[position] = dataclasses.replace(nodes[position], **values)  # type: ignore[arg-type]
    return Network(network.input_shape, tuple(nodes))


@pytest.mark.parametrize(
    "network",
    [
        changed(0, name="root/conv"),
        changed(2, operation=Activation("sigmoid")),
        changed(3, operation=Conv(32, (3, 5), groups=32)),
        changed(3, operation=Activation()),
        changed(6, operation=Conv(16, bias=True)),
        changed(-1, operation=Conv(1000)),
    ],
)
def test_a_changed_layer_is_not_overlooked(network: Network) -> None:
    with pytest.raises(InvalidNetworkError, match="no chain of mobile blocks"):
        read_chain(network)


def test_a_foreign_graph_is_refused() -> None:
    builder = NetworkBuilder((3, 64, 64))
    builder.add("conv", Conv(8), IMAGE)
    with pytest.raises(InvalidNetworkError, match="no chain of mobile blocks"):
        read_chain(builder.build())
