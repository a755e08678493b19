"""Another stride for a network's stem, so that small images keep some pixels."""

from __future__ import annotations

from dataclasses import replace

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import IMAGE, Conv, GlobalPool, Network, NetworkBuilder


def with_stem_stride(
    network: Network, stride: int | None, input_size: int | None = None
) -> Network:
    """The network with this stride in the convolutions that read the image, all else as it was.

    Without a stride it is the network itself.

    MnasNet's stem has stride 2 and its blocks divide by 16 more: 32 pixels end as one.
    `input_size` builds it for images of another side, below 32 pixels too, which a stride of 1 is
    for.
    """
    if stride is None:
        return network
    channels, *sides = network.input_shape
    if input_size is not None:
        sides = [input_size, input_size]
    if not 1 <= stride <= max(sides):
        raise InvalidNetworkError(
            f"stem stride is {stride}; it must be from 1 to {max(sides)}, the pixels of a side"
        )
    builder = NetworkBuilder((channels, sides[0], sides[1]))
    stems = 0
    for node in network:
        operation = node.operation
        if IMAGE in node.inputs and isinstance(operation, Conv):
            operation = replace(operation, stride=stride)
            stems += 1
        builder.add(node.name, operation, *node.inputs)
    if not stems:
        raise InvalidNetworkError("the network has no convolution that reads the image")
    return builder.build()


def final_side(network: Network) -> int | None:
    """Pixels a side of the feature map that the last global pooling averages; None without one."""
    pooled = [n for n in network if isinstance(n.operation, GlobalPool)]
    return max(pooled[-1].input_shapes[0][1:]) if pooled else None


def stem_stride(network: Network) -> int | None:
    """The stride of the convolutions that read the image; None where they have no common one."""
    strides = {
        node.operation.strides
        for node in network
        if IMAGE in node.inputs and isinstance(node.operation, Conv)
    }
    sides = {side for stride in strides for side in stride}
    return sides.pop() if len(sides) == 1 else None
