"""Where the windows of convolutions and pools lie: paddings in pixels, pixels in a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import Conv, Node, Padding, Pair, Pool, padding_pair


def pads(node: Node, padding: Padding | None = None) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) of a conv or pool, in pixels; negative ones crop.

    `padding` asks what another padding than the node's own would mean.
    """
    operation = node.operation
    if not isinstance(operation, Conv | Pool):
        raise InvalidNetworkError(
            f"layer {node.name!r} is a {type(operation).__name__}; only convs and pools have pads"
        )
    dilation = operation.dilation if isinstance(operation, Conv) else 1
    vertical, horizontal = (
        padding_pair(
            padding or operation.padding,
            axis,
            node.input_shapes[0][axis + 1],
            (operation.kernel[axis] - 1) * dilation + 1,
            operation.strides[axis],
        )
        for axis in (0, 1)
    )
    return vertical, horizontal


def pixels_in_windows(node: Node, pool: Pool) -> NDArray[np.int64]:
    """The pixels of the input in each window, [height, width]; the rest of a window is padding.

    `InvalidNetworkError` where a window is padding alone: it has no maximum and no average.
    """
    per_axis = []
    for axis, (before, _) in enumerate(pads(node)):
        size, kernel = node.input_shapes[0][axis + 1], pool.kernel[axis]
        starts = np.arange(node.shape[axis + 1]) * pool.stride - before
        per_axis.append(np.minimum(starts + kernel, size) - np.maximum(starts, 0))
    if min(axis.min() for axis in per_axis) < 1:
        raise InvalidNetworkError(
            f"layer {node.name!r}: its padding {pool.padding} leaves a window of {pool.kernel} "
            f"without any pixel of its {node.input_shapes[0]} input; pad less"
        )
    return np.outer(*per_axis)
