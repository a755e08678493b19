"""Weights of a network as numpy arrays: what a back end that does not train is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.graph import BatchNorm, Conv, Dense, Network, Node

Array: TypeAlias = NDArray[Any]

BATCH_NORM_EPSILON = 1e-3
"""What batch norm adds to the variance (tensorflow/tpu, models/official/mnasnet)."""

_IDENTITY = {"weight": 1.0, "running_var": 1.0 - BATCH_NORM_EPSILON}
"""What makes a batch norm do exactly nothing, with 0 for its other parts."""

_BATCH_NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Weights:
    """Arrays by `node name.part`, named and shaped as PyTorch does, and batch norm's epsilon.

    Parts: conv `weight` [filters, channels / groups, height, width] and `bias`; dense `weight`
    [units, channels * height * width] and `bias`; batch norm `weight`, `bias`, `running_mean`,
    `running_var`, each [channels].
    """

    arrays: Mapping[str, Array]
    batch_norm_epsilon: float = BATCH_NORM_EPSILON

    def of(self, node: Node, part: str) -> Array:
        """One array of a node; `UsageError` where it is missing or of another shape."""
        name, wanted = f"{node.name}.{part}", part_shapes(node)[part]
        if name not in self.arrays:
            raise UsageError(
                f"the weights have no {name!r}; they belong to another network, or to other names"
            )
        array = self.arrays[name]
        if array.shape != wanted:
            raise UsageError(
                f"weights {name!r} have shape {array.shape}, but this network needs {wanted}; "
                "were they trained at another width multiplier or number of classes?"
            )
        return array


def part_shapes(node: Node) -> dict[str, tuple[int, ...]]:
    """Shape of every array a node needs, moving statistics included; empty where it needs none."""
    operation, channels = node.operation, node.input_shapes[0][0]
    shapes: dict[str, tuple[int, ...]] = {}
    match operation:
        case Conv():
            shapes["weight"] = (operation.filters, channels // operation.groups, *operation.kernel)
        case Dense():
            shapes["weight"] = (operation.units, math.prod(node.input_shapes[0]))
        case BatchNorm():
            return dict.fromkeys(_BATCH_NORM_PARTS, (channels,))
    if isinstance(operation, Conv | Dense) and operation.bias:
        shapes["bias"] = (node.shape[0],)
    return shapes


def check_names(network: Network) -> None:
    """`InvalidNetworkError` unless every node has a name of its own that weights can be kept by."""
    seen: set[str] = set()
    for node in network:
        if not node.name or "." in node.name or node.name in seen:
            raise InvalidNetworkError(
                f"layer name {node.name!r} is empty, used twice or has a dot; weights are kept by "
                "name, so each layer needs its own"
            )
        seen.add(node.name)


def synthetic_weights(network: Network, seed: int = 0) -> Weights:
    """Made-up weights, for latency alone: cheap, finite through any depth, equal for equal seeds.

    Bytes scaled to a variance of 2 / fan-in, which keeps activations of ReLU networks in range
    (He et al. 2015, eq. 10); batch norms do nothing. That the values are no Gaussians is our
    choice: drawing those costs more than the rest of writing a .tflite file.
    """
    rng = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for node in network:
        for part, shape in part_shapes(node).items():
            if part == "weight" and len(shape) > 1:
                array = _scaled_bytes(rng, shape)
            else:
                array = np.full(shape, _IDENTITY.get(part, 0.0))
            arrays[f"{node.name}.{part}"] = array
    return Weights(arrays)


def _scaled_bytes(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    drawn = np.frombuffer(rng.bytes(math.prod(shape)), np.int8).reshape(shape)
    deviation = math.sqrt((256**2 - 1) / 12)  # of a uniform byte
    scale = math.sqrt(2 / math.prod(shape[1:])) / deviation
    return np.multiply(drawn, np.float32(scale), dtype=np.float32)
