"""The trainer against plain PyTorch, against itself interrupted, and against bad luck."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.training import preparation
from nasbench_mobile.training.data import ImageData, load_data
from nasbench_mobile.training.launcher import OneDevice
from nasbench_mobile.training.limits import Limits, TrainingFailure
from nasbench_mobile.training.recipe import FULL, PROXY
from nasbench_mobile.training.trainer import TrainingSetting, train

SMALL = FULL.changed(batch_size=64, epochs=3, learning_rate=0.05, warmup_epochs=1.0)


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return load_data("digits", train_images=640)


class Interrupted(Exception):
    pass


def stop_at(step: int) -> Callable[[int, torch.Tensor], None]:
    def watch(number: int, loss: torch.Tensor) -> None:
        if number == step:
            raise Interrupted

    return watch


def test_one_epochs_loss_curve_equals_a_plain_loops(
    digits: ImageData, tiny_network: Callable[..., Network]
) -> None:
    recipe = PROXY.changed(
        epochs=1, batch_size=64, learning_rate=0.2, smallest_area=1.0, flip=False,
        evaluation_crop=1.0, dropout=0.0,
    )  # fmt: skip
    curve = []
    result = train(
        tiny_network(), digits, recipe, TrainingSetting(seed=3),
        watch_step=lambda step, loss: curve.append(loss.item()),
    )  # fmt: skip

    module = to_module(tiny_network(), batch_norm_momentum=0.9, seed=3)
    dropout = module.get_submodule("head/dropout")
    assert isinstance(dropout, torch.nn.Dropout)
    dropout.p = 0.0
    assert digits.train.pixels is not None
    pixels = (
        digits.train.pixels / 255 - torch.tensor(preparation.MEAN)[:, None, None]
    ) / torch.tensor(preparation.DEVIATION)[:, None, None]
    labels = torch.from_numpy(digits.train.labels)
    norms = [p for name, p in module.named_parameters() if "/bn." in name]
    others = [p for name, p in module.named_parameters() if "/bn." not in name]
    groups: list[dict[str, Any]] = [{"params": others, "weight_decay": 1e-5}, {"params": norms}]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9)
    order = np.random.default_rng((3, 0)).permutation(640)
    plain = []
    for step in range(10):
        peak = 0.2 * 64 / 256
        rate = 0.0 if step < 1 else peak * (0.1 if step >= 8 else 1)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = order[step * 64 : (step + 1) * 64]
        loss = functional.cross_entropy(module(pixels[batch]), labels[batch], label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plain.append(loss.item())
    np.testing.assert_allclose(curve, plain, rtol=1e-4)
    assert result.history[0].loss == pytest.approx(np.mean(plain), rel=1e-4)
    for name, value in module.state_dict().items():
        torch.testing.assert_close(result.weights[name], value, rtol=1e-3, atol=1e-4)


def test_it_learns(digits: ImageData, tiny_network: Callable[..., Network]) -> None:
    recipe = SMALL.changed(epochs=40, smallest_area=0.8, flip=False)
    result = train(tiny_network(), digits, recipe)
    assert [report.epoch for report in result.history] == list(range(1, 41))
    assert result.accuracy == result.history[-1].accuracy > 0.25  # chance is 0.1, its sd 0.03
    assert result.history[-1].loss < result.history[0].loss


@pytest.mark.parametrize("step", [1, 10, 17, 29])
def test_resumed_equals_uninterrupted(
    digits: ImageData, tiny_network: Callable[..., Network], tmp_path: Path, step: int
) -> None:
    whole = train(tiny_network(), digits, SMALL, TrainingSetting(seed=1))
    setting = TrainingSetting(seed=1, checkpoint=tmp_path / "c.pt", checkpoint_s=0.0)
    with pytest.raises(Interrupted):
        train(tiny_network(), digits, SMALL, setting, watch_step=stop_at(step))
    steps = []
    resumed = train(
        tiny_network(), digits, SMALL, setting, watch_step=lambda number, _: steps.append(number)
    )
    assert steps[0] == step
    assert [(r.epoch, r.loss, r.accuracy) for r in resumed.history] == [
        (r.epoch, r.loss, r.accuracy) for r in whole.history
    ]
    assert whole.weights.keys() == resumed.weights.keys()
    for name, value in whole.weights.items():
        assert torch.equal(resumed.weights[name], value), name


def test_ended_training_is_read_from_its_checkpoint(
    digits: ImageData, tiny_network: Callable[..., Network], tmp_path: Path
) -> None:
    setting = TrainingSetting(checkpoint=tmp_path / "c.pt")
    first = train(tiny_network(), digits, SMALL, setting)
    again = train(tiny_network(), digits, SMALL, setting, watch_step=stop_at(0))
    assert again.accuracy == first.accuracy
    with pytest.raises(UsageError, match="another training"):
        train(tiny_network(), digits, SMALL.changed(epochs=4), setting)


def test_averaged_weights_are_what_is_evaluated(
    digits: ImageData, tiny_network: Callable[..., Network]
) -> None:
    recipe = SMALL.changed(epochs=1)
    plain = train(tiny_network(), digits, recipe.changed(average_decay=None))
    mean = train(tiny_network(), digits, recipe)
    frozen = train(tiny_network(), digits, recipe.changed(average_decay=0.0))
    name = "stem/conv.weight"
    assert not torch.equal(mean.weights[name], plain.weights[name])
    assert torch.equal(frozen.weights[name], plain.weights[name])  # decay 0 keeps no past
    assert plain.history[0].loss == mean.history[0].loss


def test_divergence_is_a_failure(digits: ImageData, tiny_network: Callable[..., Network]) -> None:
    wild = SMALL.changed(learning_rate=1e30, warmup_epochs=0.0, optimizer="sgd")
    with pytest.raises(TrainingFailure, match="diverged"):
        train(tiny_network(), digits, wild)


def test_limits_are_failures_and_the_next_training_works(
    digits: ImageData, tiny_network: Callable[..., Network]
) -> None:
    with pytest.raises(TrainingFailure, match="longer than"):
        train(tiny_network(), digits, SMALL, TrainingSetting(limits=Limits(time_s=1e-6)))
    large = PROXY.changed(batch_size=64, epochs=1)
    with pytest.raises(TrainingFailure, match="out of memory"):
        train(tiny_network(size=512), digits, large, TrainingSetting(limits=Limits(memory_mb=100)))
    assert train(tiny_network(), digits, large).accuracy > 0


def test_nothing_global_is_touched(digits: ImageData, tiny_network: Callable[..., Network]) -> None:
    before = torch.get_rng_state(), torch.get_num_threads()
    train(tiny_network(), digits, SMALL.changed(epochs=0.2), TrainingSetting(threads=2))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]


def test_seeds_differ(digits: ImageData, tiny_network: Callable[..., Network]) -> None:
    one, two = (
        train(tiny_network(), digits, SMALL.changed(epochs=0.3), TrainingSetting(seed=s))
        for s in (0, 1)
    )
    assert one.history[0].loss != two.history[0].loss
    assert one.history[0].epoch == pytest.approx(0.3)


def test_half_precision_stays_close(
    digits: ImageData, tiny_network: Callable[..., Network]
) -> None:
    recipe = SMALL.changed(epochs=1)
    half = train(tiny_network(), digits, recipe, launcher=OneDevice("cpu", "bf16"))
    full = train(tiny_network(), digits, recipe, launcher=OneDevice("cpu", "32"))
    assert half.history[0].loss == pytest.approx(full.history[0].loss, rel=0.02)
    assert half.history[0].loss != full.history[0].loss
    assert all(value.dtype != torch.bfloat16 for value in half.weights.values())


def test_test_images_are_evaluated_only_when_asked(
    digits: ImageData, tiny_network: Callable[..., Network]
) -> None:
    recipe = SMALL.changed(epochs=0.1)
    assert train(tiny_network(), digits, recipe).test_accuracy is None
    found = train(tiny_network(), digits, recipe, test=True).test_accuracy
    assert found is not None
    assert 0 <= found <= 1


def test_a_network_for_other_data_is_refused(
    digits: ImageData, tiny_network: Callable[..., Network]
) -> None:
    with pytest.raises(UsageError, match="7 classes"):
        train(tiny_network(classes=7), digits, SMALL)


def test_unusable_devices_are_named() -> None:
    with pytest.raises(UsageError, match="'nonsense'"):
        OneDevice("nonsense")
    with pytest.raises(UsageError, match="precision is '16'"):
        OneDevice("cpu", "16")  # type: ignore[arg-type]
