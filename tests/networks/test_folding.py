"""Folding: a layer with its batch norm is one layer, where nobody else reads what lies between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasbench_mobile.networks.folding import fold, group_layers, scale_and_offset
from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Network,
    NetworkBuilder,
    Operation,
    Pool,
)
from nasbench_mobile.networks.pytorch import NetworkModule, module_weights
from nasbench_mobile.networks.weights import Weights, part_shapes

Lived = Callable[..., NetworkModule]


def chain(*operations: Operation) -> Network:
    builder = NetworkBuilder((4, 5, 6))
    x = IMAGE
    for number, operation in enumerate(operations):
        x = builder.add(f"{type(operation).__name__.lower()}{number}", operation, x)
    return builder.build()


def drawn(network: Network, seed: int = 0) -> Weights:
    """Weights of which none is 0 or 1, biases and statistics included."""
    rng = np.random.default_rng(seed)
    arrays = {
        f"{node.name}.{part}": rng.uniform(0.5, 2.0, shape) * (1 if "var" in part else -1)
        for node in network
        for part, shape in part_shapes(node).items()
    }
    return Weights(arrays)


def groups_of(network: Network) -> list[tuple[str | None, ...]]:
    """(layer, batch norm, activation, last) by name."""
    return [
        (
            group.node.name,
            None if group.batch_norm is None else group.batch_norm.name,
            None if group.activation is None else group.activation.name,
            network.nodes[group.last].name,
        )
        for group in group_layers(network)
    ]


def test_scale_and_offset_by_hand() -> None:
    """3 (x - 2) / sqrt(0.249 + 0.001) + 5 = 6 x - 7, with 0.001 the epsilon."""
    network = chain(BatchNorm())
    [node] = network.nodes
    values = {"weight": 3.0, "bias": 5.0, "running_mean": 2.0, "running_var": 0.249}
    weights = Weights({f"{node.name}.{k}": np.full(4, v) for k, v in values.items()})
    scale, offset = scale_and_offset(weights, node)
    np.testing.assert_allclose(scale, 6.0)
    np.testing.assert_allclose(offset, -7.0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layer", ["conv", "grouped", "dense"])
def test_a_folded_layer_is_the_layer_and_its_batch_norm(layer: str, bias: bool) -> None:
    """Against PyTorch's own convolution and batch norm; a layer's bias is scaled too."""
    layers: dict[str, Conv | Dense] = {
        "conv": Conv(3, (3, 2), bias=bias), "grouped": Conv(8, (1, 3), groups=2, bias=bias),
        "dense": Dense(5, bias=bias),
    }  # fmt: skip
    operation = layers[layer]
    network = chain(operation, BatchNorm())
    weights = drawn(network)
    [group] = group_layers(network)
    kernel, added = fold(weights, group)
    assert kernel.dtype == added.dtype == np.float32
    node, norm = network.nodes
    parts = {
        part: torch.tensor(weights.of(norm, part))
        for part in ("running_mean", "running_var", "weight", "bias")
    }
    weight = torch.tensor(weights.of(node, "weight"))
    given = torch.tensor(weights.of(node, "bias")) if bias else None
    image = torch.rand(2, 4, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def through(w: torch.Tensor, b: torch.Tensor | None) -> torch.Tensor:
        if isinstance(operation, Dense):
            return functional.linear(image.flatten(1), w, b)
        return functional.conv2d(image, w, b, groups=operation.groups)

    wanted = functional.batch_norm(through(weight, given), **parts, eps=1e-3)  # type: ignore[arg-type]
    found = through(torch.tensor(kernel).double(), torch.tensor(added).double())
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_layer_without_batch_norm_keeps_its_weights() -> None:
    network = chain(Conv(3, bias=True), Conv(2))
    weights = drawn(network)
    first, second = group_layers(network)
    np.testing.assert_allclose(fold(weights, first)[1], weights.of(first.node, "bias"), rtol=1e-6)
    np.testing.assert_allclose(
        fold(weights, second)[0], weights.of(second.node, "weight"), rtol=1e-6
    )
    assert not fold(weights, second)[1].any()


def test_chains_fold_as_far_as_they_can() -> None:
    network = chain(
        Conv(4), BatchNorm(), Activation("relu6"), Conv(4), Activation(), BatchNorm(), Dense(3),
        BatchNorm(), Activation("sigmoid"), Pool("max", (1, 1)), BatchNorm(), Activation(),
    )  # fmt: skip
    assert groups_of(network) == [
        ("conv0", "batchnorm1", "activation2", "activation2"),
        ("conv3", None, "activation4", "activation4"),
        ("batchnorm5", None, None, "batchnorm5"),
        ("dense6", "batchnorm7", None, "batchnorm7"),
        ("activation8", None, None, "activation8"),
        ("pool9", None, None, "pool9"),
        ("batchnorm10", None, "activation11", "activation11"),
    ]


@pytest.mark.parametrize("shared", ["conv", "bn", "relu"])
def test_what_another_layer_reads_is_not_folded_away(shared: str) -> None:
    """The sum reads the shared value beside the chain: it has to exist by itself."""
    builder = NetworkBuilder((4, 5, 6))
    at = {"conv": builder.add("conv", Conv(4, bias=True), IMAGE)}
    at["bn"] = builder.add("bn", BatchNorm(), at["conv"])
    at["relu"] = builder.add("relu", Activation(), at["bn"])
    second = builder.add("second", Conv(4), at["relu"])
    builder.add("add", Add(), second, at[shared])
    wanted: dict[str, list[tuple[str | None, ...]]] = {
        "conv": [("conv", None, None, "conv"), ("bn", None, "relu", "relu")],
        "bn": [("conv", "bn", None, "bn"), ("relu", None, None, "relu")],
        "relu": [("conv", "bn", "relu", "relu")],
    }
    assert groups_of(builder.build()) == [
        *wanted[shared],
        ("second", None, None, "second"),
        ("add", None, None, "add"),
    ]


def test_a_value_read_twice_by_one_layer_is_not_folded_away() -> None:
    builder = NetworkBuilder((4, 5, 6))
    x = builder.add("conv", Conv(4), IMAGE)
    total = builder.add("add", Add(), x, x)
    builder.add("relu", Activation(), total)
    assert groups_of(builder.build()) == [
        ("conv", None, None, "conv"),
        ("add", None, "relu", "relu"),
    ]


def test_what_nobody_reads_is_left_out_and_reads_nothing() -> None:
    builder = NetworkBuilder((4, 5, 6))
    x = builder.add("conv", Conv(4), IMAGE)
    unread = builder.add("unread/conv", Conv(2), x)
    builder.add("unread/bn", BatchNorm(), unread)
    builder.add("bn", BatchNorm(), x)
    assert groups_of(builder.build()) == [("conv", "bn", None, "bn")]


def test_the_folded_network_answers_as_the_module(lived_module: Lived) -> None:
    """Layer by layer in numpy's order of channels, a network of convolutions of one pixel."""
    network = chain(Conv(6, bias=True), BatchNorm(), Activation(), Conv(3), BatchNorm())
    module = lived_module(network)
    weights = module_weights(module)
    image = torch.rand(1, 4, 5, 6, generator=torch.Generator().manual_seed(2))
    value = image[0].double().numpy().reshape(4, -1)
    for group in group_layers(network):
        kernel, bias = fold(weights, group)
        value = kernel[:, :, 0, 0].astype(float) @ value + bias[:, None]
        value = np.maximum(value, 0) if group.activation is not None else value
    with torch.no_grad():
        wanted = module(image)[0].numpy().reshape(3, -1)
    np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-4)
