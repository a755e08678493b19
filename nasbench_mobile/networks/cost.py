"""Parameters and multiply-adds of a network, from its graph.

The convention is that of the paper's tables (Tan et al. 2019, Table 1), found by counting the
released models: multiply-adds are those of convolutions and dense layers, squeeze-and-excitation's
included; batch norm, bias, activation and pooling count nothing. Parameters are what is trained: a
batch norm's scale and offset count, its moving statistics do not.
"""

from __future__ import annotations

from nasbench_mobile.networks.graph import BatchNorm, Conv, Dense, Network, Node


def node_parameters(node: Node, *, batch_norm: bool = True) -> int:
    """Trained numbers of one layer; `batch_norm=False` leaves batch norms out."""
    operation, channels = node.operation, node.input_shapes[0][0]
    match operation:
        case Conv():
            taps = operation.kernel[0] * operation.kernel[1] * channels // operation.groups
            return operation.filters * (taps + operation.bias)
        case Dense():
            return operation.units * (_elements(node) + operation.bias)
        case BatchNorm():
            return 2 * channels if batch_norm else 0
        case _:
            return 0


def node_multiply_adds(node: Node) -> int:
    """Multiply-adds of one layer for one image."""
    operation = node.operation
    match operation:
        case Conv():
            taps = operation.kernel[0] * operation.kernel[1] * node.input_shapes[0][0]
            return taps // operation.groups * node.shape[0] * node.shape[1] * node.shape[2]
        case Dense():
            return _elements(node) * operation.units
        case _:
            return 0


def parameters(network: Network, *, batch_norm: bool = True) -> int:
    """Trained numbers of the whole network."""
    return sum(node_parameters(node, batch_norm=batch_norm) for node in network)


def multiply_adds(network: Network) -> int:
    """Multiply-adds of the whole network for one image."""
    return sum(node_multiply_adds(node) for node in network)


def _elements(node: Node) -> int:
    channels, height, width = node.input_shapes[0]
    return channels * height * width


def counts(network: Network) -> dict[str, int]:
    """Parameters and multiply-adds to the paper's convention."""
    return {"parameters": parameters(network), "multiply_adds": multiply_adds(network)}
