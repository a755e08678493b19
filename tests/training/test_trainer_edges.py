"""What the trainer owes beside its loop: identity, shares, clocks, refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import IMAGE, Conv, Dense, GlobalPool, Network, NetworkBuilder
from nasbench_mobile.training.batches import Share
from nasbench_mobile.training.data import ImageData, load_data
from nasbench_mobile.training.launcher import Launcher, OneDevice
from nasbench_mobile.training.limits import Limits, Stopwatch, TrainingFailure
from nasbench_mobile.training.recipe import PROXY
from nasbench_mobile.training.trainer import Training, TrainingSetting, train, training_identity

Tiny = Callable[..., Network]
RECIPE = PROXY.changed(epochs=1, batch_size=8)


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return load_data("digits", train_images=80, validation_images=20)


class OneOfTwo:
    """The first or second of two processes, whose sums are `factor` times its own numbers."""

    def __init__(self, rank: int, factor: float = 3.0) -> None:
        self.device, self.share, self._factor = torch.device("cpu"), Share(rank, 2), factor
        self.precision = "32"

    def set_up(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        return module, optimizer

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def autocast(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def total(self, value: Tensor) -> Tensor:
        return self._factor * value


def test_an_identity_differs_with_network_data_recipe_and_seed_alone(
    digits: ImageData, tiny_network: Tiny
) -> None:
    network, other = tiny_network(), tiny_network(size=16)
    others = load_data("digits", train_images=80, validation_images=20, split_seed=1)
    names = [
        training_identity(network, digits, RECIPE, 0),
        training_identity(other, digits, RECIPE, 0),
        training_identity(network, others, RECIPE, 0),
        training_identity(network, digits, RECIPE.changed(momentum=0.8), 0),
        training_identity(network, digits, RECIPE, 1),
    ]
    assert len(set(names)) == len(names)
    renamed = RECIPE.changed(name="mine")
    assert training_identity(tiny_network(), digits, renamed, 0) == names[0]
    assert all(len(name) == 24 for name in names)


def test_numbers_of_several_processes_are_means_over_them(
    digits: ImageData, tiny_network: Tiny
) -> None:
    """The other process counts twice as much here: sums are three times this one's numbers."""
    losses: list[float] = []
    launcher: Launcher = OneOfTwo(0)
    training = Training(
        tiny_network(), digits, RECIPE.changed(average_decay=None), TrainingSetting(), launcher,
        lambda step, loss: losses.append(loss.item()),
    )  # fmt: skip
    before: list[Tensor] = []
    averaged = training._agree_on_statistics

    def watched() -> None:
        module = training._evaluated()
        before.append(module.get_submodule("stem/bn").running_mean.clone())  # type: ignore[operator]
        averaged()

    training._agree_on_statistics = watched  # type: ignore[method-assign]
    result = training.run()
    assert result.history[0].loss == pytest.approx(np.mean(losses) * 3 / 2, rel=1e-5)
    torch.testing.assert_close(result.weights["stem/bn.running_mean"], before[0] * 3 / 2)
    assert result.weights["stem/bn.num_batches_tracked"] == 10


def test_the_first_process_tells_and_writes_alone(
    digits: ImageData, tiny_network: Tiny, tmp_path: Path
) -> None:
    told: list[int] = []
    for rank in (0, 1):
        setting = TrainingSetting(checkpoint=tmp_path / f"{rank}.pt")
        train(
            tiny_network(), digits, RECIPE, setting, launcher=OneOfTwo(rank),
            progress=lambda report, rank=rank: told.append(rank),  # type: ignore[misc]
        )  # fmt: skip
    assert told == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["0.pt"]


def test_processes_see_their_own_images_and_their_own_dropout(
    digits: ImageData, tiny_network: Tiny
) -> None:
    losses: dict[Any, float] = {}
    whole = RECIPE.changed(smallest_area=1.0, flip=False, dropout=0.5)
    for rank in (0, 1):
        train(
            tiny_network(), digits, whole, launcher=OneOfTwo(rank),
            watch_step=lambda step, loss, rank=rank: losses.update(  # type: ignore[misc]
                {(rank, step): loss.item()}
            ),
        )  # fmt: skip
    draws = []
    for rank in (0, 1):
        training = Training(tiny_network(), digits, whole, TrainingSetting(seed=7), OneOfTwo(rank))
        training._train_step(torch.zeros(4, 3, 8, 8), torch.zeros(4, dtype=torch.int64))
        draws.append(training._generator.initial_seed())
    assert losses[0, 0] != losses[1, 0]
    assert draws == [2 * 7 * 2**32, 2 * 7 * 2**32 + 1]


def test_the_share_of_right_answers_is_the_accuracy(digits: ImageData, tiny_network: Tiny) -> None:
    """A network that answers 3 whatever it sees is right as often as there are threes."""
    training = Training(tiny_network(), digits, RECIPE, TrainingSetting(), OneDevice("cpu"))
    dense = training._module.get_submodule("head/dense")
    assert isinstance(dense, nn.Linear)
    with torch.no_grad():
        dense.weight.zero_()
        dense.bias.copy_(torch.eye(10)[3])
    for images in (digits.train, digits.validation):
        assert training.accuracy(images) == np.mean(images.labels == 3) > 0


def test_nothing_finite_to_evaluate_is_a_failure(digits: ImageData, tiny_network: Tiny) -> None:
    training = Training(tiny_network(), digits, RECIPE, TrainingSetting(), OneDevice("cpu"))
    dense = training._module.get_submodule("head/dense")
    assert isinstance(dense, nn.Linear)
    with torch.no_grad():
        dense.bias[4] = torch.inf
    with pytest.raises(TrainingFailure, match="no finite answer"):
        training.accuracy(digits.validation)


def test_no_image_left_to_evaluate_on_is_said(digits: ImageData, tiny_network: Tiny) -> None:
    training = Training(tiny_network(), digits, RECIPE, TrainingSetting(), OneDevice("cpu"))
    assert digits.train.pixels is not None
    nothing = replace(
        digits.train, listed=digits.train.listed.at(np.arange(0)), pixels=digits.train.pixels[:0]
    )
    with pytest.raises(UsageError, match="no image was left"):
        training.accuracy(nothing)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 12)])
def test_a_network_of_other_images_is_refused(
    digits: ImageData, shape: tuple[int, int, int]
) -> None:
    builder = NetworkBuilder(shape)
    x = builder.add("conv", Conv(4, (3, 3)), IMAGE)
    builder.add("dense", Dense(10), builder.add("pool", GlobalPool(), x))
    with pytest.raises(UsageError, match="square images of 3 channels"):
        train(builder.build(), digits, RECIPE)


def test_a_time_limit_holds_over_sittings(digits: ImageData, tiny_network: Tiny) -> None:
    """Seconds of earlier sittings count."""
    setting = TrainingSetting(limits=Limits(time_s=1e6))
    training = Training(tiny_network(), digits, RECIPE, setting, OneDevice("cpu"))
    training._watch = Stopwatch(1e6 + 1)
    with pytest.raises(TrainingFailure, match="longer than its limit of 1e\\+06 s"):
        training.run()
    training = Training(tiny_network(), digits, RECIPE, TrainingSetting(), OneDevice("cpu"))
    training._watch = Stopwatch(5e6)
    assert 5e6 < training.run().cost_s < 6e6


def test_a_stopwatch_adds_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([100.0, 103.5, 110.0])
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr("nasbench_mobile.training.limits.time", clock)
    watch = Stopwatch(20.0)
    assert watch.elapsed_s == 23.5
    assert watch.elapsed_s == 30.0


def test_resumed_seconds_go_on(digits: ImageData, tiny_network: Tiny, tmp_path: Path) -> None:
    setting = TrainingSetting(checkpoint=tmp_path / "c.pt")
    first = Training(tiny_network(), digits, RECIPE, setting, OneDevice("cpu"))
    first._watch = Stopwatch(1000.0)
    first.run()
    again = Training(tiny_network(), digits, RECIPE, setting, OneDevice("cpu"))
    assert 1000.0 < again.run().cost_s < 2000.0


def test_a_loss_that_is_not_finite_ends_the_training_at_once(
    digits: ImageData, tiny_network: Tiny
) -> None:
    steps: list[int] = []
    wild = RECIPE.changed(learning_rate=1e30, warmup_share=0.0)
    with pytest.raises(TrainingFailure, match="diverged"):
        train(
            tiny_network(), digits, wild, watch_step=lambda step, loss: steps.append(step)
        )  # fmt: skip
    assert len(steps) < 5
