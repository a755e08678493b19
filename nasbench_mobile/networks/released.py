"""Reference models that are no chains of mobile blocks: the rest of MnasNet's Table 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from nasbench_mobile.networks.cards import TABLE_1, ModelCard, Published
from nasbench_mobile.networks.cells import Cell, format_cells, parse_cells
from nasbench_mobile.networks.condensenet import CondenseNet
from nasbench_mobile.networks.darts import build_darts
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.nasnet import CellFrame, build_cells
from nasbench_mobile.networks.shufflenet import ShuffleNet, ShuffleNetV2
from nasbench_mobile.networks.squeezenext import SqueezeNext

NASNET_A = parse_cells(
    "normal sep5(0)+sep3(1) sep3(1)+sep5(1) avg3(0)+id(1) avg3(1)+avg3(1) id(0)+sep3(0)"
    " join(1,2,3,4,5,6)"
    " reduction sep5(0)+sep7(1) max3(0)+sep7(1) avg3(0)+sep5(1) avg3(2)+id(3) max3(0)+sep3(2)"
    " join(3,4,5,6)"
)
"""NASNet-A's normal and reduction cell (tensorflow/models, research/slim/nets/nasnet), every sum's
terms in the order of the space `nasnet`, so that its tokens give this very graph."""

NASNET_MOBILE = CellFrame(filters=44, repeats=4)
"""What stands around the cells of NASNet-A (4 @ 1056) (as above, mobile_imagenet_config)."""

_AMOEBANET_A = parse_cells(
    "normal avg3(0)+max3(0) sep3(1)+id(1) id(0)+avg3(1) sep3(0)+sep5(2) avg3(5)+sep3(0)"
    " join(1,3,4,6)"
    " reduction sep3(1)+avg3(0) max3(0)+sep7(2) max3(1)+max3(0) sep3(4)+conv1x7(0)"
    " avg3(1)+sep7(0) join(2,3,4,5,6)"
)
# PNASNet has one cell; at stride 2 it reduces.
_PNASNET = parse_cells(
    "normal sep5(1)+max3(1) sep7(0)+max3(0) sep5(0)+sep3(0) sep3(4)+max3(0) sep3(1)+id(0)"
    " join(2,3,4,5,6)"
    " reduction sep5(1)+max3(1) sep7(0)+max3(0) sep5(0)+sep3(0) sep3(4)+max3(0) sep3(1)+id(0)"
    " join(2,3,4,5,6)"
)
# quark0/darts counts states from the cell before the last: its 0 is our 1.
_DARTS = parse_cells(
    "normal sep3(1)+sep3(0) sep3(1)+sep3(0) sep3(0)+id(1) id(1)+dilsep3(2) join(2,3,4,5)"
    " reduction max3(1)+max3(0) id(2)+max3(0) max3(1)+id(2) id(2)+max3(0) join(2,3,4,5)"
)
_CONDENSENET_BLOCKS = ((4, 8), (6, 16), (8, 32), (10, 64), (8, 128))

Build: TypeAlias = Callable[[float, int, int], Network]


def cell_network(frame: CellFrame, cells: tuple[Cell, Cell]) -> Build:
    """What builds the network of these cells at a width multiplier, input size and classes."""

    def build(width: float, input_size: int, classes: int) -> Network:
        return build_cells(frame.widened(width), *cells, input_size, classes)

    return build


def _darts(width: float, input_size: int, classes: int) -> Network:
    return build_darts(*_DARTS, width=width, input_size=input_size, classes=classes)


def _card(
    name: str, display_name: str, source: str, build: Build, row: Published,
    cells: tuple[Cell, Cell] | None = None,
) -> ModelCard:  # fmt: skip
    line = format_cells(*cells) if cells else None
    return ModelCard(name, display_name, None, source, (row,), build, cells=line)


_MEGVII = "megvii-model/ShuffleNet-Series"
_SLIM = "tensorflow/models, research/slim/nets/nasnet"
_CONDENSENET = "Huang et al. 2018; ShichenLiu/CondenseNet, models/condensenet_converted.py"
_SWAPPED = (
    "Table 1 swaps CondenseNet's two labels: CondenseNet's own README gives 274M and 2.9M to "
    "G = C = 8 (more condensed, hence smaller) and 529M and 4.8M to G = C = 4. "
)
_CONDENSENET_OPERATIONS = (
    " of convolutions' and the classifier's multiply-adds; the README's figure counts one "
    "operation per ReLU element, pooled pixel and bias too (utils.py, measure_model): 11.014M + "
    "1.571M + 0.051M + 0.001M more, "
)

OTHER_CARDS: tuple[ModelCard, ...] = (
    _card(
        "squeezenext", "SqueezeNext (2.0-SqNxt-23v5)",
        "Gholami et al. 2018; amirgholami/SqueezeNext, 2.0-SqNxt-23v5",
        SqueezeNext(64, ((64, 2), (128, 4), (256, 14), (512, 1)), 128).build,
        Published(TABLE_1, 3.2, 708, 0.675, 0.882, input_size=227, label="SqueezeNext"),
    ),
    _card(
        "shufflenet-1.5x", "ShuffleNet 1.5x (g = 3)",
        f"Zhang et al. 2018; {_MEGVII}, ShuffleNetV1", ShuffleNet(24, (360, 720, 1440)).build,
        Published(TABLE_1, 3.4, 292, 0.715, label="ShuffleNet (1.5x)"),
    ),
    _card(
        "shufflenet-2x", "ShuffleNet 2x (g = 3)",
        f"Zhang et al. 2018; {_MEGVII}, ShuffleNetV1", ShuffleNet(48, (480, 960, 1920)).build,
        Published(TABLE_1, 5.4, 524, 0.737, label="ShuffleNet (2x)"),
    ),
    _card(
        "shufflenet-v2-1.5x", "ShuffleNetV2 1.5x",
        f"Ma et al. 2018; {_MEGVII}, ShuffleNetV2", ShuffleNetV2(24, (176, 352, 704), 1024).build,
        Published(TABLE_1, None, 299, 0.726, label="ShuffleNetV2 (1.5x)"),
    ),
    _card(
        "shufflenet-v2-2x", "ShuffleNetV2 2x",
        f"Ma et al. 2018; {_MEGVII}, ShuffleNetV2",
        ShuffleNetV2(24, (244, 488, 976), 2048, dropout=0.2).build,
        Published(
            TABLE_1, None, 597, 0.754, label="ShuffleNetV2 (2x)",
            finding="The printed 597M and 75.4 % are those of ShuffleNetV2's variant with "
            "squeeze-and-excitation, whose code was not released. The plain network counts to "
            "590.78M (its README: 591M, 75.0 %), 1.0 % less.",
        ),
    ),
    _card(
        "condensenet-g4", "CondenseNet (G = C = 4)", _CONDENSENET,
        CondenseNet(_CONDENSENET_BLOCKS, 4).build,
        Published(
            TABLE_1, 4.8, 529, 0.738, 0.917, label="CondenseNet (G=C=8)",
            finding=f"{_SWAPPED}Counted: 516.64M{_CONDENSENET_OPERATIONS}529.28M.",
        ),
    ),
    _card(
        "condensenet-g8", "CondenseNet (G = C = 8)", _CONDENSENET,
        CondenseNet(_CONDENSENET_BLOCKS, 8).build,
        Published(
            TABLE_1, 2.9, 274, 0.710, 0.900, label="CondenseNet (G=C=4)",
            finding=f"{_SWAPPED}Counted: 261.55M{_CONDENSENET_OPERATIONS}274.18M.",
        ),
    ),
    _card(
        "nasnet-a", "NASNet-A (4 @ 1056)", f"Zoph et al. 2018; {_SLIM}",
        cell_network(NASNET_MOBILE, NASNET_A),
        Published(TABLE_1, 5.3, 564, 0.740, 0.913, 183, label="NASNet-A"),
        NASNET_A,
    ),
    _card(
        "amoebanet-a", "AmoebaNet-A (N = 4, F = 50)",
        "Real et al. 2019; tensorflow/tpu, models/official/amoeba_net (model_specs.py)",
        cell_network(CellFrame(filters=50, repeats=4, bottleneck=True), _AMOEBANET_A),
        Published(TABLE_1, 5.1, 555, 0.745, 0.920, 190, label="AmoebaNet-A"),
        _AMOEBANET_A,
    ),
    _card(
        "pnasnet", "PNASNet-5 (N = 3, F = 54)", f"Liu et al. 2018; {_SLIM} (pnasnet.py)",
        cell_network(CellFrame(filters=54, repeats=3, counted=True), _PNASNET),
        Published(TABLE_1, 5.1, 588, 0.742, 0.919, label="PNASNet"),
        _PNASNET,
    ),
    _card(
        "darts", "DARTS (second order, C = 48, 14 cells)",
        "Liu et al. 2019; quark0/darts, cnn (genotype DARTS_V2)", _darts,
        Published(
            TABLE_1, 4.9, 595, 0.731, 0.910, label="DARTS",
            finding="The released network counts to 4,718,752 parameters (its README: 4.719M) and "
            "529.91M multiply-adds, 0.96 and 0.89 of the printed figures; the first-order genotype "
            "counts to 4,510,432 and 505.86M. The README's errors are 26.7 and 8.7 %, the printed "
            "accuracies mean 26.9 and 9.0 %: an earlier network, of which no cells are known.",
        ),
        _DARTS,
    ),
)  # fmt: skip
"""Networks as their authors' code has them, at inference."""
