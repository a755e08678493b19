"""The network description: a small typed graph of primitive layers with shapes.

Every back end (cost, latency models, PyTorch, TFLite) reads this and only this. Shapes are
`(channels, height, width)` without the batch; a dense layer's output is `(units, 1, 1)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nasbench_mobile.errors import InvalidNetworkError

Shape: TypeAlias = tuple[int, int, int]
Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = Literal["same", "valid"] | tuple[Pair, Pair]
"""TensorFlow's SAME or VALID, or explicit ((top, bottom), (left, right)); negative crops."""


@dataclass(frozen=True, slots=True)
class Conv:
    """Convolution; depthwise where `groups` equals the input channels.

    `stride` is one number, or (vertical, horizontal) where they differ.
    """

    filters: int
    kernel: Pair = (1, 1)
    stride: int | Pair = 1
    dilation: int = 1
    groups: int = 1
    padding: Padding = "same"
    bias: bool = False

    @property
    def strides(self) -> Pair:
        """(vertical, horizontal)."""
        return (self.stride, self.stride) if isinstance(self.stride, int) else self.stride


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Batch normalisation with scale and offset."""


@dataclass(frozen=True, slots=True)
class Activation:
    """Pointwise non-linearity."""

    kind: Literal["relu", "relu6", "sigmoid"] = "relu"


@dataclass(frozen=True, slots=True)
class Pool:
    """Pooling over a window; average pooling leaves the padding out of the count (TensorFlow)."""

    kind: Literal["average", "max"]
    kernel: Pair
    stride: int = 1
    padding: Padding = "same"

    @property
    def strides(self) -> Pair:
        """(vertical, horizontal)."""
        return self.stride, self.stride


@dataclass(frozen=True, slots=True)
class GlobalPool:
    """The mean over height and width, kept as 1 x 1."""


@dataclass(frozen=True, slots=True)
class Dense:
    """Fully-connected layer over the flattened input."""

    units: int
    bias: bool = True


@dataclass(frozen=True, slots=True)
class Add:
    """Sum of inputs of one shape."""


@dataclass(frozen=True, slots=True)
class Multiply:
    """Product of an input with a second one of the same channels, broadcast over 1 x 1."""


@dataclass(frozen=True, slots=True)
class Concat:
    """Inputs joined along channels."""


@dataclass(frozen=True, slots=True)
class ChannelSelect:
    """The input's channels at `indices`, in that order (splits and shuffles)."""

    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dropout:
    """Dropout at training; nothing at inference."""

    rate: float


Operation: TypeAlias = (
    Conv | BatchNorm | Activation | Pool | GlobalPool | Dense | Add | Multiply | Concat
    | ChannelSelect | Dropout
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """One layer: where it stands (`segment/part/...`), what it does, what it reads and gives.

    `inputs` are positions of earlier nodes in the network; -1 is the image.
    """

    name: str
    operation: Operation
    inputs: tuple[int, ...]
    input_shapes: tuple[Shape, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Network:
    """A frozen graph in execution order; the last node is the output."""

    input_shape: Shape
    nodes: tuple[Node, ...]

    @property
    def output_shape(self) -> Shape:
        return self.nodes[-1].shape

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)


IMAGE = -1
"""What a node that reads the image gives as its input."""


class NetworkBuilder:
    """Adds layers one by one, inferring shapes; `add` returns the new node's position.

    >>> builder = NetworkBuilder((3, 224, 224))
    >>> x = builder.add("stem/conv", Conv(32, (3, 3), stride=2), IMAGE)
    >>> builder.shape(x)
    (32, 112, 112)
    """

    def __init__(self, input_shape: Shape) -> None:
        if min(input_shape) < 1:
            raise InvalidNetworkError(f"input shape is {input_shape}; all of it must be >= 1")
        self._input_shape = input_shape
        self._nodes: list[Node] = []

    def shape(self, position: int) -> Shape:
        """Shape of a node's output, or of the image for `IMAGE`."""
        return self._input_shape if position == IMAGE else self._nodes[position].shape

    def add(self, name: str, operation: Operation, *inputs: int) -> int:
        for position in inputs:
            if not IMAGE <= position < len(self._nodes):
                raise InvalidNetworkError(
                    f"layer {name!r} reads node {position}, but there are {len(self._nodes)}"
                )
        shapes = tuple(self.shape(position) for position in inputs)
        shape = infer_shape(name, operation, shapes)
        self._nodes.append(Node(name, operation, inputs, shapes, shape))
        return len(self._nodes) - 1

    def build(self) -> Network:
        if not self._nodes:
            raise InvalidNetworkError("a network needs at least one layer; none was added")
        return Network(self._input_shape, tuple(self._nodes))


def padding_pair(padding: Padding, axis: int, size: int, window: int, stride: int) -> Pair:
    """(before, after) padding of one axis; `window` is the dilated kernel's extent.

    SAME is TensorFlow's: ceil(size / stride) outputs, the odd pixel of padding goes after.
    """
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        return total // 2, total - total // 2
    return padding[axis]


def _window_shape(
    name: str, shape: Shape, kernel: Pair, strides: Pair, dilation: int, padding: Padding
) -> Pair:
    sizes = []
    for axis in (0, 1):
        size, window, stride = shape[axis + 1], (kernel[axis] - 1) * dilation + 1, strides[axis]
        padded = size + sum(padding_pair(padding, axis, size, window, stride))
        if padded < window:
            raise InvalidNetworkError(
                f"layer {name!r}: a window of {window} does not fit an input of {padded} "
                f"(shape {shape}); use a larger input size"
            )
        sizes.append((padded - window) // stride + 1)
    return sizes[0], sizes[1]


def infer_shape(name: str, operation: Operation, shapes: Sequence[Shape]) -> Shape:
    """Output shape of an operation; `InvalidNetworkError` names the layer that does not fit."""
    wanted = {Add: (2, None), Multiply: (2, 2), Concat: (1, None)}.get(type(operation), (1, 1))
    if len(shapes) < wanted[0] or (wanted[1] is not None and len(shapes) > wanted[1]):
        raise InvalidNetworkError(
            f"layer {name!r} ({type(operation).__name__}) got {len(shapes)} inputs"
        )
    first = shapes[0]
    match operation:
        case Conv():
            if (
                operation.groups < 1
                or first[0] % operation.groups
                or operation.filters % operation.groups
            ):
                raise InvalidNetworkError(
                    f"layer {name!r}: {first[0]} input channels and {operation.filters} filters "
                    f"do not divide into {operation.groups} groups"
                )
            if operation.filters < 1:
                raise InvalidNetworkError(f"layer {name!r} has {operation.filters} filters")
            height, width = _window_shape(
                name, first, operation.kernel, operation.strides, operation.dilation,
                operation.padding,
            )  # fmt: skip
            return operation.filters, height, width
        case Pool():
            height, width = _window_shape(
                name, first, operation.kernel, operation.strides, 1, operation.padding
            )
            return first[0], height, width
        case GlobalPool():
            return first[0], 1, 1
        case Dense():
            return operation.units, 1, 1
        case Add():
            if any(shape != first for shape in shapes):
                raise InvalidNetworkError(f"layer {name!r} adds unlike shapes {list(shapes)}")
            return first
        case Multiply():
            if shapes[1] not in (first, (first[0], 1, 1)):
                raise InvalidNetworkError(f"layer {name!r} multiplies {first} by {shapes[1]}")
            return first
        case Concat():
            if any(shape[1:] != first[1:] for shape in shapes):
                raise InvalidNetworkError(f"layer {name!r} joins unlike sizes {list(shapes)}")
            return sum(shape[0] for shape in shapes), first[1], first[2]
        case ChannelSelect():
            if (
                not operation.indices
                or not 0 <= min(operation.indices) <= max(operation.indices) < first[0]
            ):
                raise InvalidNetworkError(
                    f"layer {name!r} selects channels outside 0..{first[0] - 1}"
                )
            return len(operation.indices), first[1], first[2]
        case BatchNorm() | Activation() | Dropout():
            return first
