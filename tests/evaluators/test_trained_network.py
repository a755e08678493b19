"""Counts are of the network that was trained, not of the full one that was timed."""

from __future__ import annotations

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.evaluators.trained_network import TrainedNetwork
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.networks.graph import Conv, Dense
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Fidelity

SMALL = Fidelity(epochs=3.0, data="12+4 images of 10 classes, 8c7c", width=0.35, input_size=32)
ZERO = (0,) * 42


def test_width_input_and_classes_are_those_of_the_training() -> None:
    network = TrainedNetwork.of(SMALL, stem_stride=1).network(Architecture(MnasNetSpace(), ZERO))
    assert network.input_shape == (3, 32, 32)
    assert network.output_shape == (10, 1, 1)
    stem = next(node.operation for node in network if isinstance(node.operation, Conv))
    assert stem.strides == (1, 1)
    full = TrainedNetwork.of(None).network(Architecture(MnasNetSpace(), ZERO))
    assert (full.input_shape, full.output_shape) == ((3, 224, 224), (1000, 1, 1))
    assert parameters(network) < parameters(full) / 4


@pytest.mark.parametrize(
    ("data", "classes"),
    [
        ("imagenet2012", 1000), (None, 1000), ("digits: 1437+360 images of 10 classes, a5", 10),
        ("1000+200 images of 20 classes, 0f", 20),
    ],
)  # fmt: skip
def test_classes_are_what_the_data_calls_itself(data: str | None, classes: int) -> None:
    assert TrainedNetwork.of(Fidelity(data=data)).classes == classes


def test_only_the_classifier_depends_on_the_classes() -> None:
    """A dense layer has a weight per input and class, and a bias per class."""
    space = MnasNetSpace()
    [inputs] = {
        node.input_shapes[0][0]
        for node in space.network(ZERO)
        if isinstance(node.operation, Dense) and node.shape[0] == 1000
    }
    ten, thousand = (
        parameters(TrainedNetwork(classes=n).network(Architecture(space, ZERO))) for n in (10, 1000)
    )
    assert thousand - ten == 990 * (inputs + 1)
