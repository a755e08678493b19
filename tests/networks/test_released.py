"""Table 1's networks against the table, and against literal counts that need nothing outside."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cards import TOLERANCE, ModelCard, Published
from nasbench_mobile.networks.condensenet import CondenseNet
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import (
    Activation,
    ChannelSelect,
    Conv,
    GlobalPool,
    Network,
    Pool,
)
from nasbench_mobile.networks.shufflenet import ShuffleNet
from nasbench_mobile.surrogates.layer_features import FEATURES, node_counts

OTHERS = [name for name in zoo.MODELS if name not in zoo.CHAINS]
COUNTS = {
    # name: parameters, multiply-adds, at the input size of the published figure
    "squeezenext": (3_222_912, 702_592_000),
    "shufflenet-1.5x": (3_441_168, 292_443_552),
    "shufflenet-2x": (5_449_776, 524_045_184),
    "shufflenet-v2-1.5x": (3_506_720, 298_970_656),
    "shufflenet-v2-2x": (7_402_600, 590_783_000),
    "condensenet-g4": (4_773_944, 516_640_576),
    "condensenet-g8": (2_935_416, 261_545_792),
    "nasnet-a": (5_289_978, 563_638_816),
    "amoebanet-a": (5_086_930, 554_687_204),
    "pnasnet": (5_064_487, 587_293_200),
    "darts": (4_718_752, 529_911_552),
}


@pytest.mark.parametrize("name", OTHERS)
def test_counts(name: str) -> None:
    [row] = zoo.model(name).published
    network = zoo.network(name, input_size=row.input_size)
    assert (parameters(network), multiply_adds(network)) == COUNTS[name]


def matches(card: ModelCard, row: Published, figure: str) -> bool | None:
    count: Callable[[Network], int] = parameters if figure == "parameters_m" else multiply_adds
    printed = getattr(row, figure)
    if printed is None:
        return None
    ours = count(card.build(row.width, row.input_size)) / 1e6
    return bool(abs(ours - printed) <= TOLERANCE * printed)


def test_every_figure_of_table_1_is_met_or_has_a_finding() -> None:
    rows = zoo.table_1()
    assert len(rows) == 15
    near = {row.label: matches(card, row, "multiply_adds_m") for card, row in rows}
    assert sum(bool(value) for value in near.values()) == 12
    off = {label for label, value in near.items() if not value}
    assert off == {"CondenseNet (G=C=4)", "CondenseNet (G=C=8)", "DARTS"}
    wrong = {r.label for card, r in rows if matches(card, r, "parameters_m") is False}
    assert wrong == {"MobileNetV2", "MobileNetV2 (1.4x)", "DARTS"}
    assert all(row.finding for _, row in rows if row.label in off | wrong)


def test_the_rows_are_those_of_the_paper(paper_folder: Path) -> None:
    path = paper_folder / "table1_imagenet.csv"
    with path.open(encoding="utf-8", newline="") as file:
        printed = {row["model"]: row for row in csv.DictReader(file)}
    ours = {row.label: row for _, row in zoo.table_1()}
    assert printed.keys() - ours.keys() == {"MnasNet-A2", "MnasNet-A3"}  # never released
    assert ours.keys() <= printed.keys()
    for label, row in ours.items():
        figures = {
            "params_m": row.parameters_m,
            "mult_adds_m": row.multiply_adds_m,
            "top1_pct": row.top1 and 100 * row.top1,
            "top5_pct": row.top5 and 100 * row.top5,
            "pixel1_latency_ms": row.pixel1_latency_ms,
        }
        for column, value in figures.items():
            seen = float(printed[str(label)][column] or "nan")
            assert (value or math.nan) == pytest.approx(seen, nan_ok=True), (label, column)


@pytest.mark.parametrize(
    ("name", "millions"), [("condensenet-g4", 529.28), ("condensenet-g8", 274.18)]
)
def test_condensenets_own_count_adds_activations_pools_and_biases(
    name: str, millions: float
) -> None:
    # The arithmetic of the findings (ShichenLiu/CondenseNet, utils.py, measure_model).
    network = zoo.network(name)
    count = multiply_adds(network) + 1000
    for node in network:
        match node.operation:
            case Activation():
                count += math.prod(node.shape)
            case Pool() as pool:
                count += math.prod(node.shape) * math.prod(pool.kernel)
            case GlobalPool():
                count += math.prod(node.input_shapes[0])
    assert round(count / 1e6, 2) == millions
    [row] = zoo.model(name).published
    assert row.finding is not None
    assert f"{millions}M" in row.finding
    assert round(count / 1e6) == row.multiply_adds_m


def test_condensenet_gathers_by_group() -> None:
    network = zoo.network("condensenet-g4")
    assert network == zoo.network("condensenet-g4")
    nodes = {node.name: node for node in network}
    select = nodes["block2/layer1/select"].operation
    assert isinstance(select, ChannelSelect)
    channels = nodes["block2/layer1/select"].input_shapes[0][0]
    assert len(select.indices) == channels
    quarter = channels // 4
    for start in range(0, channels, quarter):
        group = select.indices[start : start + quarter]
        assert list(group) == sorted(set(group))
    assert nodes["head/select"].shape[0] == nodes["head/select"].input_shapes[0][0] // 2
    with pytest.raises(InvalidNetworkError, match="do not divide into 4 groups"):
        CondenseNet(((4, 6),), 4)


def test_shufflenets_first_convolution_has_no_groups() -> None:
    convs = {
        n.name: n.operation for n in zoo.network("shufflenet-2x") if isinstance(n.operation, Conv)
    }
    assert convs["stage1/unit1/reduce/conv"].groups == 1
    assert convs["stage1/unit2/reduce/conv"].groups == 3
    assert convs["stage1/unit1/expand/conv"].filters == 480 - 48
    with pytest.raises(InvalidNetworkError, match="does not divide into 3 groups"):
        ShuffleNet(24, (240, 480, 962))


def test_squeezenext_has_the_feature_sizes_of_its_paper() -> None:
    shapes = {node.name: node.shape for node in zoo.network("squeezenext", input_size=227)}
    names = ("stem/pool", "stage2/input/conv", "stage3/input/conv", "stage4/input/conv")
    assert [shapes[name][1] for name in names] == [56, 28, 14, 7]


@pytest.mark.parametrize("name", OTHERS)
def test_latency_models_know_every_layer(name: str) -> None:
    counts = [pair for node in zoo.network(name) for pair in node_counts(node)]
    assert {feature for feature, _ in counts} <= FEATURES.keys()
    assert all(amount > 0 for _, amount in counts)
    priced = {node.name for node in zoo.network(name) if node_counts(node)}
    assert {n.name for n in zoo.network(name) if isinstance(n.operation, Conv | Pool)} <= priced
