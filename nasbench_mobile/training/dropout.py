"""Dropout from a generator of its own: PyTorch's draws from the global one."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class OwnDropout(nn.Module):
    """Zeroes each value with probability `rate` and divides the others by 1 - rate, in training."""

    def __init__(self, rate: float, generator: torch.Generator) -> None:
        super().__init__()
        self.rate, self._generator = rate, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.rate, generator=self._generator)
        return x * kept.div_(1 - self.rate)


def own_dropout(module: nn.Module, rate: float | None, generator: torch.Generator) -> None:
    """Replace every dropout directly below the module; `rate` None keeps each one's."""
    for name, layer in list(module.named_children()):
        if isinstance(layer, nn.Dropout):
            setattr(module, name, OwnDropout(layer.p if rate is None else rate, generator))
