from collections.abc import Callable

import torch

from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.training.dropout import OwnDropout, own_dropout


def test_drops_its_share_and_keeps_the_mean() -> None:
    layer = OwnDropout(0.25, torch.Generator().manual_seed(0))
    result = layer(torch.ones(100_000))
    assert set(result.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert abs((result == 0).float().mean().item() - 0.25) < 0.01  # sd 0.0014
    assert torch.equal(layer.eval()(torch.ones(3)), torch.ones(3))


def test_global_generator_is_left_alone(tiny_network: Callable[..., Network]) -> None:
    module = to_module(tiny_network())
    own_dropout(module, 0.5, torch.Generator().manual_seed(1))
    before = torch.get_rng_state()
    module(torch.ones(4, 3, 8, 8))
    assert torch.equal(torch.get_rng_state(), before)
    assert module.get_submodule("head/dropout").rate == 0.5
