"""Layer semantics of the blocks."""

from __future__ import annotations

import dataclasses

import pytest

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.blocks import (
    BlockSpec,
    MobileSpec,
    build,
    expand_block,
    round_filters,
    scale,
)
from nasbench_mobile.networks.graph import Activation, Add, Conv, Multiply, Pool


def names_of(block: BlockSpec, stem: int = 16) -> list[str]:
    network = build(MobileSpec(stem, (block,)), 32)
    return [n.name.removeprefix("block1/") for n in network if n.name.startswith("block1/")]


def test_mbconv_in_order() -> None:
    block = BlockSpec("mbconv", 5, 1, 16, expansion=6, se=0.25, skip="identity")
    assert names_of(block) == [
        "layer1/expand/conv", "layer1/expand/bn", "layer1/expand/activation",
        "layer1/depthwise/conv", "layer1/depthwise/bn", "layer1/depthwise/activation",
        "layer1/se/pool", "layer1/se/reduce", "layer1/se/activation", "layer1/se/expand",
        "layer1/se/gate", "layer1/se/scale",
        "layer1/project/conv", "layer1/project/bn", "layer1/skip/add",
    ]  # fmt: skip


def test_sepconv_has_no_expand_and_dsconv_activates_its_projection() -> None:
    sepconv = names_of(BlockSpec("sepconv", 3, 1, 24))
    assert sepconv[0] == "layer1/depthwise/conv"
    assert sepconv[-1] == "layer1/project/bn"
    assert names_of(BlockSpec("dsconv", 3, 1, 24)) == [*sepconv, "layer1/project/activation"]


def test_conv_takes_se_after_its_activation() -> None:
    names = names_of(BlockSpec("conv", 3, 1, 24, se=0.25))
    assert names[:4] == [
        "layer1/conv/conv", "layer1/conv/bn", "layer1/conv/activation", "layer1/se/pool",
    ]  # fmt: skip
    assert names[-1] == "layer1/se/scale"


def test_first_layer_strides_and_later_ones_skip() -> None:
    first, second, third = expand_block(
        BlockSpec("mbconv", 3, 2, 24, expansion=3, skip="identity", layers=3), 16
    )
    assert (first.stride, first.width, first.skip) == (2, 48, "none")
    assert (second.stride, second.width, second.skip) == (1, 72, "identity")
    assert second == third


@pytest.mark.parametrize(("filters", "stride"), [(16, 2), (24, 1)])
def test_a_skip_adds_only_where_shapes_match(filters: int, stride: int) -> None:
    block = BlockSpec("conv", 3, stride, filters, skip="avgpool")
    assert expand_block(block, 16) == expand_block(dataclasses.replace(block, skip="none"), 16)
    assert not [n for n in names_of(block) if "skip" in n]


@pytest.mark.parametrize(("skip", "kind"), [("avgpool", "average"), ("maxpool", "max")])
def test_pooling_skip_pools_the_layers_input(skip: str, kind: str) -> None:
    network = build(MobileSpec(16, (BlockSpec("conv", 3, 1, 16, skip=skip),)), 32)  # type: ignore[arg-type]
    nodes = {node.name: node for node in network}
    pool, add = nodes["block1/layer1/skip/pool"], nodes["block1/layer1/skip/add"]
    assert pool.operation == Pool(kind, (3, 3), 1, "same")  # type: ignore[arg-type]
    assert network.nodes[pool.inputs[0]].name == "stem/activation"
    assert isinstance(add.operation, Add)
    assert [network.nodes[i].name for i in add.inputs] == [
        "block1/layer1/skip/pool",
        "block1/layer1/conv/activation",
    ]


def test_se_squeezes_input_filters_with_bias_and_relu() -> None:
    spec = MobileSpec(18, (BlockSpec("mbconv", 3, 1, 24, 6, se=0.25),), activation="relu6")
    nodes = {node.name.removeprefix("block1/layer1/"): node for node in build(spec, 32)}
    assert nodes["se/reduce"].operation == Conv(4, bias=True)  # int(0.25 * 18)
    assert nodes["se/expand"].operation == Conv(108, bias=True)
    assert nodes["se/activation"].operation == Activation("relu")
    assert nodes["se/gate"].operation == Activation("sigmoid")
    assert nodes["se/scale"].operation == Multiply()
    assert nodes["expand/activation"].operation == Activation("relu6")
    assert nodes["expand/conv"].operation == Conv(108)


def test_se_keeps_at_least_one_filter() -> None:
    assert expand_block(BlockSpec("conv", 3, 1, 8, se=0.1), 3)[0].squeeze == 1


@pytest.mark.parametrize(
    ("filters", "multiplier", "expected"),
    [
        (12, 1.0, 12), (18, 1.0, 18), (32, 0.35, 16), (24, 0.35, 8), (16, 0.35, 8),
        (40, 0.35, 16), (80, 0.35, 32), (112, 0.5, 56), (8, 0.01, 8), (16, 1.4, 24),
    ],
)  # fmt: skip
def test_round_filters(filters: int, multiplier: float, expected: int) -> None:
    assert round_filters(filters, multiplier) == expected


def test_scale_by_one_is_the_same_spec() -> None:
    spec = MobileSpec(12, (BlockSpec("conv", 3, 1, 18),), head=30)
    assert scale(spec, 1.0, head_grows=True) == spec
    assert scale(spec, 2.0).head == 30
    assert scale(spec, 2.0, head_grows=True).head == 64


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"op": "shuffle"}, "shuffle"),
        ({"skip": "dense"}, "dense"),
        ({"kernel": 0}, "kernel is 0"),
        ({"layers": -1}, "layers is -1"),
        ({"se": float("nan")}, "se is nan"),
        ({"expansion": 6}, "conv has expansion 6"),
        ({"op": "mbconv"}, "mbconv has expansion 1"),
    ],
)
def test_block_checks_itself(values: dict[str, object], message: str) -> None:
    given = {"op": "conv", "kernel": 3, "stride": 1, "filters": 8} | values
    with pytest.raises(InvalidNetworkError, match=message):
        BlockSpec(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stem": 0}, "stem has 0"),
        ({"head": 0}, "head 0"),
        ({"blocks": ()}, "at least one block"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"activation": "swish"}, "swish"),
    ],
)
def test_spec_checks_itself(values: dict[str, object], message: str) -> None:
    given = {"stem": 8, "blocks": (BlockSpec("conv", 3, 1, 8),)} | values
    with pytest.raises(InvalidNetworkError, match=message):
        MobileSpec(**given)  # type: ignore[arg-type]
