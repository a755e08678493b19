"""ShuffleNet (Zhang et al. 2018) and ShuffleNetV2 (Ma et al. 2018).

Layers and widths are those of megvii-model/ShuffleNet-Series. Both start with a 3x3 convolution and
a max pool, each of stride 2, and have stages of 4, 8 and 4 units; the first unit of a stage
halves height and width. The width multiplier scales all widths (our choice: the published sizes
have widths of their own).
"""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import IMAGE, Add, ChannelSelect, Concat, Network
from nasbench_mobile.networks.layers import TORCH_3X3, LayerWriter, scaled, start

_UNITS = (4, 8, 4)


@dataclass(frozen=True, slots=True)
class ShuffleNet:
    """Widths of the stem and of the three stages, and the groups of pointwise convolutions."""

    stem: int
    widths: tuple[int, int, int]
    groups: int = 3

    def __post_init__(self) -> None:
        if any(outputs % (4 * self.groups) for outputs in self.widths) or self.stem % self.groups:
            raise InvalidNetworkError(
                f"ShuffleNet of stem {self.stem} and widths {self.widths} does not divide into "
                f"{self.groups} groups of quarters"
            )

    def build(self, width: float, input_size: int, classes: int) -> Network:
        """The layer graph; names: `stem/...`, `stage1/unit1/...`, `head/...`."""
        write = LayerWriter(start(input_size, classes))
        x = _stem(write, scaled(self.stem, width, self.groups))
        # A stage must leave its first unit some channels beside those that are pooled.
        least = scaled(self.stem, width, self.groups)
        for stage, (outputs, units) in enumerate(zip(self.widths, _UNITS, strict=True), 1):
            step = 4 * self.groups
            outputs = max(scaled(outputs, width, step), (least // step + 1) * step)
            for unit in range(1, units + 1):
                first = stage == unit == 1
                x = self._unit(write, f"stage{stage}/unit{unit}", outputs, unit == 1, first, x)
            least = outputs
        write.classifier(x, classes, bias=False)
        return write.builder.build()

    def _unit(
        self, write: LayerWriter, name: str, outputs: int, halves: bool, first: bool, source: int
    ) -> int:
        """Group convolution, shuffle, depthwise, group convolution; the network's first groups
        not its first convolution, because it has few channels (Zhang et al. 2018, section 3.2).
        """
        add, stride = write.builder.add, 2 if halves else 1
        channels = write.builder.shape(source)[0]
        x = write.conv_bn(
            f"{name}/reduce", outputs // 4, (1, 1), source, groups=1 if first else self.groups,
            activate=True,
        )  # fmt: skip
        x = write.shuffle(f"{name}/shuffle", self.groups, x)
        x = write.depthwise(f"{name}/depthwise/conv", 3, x, stride=stride, padding=TORCH_3X3)
        x = write.bn(f"{name}/depthwise", x)
        filters = outputs - channels if halves else outputs
        x = write.conv_bn(f"{name}/expand", filters, (1, 1), x, groups=self.groups)
        if not halves:
            return write.relu(name, add(f"{name}/add", Add(), source, x))
        # The source's average counts the padding's zeros; ours, as TensorFlow's, leaves them out.
        pooled = write.pool(f"{name}/pool", "average", 3, 2, source, TORCH_3X3)
        return add(f"{name}/concat", Concat(), pooled, write.relu(name, x))


@dataclass(frozen=True, slots=True)
class ShuffleNetV2:
    """Widths of the stem, the three stages and the last convolution; dropout before the classes."""

    stem: int
    widths: tuple[int, int, int]
    head: int
    dropout: float = 0.0

    def build(self, width: float, input_size: int, classes: int) -> Network:
        """The layer graph; names: `stem/...`, `stage1/unit1/...`, `head/...`."""
        write = LayerWriter(start(input_size, classes))
        x = _stem(write, scaled(self.stem, width, 2))
        for stage, (outputs, units) in enumerate(zip(self.widths, _UNITS, strict=True), 1):
            least = 2 * (write.builder.shape(x)[0] // 2 + 1)
            outputs = max(scaled(outputs, width, 2), least)
            x = self._halving_unit(write, f"stage{stage}/unit1", outputs, x)
            for unit in range(2, units + 1):
                x = self._unit(write, f"stage{stage}/unit{unit}", outputs, x)
        head = scaled(self.head, width, 8)
        x = write.conv_bn("head", head, (1, 1), x, activate=True)
        write.classifier(x, classes, dropout=self.dropout, bias=False)
        return write.builder.build()

    def _unit(self, write: LayerWriter, name: str, outputs: int, source: int) -> int:
        """Half of the channels pass, half go through convolutions; then both are shuffled."""
        add, half = write.builder.add, outputs // 2
        kept = add(f"{name}/kept", ChannelSelect(tuple(range(half))), source)
        x = add(f"{name}/taken", ChannelSelect(tuple(range(half, outputs))), source)
        x = self._branch(write, name, half, half, 1, x)
        return write.shuffle(f"{name}/shuffle", 2, add(f"{name}/concat", Concat(), kept, x))

    def _halving_unit(self, write: LayerWriter, name: str, outputs: int, source: int) -> int:
        """As in the source, the branch that only projects keeps its channels."""
        channels = write.builder.shape(source)[0]
        x = self._branch(write, name, outputs // 2, outputs - channels, 2, source)
        kept = write.depthwise(
            f"{name}/projection/depthwise/conv", 3, source, stride=2, padding=TORCH_3X3
        )
        kept = write.bn(f"{name}/projection/depthwise", kept)
        kept = write.conv_bn(f"{name}/projection", channels, (1, 1), kept, activate=True)
        joined = write.builder.add(f"{name}/concat", Concat(), kept, x)
        return write.shuffle(f"{name}/shuffle", 2, joined)

    def _branch(
        self, write: LayerWriter, name: str, middle: int, filters: int, stride: int, x: int
    ) -> int:
        x = write.conv_bn(f"{name}/reduce", middle, (1, 1), x, activate=True)
        x = write.depthwise(f"{name}/depthwise/conv", 3, x, stride=stride, padding=TORCH_3X3)
        x = write.bn(f"{name}/depthwise", x)
        return write.conv_bn(f"{name}/expand", filters, (1, 1), x, activate=True)


def _stem(write: LayerWriter, filters: int) -> int:
    x = write.conv_bn("stem", filters, (3, 3), IMAGE, stride=2, padding=TORCH_3X3, activate=True)
    return write.pool("stem/pool", "max", 3, 2, x, TORCH_3X3)
