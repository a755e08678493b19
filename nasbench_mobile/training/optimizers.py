"""The recipes' optimizers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from nasbench_mobile.training.recipe import Recipe


class TensorFlowRMSProp(torch.optim.Optimizer):
    """RMSProp as tf.train.RMSPropOptimizer computes it, which torch.optim.RMSprop does not.

    ms <- decay ms + (1 - decay) g^2, from ms = 1; mom <- momentum mom + lr g / sqrt(ms + epsilon);
    w <- w - mom. (PyTorch starts at ms = 0, adds epsilon after the root and multiplies by the
    learning rate after the momentum.) With `weight_decay`, g has weight_decay w added: the
    gradient of tf.nn.l2_loss, half the sum of squares.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        *,
        decay: float = 0.9,
        momentum: float = 0.9,
        epsilon: float = 1e-3,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr, "decay": decay, "momentum": momentum, "epsilon": epsilon,
            "weight_decay": weight_decay,
        }  # fmt: skip
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update of all weights that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._update(weights, group)
        return loss

    def _update(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if group["weight_decay"]:
            gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["mean_square"] = torch.ones_like(weight)
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        squares = [self.state[weight]["mean_square"] for weight in weights]
        momenta = [self.state[weight]["momentum"] for weight in weights]
        torch._foreach_mul_(squares, group["decay"])
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - group["decay"])
        roots = torch._foreach_add(squares, group["epsilon"])
        torch._foreach_sqrt_(roots)
        torch._foreach_mul_(momenta, group["momentum"])
        torch._foreach_addcdiv_(momenta, gradients, roots, group["lr"])
        torch._foreach_sub_(weights, momenta)


def build_optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer with learning rate 0; batch norm's weights are not decayed."""
    norms = (nn.BatchNorm2d, nn.SyncBatchNorm)
    spared: list[nn.Parameter] = []
    decayed: list[nn.Parameter] = []
    for layer in module.modules():
        (spared if isinstance(layer, norms) else decayed).extend(layer.parameters(recurse=False))
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "rmsprop":
        return TensorFlowRMSProp(
            groups, 0.0, decay=recipe.rms_decay, momentum=recipe.momentum,
            epsilon=recipe.rms_epsilon,
        )  # fmt: skip
    # Fused: one pass over memory for all weights, on a CPU too.
    return torch.optim.SGD(groups, 0.0, momentum=recipe.momentum, fused=True)
