"""Reference models: names, cards, scaling."""

from __future__ import annotations

import pytest

from nasbench_mobile.errors import UnknownNameError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cards import TOLERANCE, ModelCard
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Conv, Dropout
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'mnasnet-a1'"):
        zoo.network("mnasnet-a11")


def test_names_are_the_keys() -> None:
    assert list(zoo.MODELS) == [
        "mnasnet-a1", "mnasnet-b1", "mnasnet-small", "mobilenet-v1", "mobilenet-v2",
        "efficientnet-b0-blocks", "squeezenext", "shufflenet-1.5x", "shufflenet-2x",
        "shufflenet-v2-1.5x", "shufflenet-v2-2x", "condensenet-g4", "condensenet-g8", "nasnet-a",
        "amoebanet-a", "pnasnet", "darts",
    ]  # fmt: skip
    assert all(zoo.model(name).name == name for name in zoo.MODELS)


@pytest.mark.parametrize("name", zoo.MODELS)
def test_published_figures_are_near_the_counts_or_there_is_a_finding(name: str) -> None:
    card = zoo.model(name)
    assert card.published
    for figures in card.published:
        network = card.build(figures.width, figures.input_size)
        for ours, printed in (
            (multiply_adds(network), figures.multiply_adds_m),
            (parameters(network), figures.parameters_m),
        ):
            near = printed is None or ours / 1e6 == pytest.approx(printed, rel=TOLERANCE)
            assert near or figures.finding


def test_a_model_that_is_no_chain_has_no_block_string() -> None:
    with pytest.raises(UsageError, match="'nasnet-a' is no chain of mobile blocks"):
        zoo.model("nasnet-a").scaled()
    with pytest.raises(UsageError, match="needs a spec or a builder"):
        ModelCard("neither", "Neither", None, "nowhere", ())


def filters_of(name: str, multiplier: float, layer: str) -> int:
    for node in zoo.network(name, multiplier):
        if node.name == layer and isinstance(node.operation, Conv):
            return node.operation.filters
    raise LookupError(layer)


def test_each_family_scales_its_own_way() -> None:
    assert filters_of("mnasnet-a1", 1.4, "head/conv") == 1280
    assert filters_of("mobilenet-v2", 1.4, "head/conv") == 1792
    assert filters_of("mobilenet-v2", 0.5, "head/conv") == 1280
    assert filters_of("mnasnet-a1", 1.4, "stem/conv") == 48
    assert filters_of("mobilenet-v1", 0.25, "block5/layer2/project/conv") == 256


def test_mobilenet_v1_has_no_head_conv_and_activates_its_pointwise_convs() -> None:
    names = [node.name for node in zoo.network("mobilenet-v1")]
    assert "head/conv" not in names
    assert names.count("block4/layer6/project/activation") == 1


def test_small_has_no_dropout() -> None:
    assert not [n for n in zoo.network("mnasnet-small") if isinstance(n.operation, Dropout)]


@pytest.mark.parametrize("name", zoo.MODELS)
@pytest.mark.parametrize(("multiplier", "size"), [(0.01, 32), (0.3, 33), (2.7, 97), (1.0, 331)])
def test_any_multiplier_and_input_size(name: str, multiplier: float, size: int) -> None:
    network = zoo.network(name, multiplier, size, classes=7)
    assert network.input_shape == (3, size, size)
    assert network.output_shape == (7, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 224, 1000), "width multiplier is 0"),
        ((float("nan"), 224, 1000), "width multiplier is nan"),
        ((1.0, 31, 1000), "input size is 31"),
        ((1.0, 224, 0), "classes is 0"),
    ],
)
def test_bad_arguments(arguments: tuple[float, int, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        zoo.network("mnasnet-a1", *arguments)


def test_efficientnet_b0s_blocks_have_its_parameters() -> None:
    # 5,288,548: EfficientNet-B0 as published implementations count it (swish has no parameters)
    assert parameters(zoo.network("efficientnet-b0-blocks")) == 5_288_548
    space = MnasNetAnbSpace()
    tokens = space.encode(zoo.network("efficientnet-b0-blocks"))
    assert space.network(tokens) == zoo.network("efficientnet-b0-blocks")
