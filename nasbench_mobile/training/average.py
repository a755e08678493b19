"""The moving average of a network's weights and statistics, used for evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged(module: nn.Module, decay: float) -> AveragedModel:
    """A copy that `update_parameters` moves towards the module, as tensorflow/tpu's MnasNet has it.

    average <- d average + (1 - d) weight with d = min(decay, (1 + n) / (10 + n)) after n steps
    (tf.train.ExponentialMovingAverage with num_updates); batch norm's moving statistics too.
    """

    @torch.no_grad()
    def move(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
        if not torch.is_floating_point(averages[0]):  # batch norm's counter
            for average, weight in zip(averages, weights, strict=True):
                average.copy_(weight)
            return
        torch._foreach_lerp_(list(averages), list(weights), 1 - decay_after(int(count), decay))

    average = AveragedModel(module, multi_avg_fn=move, use_buffers=True)
    average.update_parameters(module)  # starts at the first weights, as TensorFlow's does
    return average


def decay_after(steps: int, decay: float) -> float:
    """min(decay, (1 + n) / (10 + n)) after n steps."""
    return min(decay, (1 + steps) / (10 + steps))
