"""The reference models: those the paper's tables and figures name, in full and as trained."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nasbench_mobile.collecting.references import Reference, references
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Conv
from nasbench_mobile.networks.zoo import network

MODELS = references()


def find(name: str, multiplier: float = 1.0, input_size: int = 224) -> Reference:
    [found] = [
        model
        for model in MODELS
        if (model.name, model.width, model.input_size) == (name, multiplier, input_size)
    ]
    return found


def test_each_is_there_once() -> None:
    keys = {(model.name, model.width, model.input_size) for model in MODELS}
    assert len(keys) == len(MODELS) == 26


@pytest.mark.parametrize("name", ["mnasnet-a1", "mobilenet-v2"])
@pytest.mark.parametrize(
    ("multiplier", "size"), [(0.35, 224), (0.5, 224), (1.4, 224), (1.0, 96), (1.0, 192)]
)
def test_full_networks_are_the_zoos(name: str, multiplier: float, size: int) -> None:
    assert find(name, multiplier, size).full() == network(name, multiplier, size)


def test_every_point_of_figure_5_is_among_them(paper_folder: Path) -> None:
    names = {"MnasNet-A1": "mnasnet-a1", "MobileNetV2": "mobilenet-v2"}
    rows = []
    for file in ("figure5a.csv", "figure5b.csv"):
        with (paper_folder / file).open() as lines:
            rows += list(csv.DictReader(lines))
    assert len(rows) == 20
    for row in rows:
        multiplier = float(row.get("depth_multiplier") or 1)
        find(names[row["series"]], multiplier, int(row.get("input_size") or 224))


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("mbconv3-k3-only", 245),
        ("mbconv3-k5-only", 280),
        ("mbconv6-k3-only", 458),
        ("mbconv6-k5-only", 528),
    ],
)
def test_single_types_have_table_6s_counts(name: str, millions: int) -> None:
    assert round(multiply_adds(find(name).full()) / 1e6) == millions


def test_with_and_without_squeeze_and_excitation() -> None:
    a1, v2 = network("mnasnet-a1"), network("mobilenet-v2")
    without, with_se = find("mnasnet-a1-without-se").full(), find("mobilenet-v2-with-se").full()
    assert not any("/se" in node.name for node in without)
    assert parameters(without) < parameters(a1)
    assert parameters(with_se) > parameters(v2)
    assert len(without.nodes) < len(a1.nodes)


def test_proxies_shrink_as_those_of_architectures_do() -> None:
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.networks.stem import with_stem_stride
    from nasbench_mobile.spaces.mnasnet import MnasNetSpace

    space = MnasNetSpace()
    tokens = space.encode(network("mnasnet-a1"))
    architecture = Architecture(space, tokens)
    same = with_stem_stride(architecture.network(0.35, 32, 10), 1)
    assert multiply_adds(find("mnasnet-a1").proxy(0.35, 32, 10, 1)) == multiply_adds(same)


@pytest.mark.parametrize("stem_stride", [None, 1])
def test_smaller_images_for_smaller_inputs(stem_stride: int | None) -> None:
    proxy = find("mnasnet-a1", input_size=96).proxy(0.35, 32, 10, stem_stride)
    assert proxy.input_shape == (3, 14, 14)
    assert proxy.output_shape[0] == 10
    stem = proxy.nodes[0].operation
    assert isinstance(stem, Conv)
    assert stem.stride == (stem_stride or 2)


def test_the_head_of_a_wider_mobilenet_v2_stays_wide() -> None:
    def head(model: Reference) -> int:
        proxy = model.proxy(0.35, 32, 10, 1)
        return max(node.shape[0] for node in proxy if node.name.startswith("head/conv"))

    assert head(find("mobilenet-v2")) == 1280
    assert head(find("mobilenet-v2", 1.4)) == 1792
