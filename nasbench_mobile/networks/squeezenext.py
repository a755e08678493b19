"""SqueezeNext (Gholami et al. 2018; amirgholami/SqueezeNext's Caffe definitions)."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_mobile.networks.graph import IMAGE, Add, Network, Pair
from nasbench_mobile.networks.layers import LayerWriter, scaled, start


@dataclass(frozen=True, slots=True)
class SqueezeNext:
    """Stem filters, (output filters, blocks) of every stage, filters of the last 1x1 convolution.

    A block squeezes channels to a half and a quarter, goes on with 3x1 and 1x3 convolutions (whose
    order alternates) and returns to its width; the first block of a stage works on a 1x1
    convolution of the input, which halves height and width in all stages but the first.
    """

    stem: int
    stages: tuple[tuple[int, int], ...]
    head: int

    def build(self, width: float, input_size: int, classes: int) -> Network:
        """The layer graph; names: `stem/...`, `stage1/block1/...`, `head/...`.

        The width multiplier scales every width (the paper's 1.0, 1.5 and 2.0 do so too).
        """
        write = LayerWriter(start(input_size, classes))
        stem = scaled(self.stem, width, 4)
        x = write.conv_bn("stem", stem, (5, 5), IMAGE, stride=2, padding="valid", activate=True)
        # Caffe's pools round their output up: where windows do not fit, they hang over the end.
        over = (write.builder.shape(x)[1] - 3) % 2
        x = write.pool("stem/pool", "max", 3, 2, x, ((0, over), (0, over)))
        for stage, (outputs, blocks) in enumerate(self.stages, 1):
            outputs, name = scaled(outputs, width, 4), f"stage{stage}"
            stride = 1 if stage == 1 else 2
            x = write.conv_bn(f"{name}/input", outputs, (1, 1), x, stride=stride, activate=True)
            for block in range(1, blocks + 1):
                x = _block(write, f"{name}/block{block}", outputs, block % 2 == 1, x)
        head = scaled(self.head, width, 4)
        x = write.conv_bn("head", head, (1, 1), x, activate=True)
        write.classifier(x, classes, bias=False)
        return write.builder.build()


def _block(write: LayerWriter, name: str, outputs: int, tall_first: bool, source: int) -> int:
    windows: list[Pair] = [(3, 1), (1, 3)] if tall_first else [(1, 3), (3, 1)]
    x = write.conv_bn(f"{name}/1", outputs // 2, (1, 1), source, activate=True)
    x = write.conv_bn(f"{name}/2", outputs // 4, (1, 1), x, activate=True)
    for number, window in enumerate(windows, 3):
        x = write.conv_bn(f"{name}/{number}", outputs // 2, window, x, activate=True)
    x = write.conv_bn(f"{name}/5", outputs, (1, 1), x, activate=True)
    return write.relu(name, write.builder.add(f"{name}/add", Add(), source, x))
