"""CondenseNet at inference (Huang et al. 2018; ShichenLiu/CondenseNet, converted models)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import IMAGE, ChannelSelect, Concat, Conv, Network
from nasbench_mobile.networks.layers import TORCH_3X3, LayerWriter, scaled, start

_BOTTLENECK = 4
"""Filters of a layer's 1x1 convolution, as a multiple of its growth."""


@dataclass(frozen=True, slots=True)
class CondenseNet:
    """(layers, growth) of every dense block, and G = C: groups and condensation factor.

    A learned group convolution is, once trained, an index layer that gives every group its in / C
    channels (with G = C as many in all as come in), and a group convolution. Which channels is
    learned; ours are drawn with a fixed seed (our choice, because then selecting is a gather on a
    device, as it would be). The classifier reads half of the channels, likewise.
    """

    blocks: tuple[tuple[int, int], ...]
    groups: int

    def __post_init__(self) -> None:
        if self.groups < 2 or any(growth % self.groups for _, growth in self.blocks):
            raise InvalidNetworkError(
                f"CondenseNet's growths {[g for _, g in self.blocks]} do not divide into "
                f"{self.groups} groups"
            )

    def build(self, width: float, input_size: int, classes: int) -> Network:
        """The layer graph; names: `stem/...`, `block1/layer1/...`, `head/...`.

        The width multiplier scales every growth (the source has none: our choice).
        """
        write = LayerWriter(start(input_size, classes))
        add, rng = write.builder.add, np.random.default_rng(self.groups)
        growths = [scaled(growth, width, self.groups) for _, growth in self.blocks]
        x = add("stem/conv", Conv(2 * growths[0], (3, 3), 2, padding=TORCH_3X3), IMAGE)
        for block, ((layers, _), growth) in enumerate(zip(self.blocks, growths, strict=True), 1):
            if block > 1:
                # Pools of 2 x 2 leave out an odd pixel, but never the last one (our choice).
                stride = 2 if write.builder.shape(x)[1] > 1 else 1
                x = write.pool(f"block{block}/pool", "average", stride, stride, x, "valid")
            for layer in range(1, layers + 1):
                x = self._layer(write, f"block{block}/layer{layer}", growth, rng, x)
        x = write.relu("head", write.bn("head", x))
        channels = write.builder.shape(x)[0]
        x = add("head/select", ChannelSelect(_chosen(rng, channels, channels // 2)), x)
        write.classifier(x, classes)
        return write.builder.build()

    def _layer(
        self, write: LayerWriter, name: str, growth: int, rng: np.random.Generator, source: int
    ) -> int:
        channels = write.builder.shape(source)[0]
        indices: tuple[int, ...] = ()
        for _ in range(self.groups):
            indices += _chosen(rng, channels, channels // self.groups)
        x = write.builder.add(f"{name}/select", ChannelSelect(indices), source)
        x = self._group_conv(write, f"{name}/condensed", _BOTTLENECK * growth, 1, x)
        x = write.shuffle(f"{name}/shuffle", self.groups, x)
        x = self._group_conv(write, f"{name}/grown", growth, 3, x)
        return write.builder.add(f"{name}/concat", Concat(), source, x)

    def _group_conv(self, write: LayerWriter, name: str, filters: int, kernel: int, x: int) -> int:
        conv = Conv(filters, (kernel, kernel), groups=self.groups)
        x = write.relu(name, write.bn(name, x))
        return write.builder.add(f"{name}/conv", conv, x)


def _chosen(rng: np.random.Generator, channels: int, count: int) -> tuple[int, ...]:
    """`count` of the channels, ascending."""
    return tuple(sorted(rng.choice(channels, count, replace=False).tolist()))
