"""ResNet-50, counted: what the paper compares MnasNet-A3 with but does not list."""

from __future__ import annotations

from nasbench_mobile.networks.graph import IMAGE, Add, Network
from nasbench_mobile.networks.layers import LayerWriter, start

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""(filters in the middle, blocks) of each stage: He et al. 2016, Table 1."""


def resnet50(*, stride_in_3x3: bool) -> Network:
    """The graph at 224 pixels for 1,000 classes.

    He et al. have a stage's stride in its first 1x1 convolution (3.86 billion multiply-adds); most
    code since has it in the 3x3 (4.09 billion). Parameters are the same.
    """
    write = LayerWriter(start(224, 1000))
    x = write.conv_bn("stem", 64, (7, 7), IMAGE, stride=2, activate=True)
    x = write.pool("stem/pool", "max", 3, 2, x)
    for stage, (filters, blocks) in enumerate(STAGES, 1):
        for block in range(1, blocks + 1):
            stride = 2 if block == 1 and stage > 1 else 1
            strides = (1, stride) if stride_in_3x3 else (stride, 1)
            x = _bottleneck(write, f"stage{stage}/block{block}", filters, strides, block == 1, x)
    write.classifier(x, 1000)
    return write.builder.build()


def _bottleneck(
    write: LayerWriter, name: str, filters: int, strides: tuple[int, int], first: bool, source: int
) -> int:
    x = write.conv_bn(f"{name}/1", filters, (1, 1), source, stride=strides[0], activate=True)
    x = write.conv_bn(f"{name}/2", filters, (3, 3), x, stride=strides[1], activate=True)
    x = write.conv_bn(f"{name}/3", 4 * filters, (1, 1), x)
    if first:
        stride = strides[0] * strides[1]
        source = write.conv_bn(f"{name}/shortcut", 4 * filters, (1, 1), source, stride=stride)
    return write.relu(name, write.builder.add(f"{name}/add", Add(), source, x))
