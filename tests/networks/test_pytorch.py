from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasbench_mobile import catalog
from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.networks.graph import (
    IMAGE,
    BatchNorm,
    Conv,
    Dropout,
    Network,
    NetworkBuilder,
    Operation,
    Padding,
    Pair,
    Pool,
)
from nasbench_mobile.networks.pytorch import (
    NetworkModule,
    load_weights,
    module_weights,
    padded,
    to_module,
)


def single(operation: Operation, shape: tuple[int, int, int]) -> Network:
    builder = NetworkBuilder(shape)
    builder.add("only", operation, IMAGE)
    return builder.build()


def numbers(network: Network) -> int:
    module = NetworkModule(network, 0.99, 1e-3)  # weights not drawn: they are only counted
    return sum(p.numel() for p in module.parameters())


@pytest.mark.no_cover
@pytest.mark.parametrize("name", zoo.MODELS)
@pytest.mark.parametrize("multiplier", [0.35, 1.0])
def test_parameters_of_the_zoo(name: str, multiplier: float) -> None:
    network = zoo.network(name, multiplier, 64)
    assert numbers(network) == parameters(network)


@pytest.mark.no_cover
@pytest.mark.parametrize("space_name", ["mnasnet", "mnasnet-anb"])
def test_parameters_of_random_architectures(space_name: str) -> None:
    space, rng = catalog.build_space(space_name), np.random.default_rng(1)
    for _ in range(60):
        network = space.network(space.sample(rng), width=0.25, input_size=32, classes=10)
        assert numbers(network) == parameters(network)


def test_every_operation_has_the_shape_of_the_graph(operation_network: Network) -> None:
    module = to_module(operation_network).eval()
    shape = operation_network.output_shape
    images = torch.rand(3, *operation_network.input_shape)
    expected = (3, shape[0]) if shape[1:] == (1, 1) else (3, *shape)
    with torch.no_grad():
        assert module(images).shape == expected
    assert numbers(operation_network) == parameters(operation_network)


@pytest.mark.parametrize("fill", [0.0, float("-inf")])
@pytest.mark.parametrize(
    "padding", [((2, -1), (-1, 3)), ((-1, -2), (0, 0)), ((0, 0), (-3, 0)), ((1, 2), (3, 0))]
)
def test_padding_and_crops_are_pytorchs(padding: tuple[Pair, Pair], fill: float) -> None:
    images = torch.rand(2, 3, 6, 7)
    (top, bottom), (left, right) = padding
    sides = [left, right, top, bottom]
    assert torch.equal(padded(images, sides, fill), functional.pad(images, sides, value=fill))


def test_same_padding_is_tensorflows() -> None:
    """3x3 at stride 2 on 4 x 4: TensorFlow pads (0, 1), so windows start at 0 and 2."""
    module = to_module(single(Conv(1, (3, 3), 2), (1, 4, 4)))
    with torch.no_grad():
        module.get_submodule("only").weight.fill_(1.0)  # type: ignore[operator]
        image = torch.arange(16.0).reshape(1, 1, 4, 4)
        assert module(image).flatten().tolist() == [45.0, 39.0, 66.0, 50.0]


PADDINGS: list[Padding] = ["same", "valid", ((1, 1), (1, 1)), ((-1, 1), (-1, 1)), ((1, 0), (0, 1))]


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("kind", ["average", "max"])
def test_pools_leave_padding_out(kind: str, size: int, padding: Padding) -> None:
    network = single(Pool(kind, (3, 3), 2, padding), (2, size, size))  # type: ignore[arg-type]
    image = torch.rand(1, 2, size, size, dtype=torch.float64) - 2  # below 0: padding would show
    seen = to_module(network).double()(image)[0]
    pads = padding if isinstance(padding, tuple) else ((0, 0), (0, 0))
    if padding == "same":
        before = max((-(-size // 2) - 1) * 2 + 3 - size, 0) // 2
        pads = ((before, 0), (before, 0))
    for channel, row, column in np.ndindex(*network.output_shape):
        top, left = row * 2 - pads[0][0], column * 2 - pads[1][0]
        window = image[0, channel, max(top, 0) : top + 3, max(left, 0) : left + 3]
        wanted = window.mean() if kind == "average" else window.max()
        assert seen[channel, row, column].item() == pytest.approx(wanted.item(), rel=1e-6)


def test_crops_shift_the_input() -> None:
    network = single(Conv(1, stride=2, padding=((-1, 1), (-1, 1)), bias=False), (1, 4, 4))
    module = to_module(network)
    with torch.no_grad():
        module.get_submodule("only").weight.fill_(1.0)  # type: ignore[operator]
        image = torch.arange(16.0).reshape(1, 1, 4, 4)
        assert module(image).flatten().tolist() == [5.0, 7.0, 13.0, 15.0]


def test_initialisation_is_the_papers() -> None:
    module = to_module(zoo.network("mobilenet-v2", 1.0, 64), seed=5)
    weights = {name: value for name, value in module.named_parameters()}  # noqa: C416
    for name, fan_out in {
        "head/conv.weight": 1280,
        "block7/layer1/expand/conv.weight": 960,
        "block7/layer1/depthwise/conv.weight": 9,
    }.items():
        assert weights[name].std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.05)
        assert abs(weights[name].mean().item()) < 0.05 * math.sqrt(2 / fan_out)
    dense = weights["head/dense.weight"]
    assert dense.abs().max().item() == pytest.approx(1 / math.sqrt(1000), rel=1e-3)
    assert dense.std().item() == pytest.approx(1 / math.sqrt(3000), rel=0.01)
    assert weights["head/dense.bias"].abs().max().item() == 0.0


def test_weights_come_from_the_seed_alone() -> None:
    network = zoo.network("mnasnet-small", 0.35, 32)
    state = torch.get_rng_state()
    one, same, other = (to_module(network, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["stem/conv.weight"], other["stem/conv.weight"])


def test_state_is_named_after_the_nodes() -> None:
    network = zoo.network("mnasnet-a1", 0.35, 32)
    names = {name.rpartition(".")[0] for name in to_module(network).state_dict()}
    learned = {n.name for n in network if isinstance(n.operation, Conv | BatchNorm)}
    assert names == learned | {"head/dense"}


def test_batch_norm_settings_are_tensorflows() -> None:
    network = zoo.network("mnasnet-small", 0.35, 32)
    module = to_module(network, batch_norm_momentum=0.9, batch_norm_epsilon=1e-5)
    norm = module.get_submodule("stem/bn")
    assert norm.momentum == pytest.approx(0.1)
    assert norm.eps == 1e-5
    assert module_weights(module).batch_norm_epsilon == 1e-5
    default = to_module(network).get_submodule("stem/bn")
    assert default.momentum == pytest.approx(0.01)
    assert default.eps == 1e-3
    with pytest.raises(UsageError, match="momentum must be in"):
        to_module(network, batch_norm_momentum=1.5)


def test_channels_last_changes_no_answer() -> None:
    network = zoo.network("mnasnet-a1", 0.35, 64)
    last, first = to_module(network).eval(), to_module(network, channels_last=False).eval()
    weight = last.get_submodule("stem/conv").weight
    assert isinstance(weight, torch.Tensor)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(last(images), first(images))


def test_dropout_is_for_training() -> None:
    module = to_module(single(Dropout(0.5), (64, 1, 1)))
    ones = torch.ones(1, 64, 1, 1)
    assert torch.equal(module.eval()(ones), torch.ones(1, 64))
    assert set(module.train()(ones).flatten().tolist()) == {0.0, 2.0}


def test_training_reaches_every_parameter() -> None:
    module = to_module(zoo.network("mnasnet-a1", 0.35, 32, classes=10))
    logits = module(torch.rand(4, 3, 32, 32))
    functional.cross_entropy(logits, torch.tensor([0, 1, 2, 3])).backward()
    without = [name for name, p in module.named_parameters() if p.grad is None]
    assert without == []


def test_saved_weights_come_back(tmp_path: Path) -> None:
    network = zoo.network("mnasnet-small", 0.35, 32)
    module, other = to_module(network, seed=1), to_module(network, seed=2)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    load_weights(other, tmp_path / "w.pt")
    for name, value in module.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)


def test_an_operation_pytorch_lacks_is_named() -> None:
    class Swirl:
        pass

    good = single(Conv(4), (3, 8, 8))
    node = good.nodes[0]
    odd = type(node)("odd", Swirl(), (0,), (node.shape,), node.shape)  # type: ignore[arg-type]
    with pytest.raises(InvalidNetworkError, match="'odd' is a Swirl, which the PyTorch back end"):
        to_module(Network(good.input_shape, (node, odd)))
