"""How long training a network would have taken: the clock of simulated asynchronous searches."""

from __future__ import annotations

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.networks.cost import multiply_adds

CONSTANT_S = 579.0
PER_MILLION_MULTIPLY_ADDS_S = 3.865
"""Theil-Sen fit of Accel-NASBench's train_time_s (16 epochs of ImageNet on its authors' machines)
on macs_m over its first 2,500 rows; the median relative error is 8.5 %. An estimate."""


def training_time_s(architecture: Architecture) -> float:
    """Seconds that Accel-NASBench's authors would have trained the network for, an estimate."""
    millions = multiply_adds(architecture.network()) / 1e6
    return CONSTANT_S + PER_MILLION_MULTIPLY_ADDS_S * millions
