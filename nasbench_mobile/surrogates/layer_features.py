"""What a layer does, in the few counts that its latency on a phone is made of.

Every count (multiply-adds or elements) is read off one node of the layer graph, so a linear model
of them is a sum over layers, and therefore over segments of a search space.
"""

from __future__ import annotations

from nasbench_mobile.networks.cost import node_multiply_adds
from nasbench_mobile.networks.graph import (
    Add,
    ChannelSelect,
    Concat,
    Conv,
    Dense,
    GlobalPool,
    Multiply,
    Node,
    Pool,
    Shape,
)

RESOLUTIONS = ((80, "112"), (40, "56"), (20, "28"), (10, "14"), (2, "7"), (0, "1"))
"""(least output height, class) of pointwise convolutions. A class is called after the resolution a
network of 224 pixels has there; the limits lie between those (our choice), so that another input
size falls into the class of the nearest.
"""

KERNELS = ((6, "7"), (4, "5"), (0, "3"))
"""(least extent, class) of depthwise and pooling windows: up to 3, 4 and 5, above (our choice)."""

FEATURES: dict[str, str] = {
    **{
        f"pointwise_macs_{name}": f"multiply-adds of 1x1 convolutions at about {name} x {name}"
        for _, name in RESOLUTIONS
    },
    **{
        f"depthwise_macs_{name}": f"multiply-adds of depthwise convolutions and pools of {name}"
        for _, name in reversed(KERNELS)
    },
    "full_conv_macs": "multiply-adds of other convolutions",
    "full_conv_elements": "elements they write",
    "dense_macs": "multiply-adds of fully-connected layers",
    "depthwise_elements": "elements that depthwise convolutions and pools read",
    "add_elements": "elements that additions, concatenations and channel selections write",
    "gate_elements": "elements that global pools read and multiplications write",
    "gate_layers": "number of multiplications (one per squeeze-and-excitation)",
    "networks": "one per network",
}
"""Name and meaning of the counts. Our choice, guided by what kernels of a phone's CPU do: matrix
products (slower on small maps), window sums, and passes over memory."""


def node_counts(node: Node) -> list[tuple[str, int]]:
    """(feature, amount) of one layer; a feature may come twice, and then adds.

    Batch norms, activations and dropout count nothing: a runtime folds or fuses them. `networks`
    is the network's, not a layer's.
    """
    operation, source = node.operation, node.input_shapes[0]
    match operation:
        case Conv():
            return _conv_counts(operation, node_multiply_adds(node), source, node.shape)
        case Pool():
            macs = operation.kernel[0] * operation.kernel[1] * _elements(node.shape)
            return _window_counts(max(operation.kernel), macs, source)
        case Dense():
            return [("dense_macs", node_multiply_adds(node))]
        case Add() | Concat() | ChannelSelect():
            return [("add_elements", _elements(node.shape))]
        case GlobalPool():
            return [("gate_elements", _elements(source))]
        case Multiply():
            return [("gate_elements", _elements(node.shape)), ("gate_layers", 1)]
        case _:
            return []


def _conv_counts(conv: Conv, macs: int, source: Shape, shape: Shape) -> list[tuple[str, int]]:
    if conv.groups == source[0] and conv.groups > 1:
        return _window_counts(max(conv.kernel), macs, source)
    if conv.kernel == (1, 1):
        return [(f"pointwise_macs_{_class(RESOLUTIONS, shape[1])}", macs)]
    return [("full_conv_macs", macs), ("full_conv_elements", _elements(shape))]


def _window_counts(extent: int, macs: int, source: Shape) -> list[tuple[str, int]]:
    return [
        (f"depthwise_macs_{_class(KERNELS, extent)}", macs),
        ("depthwise_elements", _elements(source)),
    ]


def _class(classes: tuple[tuple[int, str], ...], size: int) -> str:
    return next(name for least, name in classes if size >= least)


def _elements(shape: Shape) -> int:
    return shape[0] * shape[1] * shape[2]
