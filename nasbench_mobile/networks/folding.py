"""What inference does at once: a layer with the batch norm and activation that follow it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from nasbench_mobile.networks.graph import Activation, Add, BatchNorm, Conv, Dense, Network, Node
from nasbench_mobile.networks.weights import Array, Weights


@dataclass(frozen=True, slots=True)
class Group:
    """A node, the batch norm folded into it, the ReLU fused with it, and whose value it gives."""

    node: Node
    batch_norm: Node | None
    activation: Node | None
    last: int


def group_layers(network: Network) -> list[Group]:
    """The network's nodes in execution order, what can be folded into the node before it folded.

    Nodes whose value nobody reads are left out; the last node is the output and is always read.
    """
    nodes, live = network.nodes, _live(network)
    uses = Counter(position for index in live for position in nodes[index].inputs)
    reader = {position: index for index in live for position in nodes[index].inputs}
    groups, absorbed = [], set[int]()
    for index in live:
        if index in absorbed:
            continue
        last, batch_norm, activation = index, None, None
        if isinstance(nodes[index].operation, Conv | Dense) and uses[last] == 1:
            follower = nodes[reader[last]]
            if isinstance(follower.operation, BatchNorm):
                last, batch_norm = reader[last], follower
        if isinstance(nodes[index].operation, Conv | Dense | Add | BatchNorm) and uses[last] == 1:
            follower = nodes[reader[last]]
            match follower.operation:
                case Activation(kind) if kind != "sigmoid":
                    last, activation = reader[last], follower
        absorbed.update(_chain(reader, index, last))
        groups.append(Group(nodes[index], batch_norm, activation, last))
    return groups


def _chain(reader: dict[int, int], index: int, last: int) -> list[int]:
    """The positions after `index` up to `last`, each the only reader of the one before."""
    chain = []
    while index != last:
        index = reader[index]
        chain.append(index)
    return chain


def _live(network: Network) -> list[int]:
    wanted = {len(network.nodes) - 1}
    for index in reversed(range(len(network.nodes))):
        if index in wanted:
            wanted.update(network.nodes[index].inputs)
    return [index for index in range(len(network.nodes)) if index in wanted]


def scale_and_offset(weights: Weights, batch_norm: Node) -> tuple[Array, Array]:
    """A batch norm at inference as y = scale * x + offset, each float64 [channels].

    scale = weight / sqrt(variance + epsilon), offset = bias - mean * scale.
    """
    weight, bias, mean, variance = (
        weights.of(batch_norm, part).astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = weight / np.sqrt(variance + weights.batch_norm_epsilon)
    return scale, bias - mean * scale


def fold(weights: Weights, group: Group) -> tuple[Array, Array]:
    """(kernel, bias) of a conv or dense layer, batch norm in it: float32, PyTorch's shape."""
    kernel = weights.of(group.node, "weight")
    operation = group.node.operation
    biased = isinstance(operation, Conv | Dense) and operation.bias
    bias = weights.of(group.node, "bias") if biased else np.zeros(kernel.shape[0])
    if group.batch_norm is not None:
        scale, offset = scale_and_offset(weights, group.batch_norm)
        bias = bias * scale + offset
        if (scale != 1.0).any():  # synthetic batch norms do nothing; not to copy all is cheaper
            kernel = kernel * scale.astype(kernel.dtype).reshape(-1, *[1] * (kernel.ndim - 1))
    return kernel.astype(np.float32, copy=False), bias.astype(np.float32)
