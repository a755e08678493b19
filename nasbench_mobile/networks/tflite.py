"""A network as a .tflite file, written straight from the graph.

Images are float32, (1, height, width, channels). Batch norms are folded into the layer before them
and activations fused where the format allows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.folding import Group, fold, group_layers, scale_and_offset
from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    Add,
    BatchNorm,
    ChannelSelect,
    Concat,
    Conv,
    Dense,
    Dropout,
    GlobalPool,
    Multiply,
    Network,
    Node,
    Pair,
    Pool,
)
from nasbench_mobile.networks.tflite_file import TfliteWriter, Value
from nasbench_mobile.networks.weights import Array, Weights, check_names, synthetic_weights
from nasbench_mobile.networks.windows import pads, pixels_in_windows

Op = schema.BuiltinOperator
_ACTIVATIONS = schema.ActivationFunctionType
_CONCAT_INPUTS = 4
"""Most inputs of one CONCATENATION: our choice, because XNNPACK takes no more at once."""


def to_tflite(
    network: Network,
    weights: Weights | None = None,
    *,
    seed: int = 0,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """The network as the bytes of a .tflite file.

    Without `weights` (`pytorch.module_weights` makes them) they are synthetic ones of `seed`, for
    measuring latency. The output is (1, units) where the network ends in 1 x 1. `metadata` are
    texts by name that the file holds beside the network.

    >>> from nasbench_mobile.networks import zoo
    >>> to_tflite(zoo.network("mnasnet-a1", 0.35, 96))[4:8]
    b'TFL3'
    """
    check_names(network)
    lowering = _Lowering(weights or synthetic_weights(network, seed))
    channels, height, width = network.input_shape
    image = lowering.writer.tensor("image", (1, height, width, channels))
    values = {IMAGE: image}
    for group in group_layers(network):
        values[group.last] = lowering.lower(group, [values[p] for p in group.node.inputs])
    result = values[len(network.nodes) - 1]
    if network.output_shape[1:] == (1, 1):
        result = lowering.reshape("output", result, (1, network.output_shape[0]))
    return lowering.writer.finish(image, result, "written by nasbench_mobile", metadata or {})


class _Lowering:
    """Writes one layer at a time."""

    def __init__(self, weights: Weights) -> None:
        self.writer = TfliteWriter()
        self._weights = weights

    def lower(self, group: Group, inputs: list[Value]) -> Value:
        """Write a group; gives the value of its last node."""
        node = group.node
        name, first = node.name, inputs[0]
        match node.operation:
            case Dense():
                return self._dense(group, first)
            case Dropout():
                return first
        inputs = [self.reshape(name, value, (1, 1, 1, value.shape[-1])) for value in inputs]
        first = inputs[0]
        match node.operation:
            case Conv() as conv:
                return self._conv(group, conv, first)
            case BatchNorm():
                return self._batch_norm(group, first)
            case Activation(kind):
                code = {"relu": Op.RELU, "relu6": Op.RELU6, "sigmoid": Op.LOGISTIC}[kind]
                return self._pointwise(name, code, first)
            case Pool() as pool:
                return self._pool(node, pool, first)
            case GlobalPool():
                return self._global_pool(name, first)
            case Add():
                return self._add(group, inputs)
            case Multiply():
                return self._binary(name, schema.MulOptionsT(), first, inputs[1].tensor)
            case Concat():
                return self._concat(name, inputs)
            case ChannelSelect(indices):
                return self._select(name, np.array(indices, np.int32), first)
            case other:
                raise InvalidNetworkError(
                    f"layer {name!r} is a {type(other).__name__}, which the TFLite back end lacks; "
                    "it writes " + ", ".join(sorted(_WRITTEN))
                )

    def reshape(self, name: str, value: Value, shape: tuple[int, ...]) -> Value:
        """The value in another shape of as many elements; itself where nothing would change.

        (1, units) becomes (1, 1, 1, units) and back; a value of pixels is left alone.
        """
        if value.shape == shape or math.prod(value.shape) != math.prod(shape):
            return value
        output = self.writer.tensor(f"{name}/reshape", shape)
        options = schema.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        wanted = self.writer.constant(f"{name}/reshape/shape", options.newShape)
        return self.writer.operator(Op.RESHAPE, (value.tensor, wanted), output, options)

    def _conv(self, group: Group, conv: Conv, x: Value) -> Value:
        kernel, bias = fold(self._weights, group)  # OIHW
        x, padding = self._pad(group.node, x, 0.0)
        depthwise = 1 < conv.groups == x.shape[3]
        options: Any
        if depthwise:
            kernel = kernel.reshape(1, conv.filters, *conv.kernel).transpose(0, 2, 3, 1)
            options = schema.DepthwiseConv2DOptionsT()
            options.depthMultiplier = conv.filters // conv.groups
        else:
            kernel = kernel.transpose(0, 2, 3, 1)
            options = schema.Conv2DOptionsT()
        options.padding = padding
        options.strideH, options.strideW = conv.strides
        options.dilationHFactor = options.dilationWFactor = conv.dilation
        options.fusedActivationFunction = _fused(group)
        # Versions as TensorFlow's converter gives them: what older runtimes refuse by.
        if depthwise:
            code, version = Op.DEPTHWISE_CONV_2D, 1 if conv.dilation == 1 else 2
        else:
            code, version = Op.CONV_2D, 1 if conv.groups == 1 else 6
        return self._weighted(group, code, x, kernel, bias, options, version)

    def _dense(self, group: Group, x: Value) -> Value:
        kernel, bias = fold(self._weights, group)
        channels, height, width = group.node.input_shapes[0]
        if height * width > 1:  # the graph flattens channels first, TFLite last
            kernel = kernel.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
        kernel = kernel.reshape(kernel.shape[0], -1)
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = _fused(group)
        return self._weighted(group, Op.FULLY_CONNECTED, x, kernel, bias, options, 1)

    def _weighted(
        self, group: Group, code: int, x: Value, kernel: Array, bias: Array, options: Any,
        version: int,
    ) -> Value:  # fmt: skip
        name = group.node.name
        weights = self.writer.constant(f"{name}/weight", kernel)
        biases = self.writer.constant(f"{name}/bias", bias)
        channels, height, width = group.node.shape
        dense = code == Op.FULLY_CONNECTED
        shape = (1, channels) if dense else (1, height, width, channels)
        output = self.writer.tensor(name, shape)
        return self.writer.operator(code, (x.tensor, weights, biases), output, options, version)

    def _batch_norm(self, group: Group, x: Value) -> Value:
        name = group.node.name
        scale, offset = (
            self.writer.constant(f"{name}/{part}", array.astype(np.float32).reshape(1, 1, 1, -1))
            for part, array in zip(
                ("scale", "offset"), scale_and_offset(self._weights, group.node), strict=True
            )
        )
        x = self._binary(f"{name}/scaled", schema.MulOptionsT(), x, scale)
        options = schema.AddOptionsT()
        options.fusedActivationFunction = _fused(group)
        return self._binary(name, options, x, offset)

    def _add(self, group: Group, inputs: list[Value]) -> Value:
        total = inputs[0]
        for number, value in enumerate(inputs[1:], 2):
            options = schema.AddOptionsT()
            last = number == len(inputs)
            options.fusedActivationFunction = _fused(group) if last else _ACTIVATIONS.NONE
            name = group.node.name if last else f"{group.node.name}/{number}"
            total = self._binary(name, options, total, value.tensor)
        return total

    def _binary(self, name: str, options: Any, x: Value, other: int) -> Value:
        code = Op.ADD if isinstance(options, schema.AddOptionsT) else Op.MUL
        output = self.writer.tensor(name, x.shape)
        return self.writer.operator(code, (x.tensor, other), output, options)

    def _pointwise(self, name: str, code: int, x: Value) -> Value:
        return self.writer.operator(code, (x.tensor,), self.writer.tensor(name, x.shape))

    def _global_pool(self, name: str, x: Value) -> Value:
        options = schema.ReducerOptionsT()
        options.keepDims = True
        axes = self.writer.constant("axes", np.array([1, 2], np.int32))
        output = self.writer.tensor(name, (1, 1, 1, x.shape[3]))
        return self.writer.operator(Op.MEAN, (x.tensor, axes), output, options)

    def _pool(self, node: Node, pool: Pool, x: Value) -> Value:
        average = pool.kind == "average"
        lowest = float(np.finfo(np.float32).min)
        inside = pixels_in_windows(node, pool)
        x, padding = self._pad(node, x, 0.0 if average else lowest)
        options = schema.Pool2DOptionsT()
        options.padding = padding
        options.strideH = options.strideW = pool.stride
        options.filterHeight, options.filterWidth = pool.kernel
        options.fusedActivationFunction = _ACTIVATIONS.NONE
        channels, height, width = node.shape
        output = self.writer.tensor(node.name, (1, height, width, channels))
        code = Op.AVERAGE_POOL_2D if average else Op.MAX_POOL_2D
        pooled = self.writer.operator(code, (x.tensor,), output, options)
        if not average or padding == schema.Padding.SAME or inside.min() == math.prod(pool.kernel):
            return pooled
        # Padding that was written out is counted as pixels: scale it out of the averages again.
        share = (math.prod(pool.kernel) / inside).astype(np.float32)
        factor = self.writer.constant(f"{node.name}/share", share[None, :, :, None])
        return self._binary(f"{node.name}/shared", schema.MulOptionsT(), pooled, factor)

    def _pad(self, node: Node, x: Value, fill: float) -> tuple[Value, int]:
        """(value to read, padding scheme): SAME or VALID where they say it, else crop and pad."""
        (top, bottom), (left, right) = wanted = pads(node)
        if not any((top, bottom, left, right)):
            return x, schema.Padding.VALID
        if wanted == pads(node, "same"):
            return x, schema.Padding.SAME
        begin = (0, max(-top, 0), max(-left, 0), 0)
        end = (0, max(-bottom, 0), max(-right, 0), 0)
        if any(begin + end):
            size = tuple(s - b - e for s, b, e in zip(x.shape, begin, end, strict=True))
            x = self._slice(f"{node.name}/crop", x, begin, size)
        grow = [(0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)), (0, 0)]
        if any(sum(pair) for pair in grow):
            x = self._grow(f"{node.name}/pad", x, grow, fill)
        return x, schema.Padding.VALID

    def _grow(self, name: str, x: Value, sides: list[Pair], fill: float) -> Value:
        shape = tuple(s + a + b for s, (a, b) in zip(x.shape, sides, strict=True))
        amounts = self.writer.constant(f"{name}/amounts", np.array(sides, np.int32))
        output = self.writer.tensor(name, shape)
        if not fill:
            return self.writer.operator(
                Op.PAD, (x.tensor, amounts), output, schema.PadOptionsT()
            )  # fmt: skip
        value = self.writer.constant(f"{name}/fill", np.array([fill], np.float32))
        return self.writer.operator(
            Op.PADV2, (x.tensor, amounts, value), output, schema.PadV2OptionsT()
        )

    def _slice(self, name: str, x: Value, begin: tuple[int, ...], size: tuple[int, ...]) -> Value:
        starts = self.writer.constant(f"{name}/begin", np.array(begin, np.int32))
        sizes = self.writer.constant(f"{name}/size", np.array(size, np.int32))
        output = self.writer.tensor(name, size)
        inputs = (x.tensor, starts, sizes)
        return self.writer.operator(Op.SLICE, inputs, output, schema.SliceOptionsT())

    def _concat(self, name: str, inputs: list[Value]) -> Value:
        parts = 0
        while len(inputs) > 1:
            parts += 1
            joined, inputs = inputs[:_CONCAT_INPUTS], inputs[_CONCAT_INPUTS:]
            options = schema.ConcatenationOptionsT()
            options.axis = 3
            shape = (*joined[0].shape[:3], sum(value.shape[3] for value in joined))
            output = self.writer.tensor(name if not inputs else f"{name}/{parts}", shape)
            tensors = [value.tensor for value in joined]
            inputs = [self.writer.operator(Op.CONCATENATION, tensors, output, options), *inputs]
        return inputs[0]

    def _select(self, name: str, indices: Array, x: Value) -> Value:
        """Neighbouring channels are a slice, a shuffle is a transpose; else they are gathered."""
        count, channels = len(indices), x.shape[3]
        if (np.diff(indices) == 1).all():
            return self._slice(name, x, (0, 0, 0, int(indices[0])), (*x.shape[:3], count))
        for groups in range(2, channels):
            if channels % groups == 0 and np.array_equal(indices, _shuffle(channels, groups)):
                return self._transpose_channels(name, x, groups)
        options = schema.GatherOptionsT()
        options.axis = 3
        chosen = self.writer.constant(f"{name}/indices", indices)
        output = self.writer.tensor(name, (*x.shape[:3], count))
        return self.writer.operator(Op.GATHER, (x.tensor, chosen), output, options)

    def _transpose_channels(self, name: str, x: Value, groups: int) -> Value:
        _, height, width, channels = x.shape
        grouped = (height, width, groups, channels // groups)
        split = self.reshape(f"{name}/split", x, grouped)
        order = self.writer.constant(f"{name}/order", np.array([0, 1, 3, 2], np.int32))
        output = self.writer.tensor(f"{name}/transposed", (height, width, *grouped[:1:-1]))
        inputs = (split.tensor, order)
        swapped = self.writer.operator(Op.TRANSPOSE, inputs, output, schema.TransposeOptionsT())
        return self.reshape(name, swapped, x.shape)


_WRITTEN = {
    kind.__name__
    for kind in (Activation, Add, BatchNorm, ChannelSelect, Concat, Conv, Dense, Dropout,
                 GlobalPool, Multiply, Pool)
}  # fmt: skip


def _shuffle(channels: int, groups: int) -> Array:
    """The indices of a channel shuffle (Zhang et al. 2018, ShuffleNet, section 3.1)."""
    return np.arange(channels).reshape(groups, -1).T.ravel()


def _fused(group: Group) -> int:
    match group.activation.operation if group.activation else None:
        case Activation("relu"):
            return int(_ACTIVATIONS.RELU)
        case Activation("relu6"):
            return int(_ACTIVATIONS.RELU6)
        case _:
            return int(_ACTIVATIONS.NONE)
