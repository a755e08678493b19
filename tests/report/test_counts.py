"""Parameters and multiply-adds in a report are those of the network that was trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import Part, load_benchmark
from nasbench_mobile.evaluators.trained_network import TrainedNetwork
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.studies.descriptions import describer
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.types import Fidelity

SMALL = Fidelity(epochs=3.0, data="12+4 images of 10 classes, 8c7c", width=0.35, input_size=32)
ZERO = (0,) * 42


def test_a_report_counts_what_was_trained(exact_run: Callable[..., Any]) -> None:
    """On the benchmark of trainings that comes with the package: 32 px, ten classes, stride 1."""
    benchmark = load_benchmark("mnasnet-cifar10-host")
    runs = [exact_run("ppo", 0, [None, (0.5, 0.5, 7.0)], trained=SMALL)]
    space = benchmark.build().space
    tokens = (0,) * len(space.decisions)
    about = describer(benchmark, runs)(tokens)
    assert about["counted"] == {
        "width": 0.35, "input_size": 32, "classes": 10, "full_input_size": 224,
    }  # fmt: skip
    network = TrainedNetwork.of(SMALL, 1).network(Architecture(space, tokens))
    assert (about["parameters"], about["multiply_adds"]) == (
        parameters(network), multiply_adds(network),
    )  # fmt: skip
    assert about["block_string"] == space.describe(tokens)


def test_without_logs_counts_are_of_the_full_network() -> None:
    benchmark = load_benchmark("imagenet-pixel1")
    space = benchmark.build().space
    tokens = (0,) * len(space.decisions)
    about: Any = describer(benchmark)(tokens)
    assert about["parameters"] == parameters(space.network(tokens))
    assert about["multiply_adds"] == multiply_adds(space.network(tokens))
    assert about["counted"]["classes"] == 1000


def test_the_stem_is_that_of_the_training_or_of_the_table(exact_run: Callable[..., Any]) -> None:
    """A stem of stride 1 does four times the work of one of stride 2, and so does what follows."""
    mine = replace(
        load_benchmark("imagenet-pixel1"),
        space=Part("mnasnet", {}),
        accuracy=Part("training", {"data": "digits", "stem_stride": 1}),
    )
    runs = [exact_run("ppo", 0, [(0.5, 0.5, 7.0)], trained=replace(SMALL, width=1.0))]
    stride_1 = describer(mine, runs)(ZERO)["multiply_adds"]
    plain = replace(mine, accuracy=Part("training", {"data": "digits"}))
    stride_2 = describer(plain, runs)(ZERO)["multiply_adds"]
    assert 3.5 < stride_1 / stride_2 < 4
    model = load_benchmark("mnasnet-cifar10-host").accuracy.model
    assert model is not None
    table = read_table(Path(model))
    assert table.header.training["stem_stride"] == 1
    tabular = replace(mine, accuracy=Part("tabular", {}, model))
    assert describer(tabular, runs)(ZERO)["multiply_adds"] == stride_1
