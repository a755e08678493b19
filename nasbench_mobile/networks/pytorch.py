"""A network as a PyTorch module."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_mobile.errors import InvalidNetworkError, UsageError
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
from nasbench_mobile.networks.state_files import fitting, read_state
from nasbench_mobile.networks.weights import BATCH_NORM_EPSILON, Weights, check_names
from nasbench_mobile.networks.windows import pads, pixels_in_windows

BATCH_NORM_MOMENTUM = 0.99
"""How much of batch norm's moving statistics stays, in TensorFlow's sense (tensorflow/tpu)."""


class NetworkModule(nn.Module):
    """Runs a network's nodes in their order.

    Takes images [batch, channels, height, width]; gives [batch, units] where the network ends in
    1 x 1, else [batch, channels, height, width]. Every node with weights is a child under its own
    name, so a state_dict's keys are `stem/conv.weight`, `stem/bn.running_mean`, and so on.
    """

    def __init__(self, network: Network, batch_norm_momentum: float, epsilon: float) -> None:
        super().__init__()
        check_names(network)
        self.network = network
        self.batch_norm_epsilon = epsilon
        last_use = {position: index for index, n in enumerate(network) for position in n.inputs}
        self._steps: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
        for index, node in enumerate(network):
            self.add_module(node.name, _layer(node, batch_norm_momentum, epsilon))
            done = tuple(p for p in sorted(set(node.inputs)) if last_use[p] == index)
            self._steps.append((node.name, node.inputs, done))

    def forward(self, image: Tensor) -> Tensor:
        values = {IMAGE: image}
        for index, (name, inputs, done) in enumerate(self._steps):
            values[index] = self._modules[name](*[values[p] for p in inputs])  # type: ignore[misc]
            for position in done:  # what is read no more is let go of
                del values[position]
        result = values[len(self._steps) - 1]
        return result.flatten(1) if self.network.output_shape[1:] == (1, 1) else result


def to_module(
    network: Network,
    *,
    batch_norm_momentum: float = BATCH_NORM_MOMENTUM,
    batch_norm_epsilon: float = BATCH_NORM_EPSILON,
    seed: int = 0,
    generator: torch.Generator | None = None,
    channels_last: bool = True,
) -> NetworkModule:
    """The network with freshly initialised weights, in training mode.

    `batch_norm_momentum` is TensorFlow's (PyTorch's is 1 minus it). Weights come from `generator`,
    or from a new one of `seed`; PyTorch's global generator is left alone. `channels_last` stores
    convolutions' weights so, which is faster on CPU and GPU alike.

    >>> from nasbench_mobile.networks import zoo
    >>> module = to_module(zoo.network("mnasnet-a1")).eval()
    >>> module(torch.zeros(1, 3, 224, 224)).shape
    torch.Size([1, 1000])
    """
    if not (0 <= batch_norm_momentum <= 1 and batch_norm_epsilon > 0):
        raise UsageError(
            f"batch norm has momentum {batch_norm_momentum} and epsilon {batch_norm_epsilon}; the "
            "momentum must be in [0, 1] (TensorFlow's sense, usually 0.99), epsilon above 0"
        )
    module = NetworkModule(network, batch_norm_momentum, batch_norm_epsilon)
    initialise(module, generator or torch.Generator().manual_seed(seed))
    if channels_last:
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


IMAGENET_CLASSES = 1000
"""The least number of units that bounds a dense layer's first weights.

Our choice: the paper trains 1,000 classes, and the same formula starts 10 classes with logits so
large that short trainings spend their first epochs on unlearning them (MnasNet-A1 x 0.35 after 3
epochs on 6,000 images of CIFAR-10: accuracy 0.24, with this bound 0.31).
"""


@torch.no_grad()
def initialise(module: NetworkModule, generator: torch.Generator) -> None:
    """Draw new weights as tensorflow/tpu, models/official/mnasnet/mnasnet_model.py does.

    Convolutions N(0, sqrt(2 / fan_out)) with fan_out = kernel height x width x filters / groups
    (that code's depthwise kernels count one filter per channel, so its fan_out there is the window
    alone; for other groups no source was found: our choice, the same rule). Dense layers uniform in
    +-1 / sqrt(units); for fewer than ImageNet's 1,000 units as for 1,000. Biases 0, batch norm the
    identity.
    """
    for layer in module.children():
        if isinstance(layer, nn.Conv2d):
            fan_out = math.prod(layer.kernel_size) * layer.out_channels // layer.groups
            layer.weight.normal_(0.0, math.sqrt(2 / fan_out), generator=generator)
        elif isinstance(layer, nn.Linear):
            bound = 1 / math.sqrt(max(layer.out_features, IMAGENET_CLASSES))
            layer.weight.uniform_(-bound, bound, generator=generator)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            layer.bias.zero_()


def module_weights(module: NetworkModule) -> Weights:
    """The module's weights and moving statistics as arrays of its precision."""
    arrays = {
        name: value.detach().cpu().contiguous().numpy()
        for name, value in module.state_dict().items()
        if not name.endswith(".num_batches_tracked")
    }
    return Weights(arrays, module.batch_norm_epsilon)


def load_weights(module: NetworkModule, path: Path, sha256: str | None = None) -> None:
    """Fill a module from a state_dict that `torch.save` wrote; nothing in the file is executed.

    Arrays may be of any floating type. `UsageError` where the file is no such thing, is damaged,
    belongs to another network, or holds what no network answers with: NaN, infinities, negative
    variances. `LogError` where the file is not the one of this SHA-256, in hexadecimal.
    """
    state = fitting(read_state(path, sha256), module.state_dict(), path)
    module.load_state_dict(state, strict=False)  # batch norms' counters, of training, may lack
    _check_answer(module, path)


@torch.no_grad()
def _check_answer(module: NetworkModule, path: Path) -> None:
    """`UsageError` where an image of noise, of values that images have, gets no finite answer."""
    training = module.training
    noise = torch.Generator().manual_seed(0)
    answer = module.eval()(torch.randn(1, *module.network.input_shape, generator=noise))
    module.train(training)
    if not bool(torch.isfinite(answer).all()):
        raise UsageError(
            f"the weights in {path} cannot be used: the network answers {float(answer.sum())} "
            "with them; the training diverged, or the file is damaged: train again"
        )


def _layer(node: Node, momentum: float, epsilon: float) -> nn.Module:
    match node.operation:
        case Conv() as conv:
            return _Conv(node, conv)
        case BatchNorm():
            return nn.BatchNorm2d(node.shape[0], eps=epsilon, momentum=1 - momentum)
        case Activation(kind):
            kinds = {"relu": nn.ReLU, "relu6": nn.ReLU6, "sigmoid": nn.Sigmoid}
            return kinds[kind]()
        case Pool() as pool:
            return _MaxPool(node, pool) if pool.kind == "max" else _AveragePool(node, pool)
        case GlobalPool():
            return nn.AdaptiveAvgPool2d(1)
        case Dense() as dense:
            return _Dense(math.prod(node.input_shapes[0]), dense)
        case Add():
            return _Add()
        case Multiply():
            return _Multiply()
        case Concat():
            return _Concat()
        case ChannelSelect(indices):
            return _ChannelSelect(indices)
        case Dropout(rate):
            return nn.Dropout(rate)
        case other:
            raise InvalidNetworkError(
                f"layer {node.name!r} is a {type(other).__name__}, which the PyTorch back end lacks"
            )


def _split_pads(sides: tuple[Pair, Pair], most: Pair) -> tuple[Pair, list[int] | None]:
    """(padding a layer can do itself, padding to do before it or None).

    A layer pads alike on both sides, by `most` at the utmost; that costs nothing, while padding
    before it copies the whole input.
    """
    (top, bottom), (left, right) = sides
    if top == bottom and left == right and 0 <= top <= most[0] and 0 <= left <= most[1]:
        return (top, left), None
    return (0, 0), [left, right, top, bottom]


def padded(x: Tensor, sides: list[int], value: float = 0.0) -> Tensor:
    """The images with [left, right, top, bottom] pixels of `value` more, or fewer where negative.

    What is cropped is sliced, as some readers of ONNX refuse negative padding.
    """
    if min(sides) < 0:
        left, right, top, bottom = (max(-side, 0) for side in sides)
        x = x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]
        sides = [max(side, 0) for side in sides]
    return functional.pad(x, sides, value=value) if any(sides) else x


class _Conv(nn.Conv2d):
    def __init__(self, node: Node, conv: Conv) -> None:
        anything = (1 << 30, 1 << 30)
        own, self._before = _split_pads(pads(node), anything)
        super().__init__(
            node.input_shapes[0][0], conv.filters, conv.kernel, conv.stride, own,
            conv.dilation, conv.groups, conv.bias,
        )  # fmt: skip

    def reset_parameters(self) -> None:
        """Nothing: `initialise` draws the weights, and the global generator stays as it is."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if self._before is None else padded(x, self._before))


class _MaxPool(nn.Module):
    def __init__(self, node: Node, pool: Pool) -> None:
        super().__init__()
        self._kernel, self._stride = pool.kernel, pool.stride
        pixels_in_windows(node, pool)  # refuses windows of padding alone
        half = (pool.kernel[0] // 2, pool.kernel[1] // 2)  # the most that PyTorch's pools take
        self._own, self._before = _split_pads(pads(node), half)

    def forward(self, x: Tensor) -> Tensor:
        if self._before is not None:
            x = padded(x, self._before, float("-inf"))
        return functional.max_pool2d(x, self._kernel, self._stride, self._own)


class _AveragePool(nn.Module):
    """Average of the pixels in a window that are no padding."""

    share: Tensor

    def __init__(self, node: Node, pool: Pool) -> None:
        super().__init__()
        self._kernel, self._stride = pool.kernel, pool.stride
        inside = pixels_in_windows(node, pool)
        half = (pool.kernel[0] // 2, pool.kernel[1] // 2)
        self._own, self._before = _split_pads(pads(node), half)
        if self._before is not None:
            # Averages over padded windows, scaled up by window / pixels: a map of the output.
            share = math.prod(pool.kernel) / inside
            self.register_buffer("share", torch.from_numpy(share).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self._before is None:
            return functional.avg_pool2d(
                x, self._kernel, self._stride, self._own, count_include_pad=False
            )
        x = padded(x, self._before)
        return functional.avg_pool2d(x, self._kernel, self._stride) * self.share


class _Dense(nn.Linear):
    def __init__(self, features: int, dense: Dense) -> None:
        super().__init__(features, dense.units, dense.bias)

    def reset_parameters(self) -> None:
        """Nothing: see `_Conv.reset_parameters`."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(1))[:, :, None, None]


class _Add(nn.Module):
    def forward(self, *inputs: Tensor) -> Tensor:
        total = inputs[0]
        for value in inputs[1:]:
            total = total + value
        return total


class _Multiply(nn.Module):
    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        return x * gate


class _Concat(nn.Module):
    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, dim=1)


class _ChannelSelect(nn.Module):
    indices: Tensor

    def __init__(self, indices: tuple[int, ...]) -> None:
        super().__init__()
        first, count = indices[0], len(indices)
        self._range = (first, count) if indices == tuple(range(first, first + count)) else None
        self.register_buffer("indices", torch.tensor(indices), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self._range is not None:
            return x.narrow(1, *self._range)
        return x.index_select(1, self.indices)
