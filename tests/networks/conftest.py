"""What tests of the back ends share: networks of every operation, and modules worth comparing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest

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
    NetworkBuilder,
    Operation,
    Padding,
    Pool,
)
from nasbench_mobile.networks.pytorch import NetworkModule
from tests.networks.comparing import lived_module, relative_error

Lived = Callable[..., NetworkModule]


@pytest.fixture(name="lived_module")
def lived_module_fixture() -> Lived:
    return lived_module


def chain(*operations: Operation, channels: int = 6, size: tuple[int, int] = (9, 12)) -> Network:
    """A network of one path. Names are the operations' with a number."""
    builder = NetworkBuilder((channels, *size))
    x = IMAGE
    for number, operation in enumerate(operations):
        x = builder.add(f"{type(operation).__name__.lower()}{number}", operation, x)
    return builder.build()


def _branches() -> Network:
    """Values read more than once, a ReLU first, a batch norm after an add, one unread layer."""
    builder = NetworkBuilder((6, 9, 12))
    start = builder.add("first/activation", Activation(), IMAGE)
    left = builder.add("left/conv", Conv(8, (3, 3), stride=2), start)
    left_bn = builder.add("left/bn", BatchNorm(), left)
    builder.add("unread/conv", Conv(5), left_bn)
    right = builder.add("right/conv", Conv(8, (1, 1), stride=2, bias=True), start)
    total = builder.add("add", Add(), left, left_bn, right)
    total = builder.add("add/bn", BatchNorm(), total)
    total = builder.add("add/activation", Activation("relu6"), total)
    gate = builder.add("gate/pool", GlobalPool(), total)
    gate = builder.add("gate/activation", Activation("sigmoid"), gate)
    total = builder.add("multiply", Multiply(), total, gate)
    total = builder.add("square", Multiply(), total, right)
    joined = builder.add("concat", Concat(), total, left, right, left_bn, total, right)
    builder.add("one", Concat(), joined)
    return builder.build()


def _dense_in_the_middle() -> Network:
    return chain(
        Conv(4, (3, 3), padding="valid"), BatchNorm(), Dropout(0.3), Dense(7, bias=False),
        Activation("relu"), Dense(6), BatchNorm(), Conv(5), Activation("sigmoid"), Dense(3),
    )  # fmt: skip


def operation_networks() -> dict[str, Network]:
    """Small networks that together use every operation in every way the graph allows."""
    networks = {"branches": _branches(), "dense": _dense_in_the_middle()}
    paddings: dict[str, Padding] = {  # each leaves a pixel in every window, whichever the kernel
        "same": "same",
        "valid": "valid",
        "torch": ((0, 0), (1, 1)),
        "crop": ((-1, 0), (-1, 1)),
        "uneven": ((-1, 0), (0, 1)),
        "cut": ((-2, 0), (0, -1)),
    }
    kind: Literal["average", "max"]
    kernels = {"3x3": (3, 3), "1x7": (1, 7), "5x2": (5, 2)}
    for (word, padding), (window, kernel), stride in itertools.product(
        paddings.items(), kernels.items(), (1, 2)
    ):
        key = f"{word}-{window}-stride{stride}"
        bn, relu = BatchNorm(), Activation()
        networks[f"conv-{key}"] = chain(Conv(8, kernel, stride, padding=padding), bn, relu)
        networks[f"depthwise-{key}"] = chain(
            Conv(6, kernel, stride, groups=6, padding=padding),
            bn,
        )
        for kind in ("average", "max"):
            pool = Pool(kind, kernel, stride, padding)
            networks[f"{kind}-{key}"] = chain(Conv(5, bias=True), pool)
    for kind in ("average", "max"):
        networks[f"{kind}-wide"] = chain(
            Conv(5, bias=True), Pool(kind, (3, 4), 2, ((2, 0), (1, 3)))
        )
        networks[f"{kind}-torch"] = chain(Conv(5), Pool(kind, (3, 3), 2, ((1, 1), (1, 1))))
    networks["shifted"] = chain(Conv(5, (3, 3), 2, padding=((2, -1), (-1, 3))))
    networks["dilated"] = chain(Conv(8, (3, 3), dilation=2), Conv(8, (3, 3), dilation=3, groups=8))
    networks["dilated-strided"] = chain(Conv(8, (3, 3), stride=2, dilation=2))
    networks["two-strides"] = chain(
        Conv(8, (1, 7), stride=(1, 2)), BatchNorm(), Conv(8, (7, 1), stride=(2, 1)),
        Conv(8, (3, 3), stride=(2, 1), groups=8, padding=((1, 1), (1, 1))),
    )  # fmt: skip
    networks["factorized"] = chain(Conv(5, stride=2, padding=((-1, 1), (-1, 1))))
    networks["grouped"] = chain(Conv(9, (3, 3), groups=3, bias=True), Activation("relu6"))
    networks["multiplied"] = chain(Conv(12, (3, 3), groups=6), BatchNorm())
    networks["slice"] = chain(ChannelSelect((2, 3, 4)))
    networks["shuffle"] = chain(Conv(6), ChannelSelect((0, 3, 1, 4, 2, 5)))
    networks["gather"] = chain(ChannelSelect((5, 0, 0, 2)))
    networks["head"] = chain(Conv(6), GlobalPool(), Dropout(0.2), Dense(4))
    networks["one-channel"] = chain(Conv(4, (3, 3), groups=1), BatchNorm(), channels=1)
    return networks


OPERATION_NETWORKS = operation_networks()


@pytest.fixture(params=OPERATION_NETWORKS)
def operation_network(request: pytest.FixtureRequest) -> Network:
    return OPERATION_NETWORKS[request.param]


@pytest.fixture(params=["branches", "average-wide", "max-wide", "shifted", "gather", "slice"])
def all_operations(request: pytest.FixtureRequest) -> Network:
    """The few networks that together hold whatever the tracer of an exporter may stumble over."""
    return OPERATION_NETWORKS[request.param]


@pytest.fixture(name="relative_error")
def relative_error_fixture() -> Callable[[np.ndarray, np.ndarray], float]:
    return relative_error
