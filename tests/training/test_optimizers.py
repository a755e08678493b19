from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.training.optimizers import TensorFlowRMSProp, build_optimizer
from nasbench_mobile.training.recipe import FULL, PROXY


def test_rmsprop_equals_tensorflows_formula() -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=5), rng.normal(size=(6, 5))
    rates = [0.1, 0.1, 0.05, 0.05, 0.01, 0.01]
    weight = nn.Parameter(torch.tensor(start))
    optimizer = TensorFlowRMSProp([weight], 0.0, decay=0.9, momentum=0.8, epsilon=1e-3)
    value, mean_square, momentum = start.copy(), np.ones(5), np.zeros(5)
    for rate, gradient in zip(rates, gradients, strict=True):
        mean_square = 0.9 * mean_square + 0.1 * gradient**2
        momentum = 0.8 * momentum + rate * gradient / np.sqrt(mean_square + 1e-3)
        value -= momentum
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), value, rtol=1e-12)


def test_weight_decay_is_the_gradient_of_halved_squares() -> None:
    decayed, plain = (nn.Parameter(torch.tensor([1.0, -2.0, 3.0])) for _ in range(2))
    first = TensorFlowRMSProp([decayed], 0.1, weight_decay=0.01)
    second = TensorFlowRMSProp([plain], 0.1)
    for _ in range(3):
        first.zero_grad()
        (decayed**3).sum().backward()
        first.step()
        second.zero_grad()
        ((plain**3).sum() + 0.01 * (plain**2).sum() / 2).backward()
        second.step()
    torch.testing.assert_close(decayed, plain)


def test_all_weights_but_batch_norms_are_decayed(tiny_network: Callable[..., Network]) -> None:
    module = to_module(tiny_network())
    for recipe in (FULL, PROXY):
        optimizer = build_optimizer(module, recipe)
        names = {id(value): name for name, value in module.named_parameters()}
        decay = {
            names[id(value)]: group["weight_decay"]
            for group in optimizer.param_groups
            for value in group["params"]
        }
        assert decay == {
            "stem/conv.weight": 1e-5,
            "stem/bn.weight": 0.0,
            "stem/bn.bias": 0.0,
            "head/dense.weight": 1e-5,
            "head/dense.bias": 1e-5,
        }


def test_full_recipe_has_the_papers_rmsprop(tiny_network: Callable[..., Network]) -> None:
    optimizer = build_optimizer(to_module(tiny_network()), FULL)
    assert isinstance(optimizer, TensorFlowRMSProp)
    for group in optimizer.param_groups:
        assert (group["decay"], group["momentum"], group["epsilon"]) == (0.9, 0.9, 0.001)
