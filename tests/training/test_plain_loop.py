"""Several epochs of the trainer against a loop written out in plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.training import preparation
from nasbench_mobile.training.data import ImageData, Images, load_data
from nasbench_mobile.training.recipe import PROXY, Recipe
from nasbench_mobile.training.trainer import EpochReport, TrainingResult, TrainingSetting, train

Tiny = Callable[..., Network]
SEED = 3
RECIPE = PROXY.changed(
    epochs=2.5, batch_size=8, learning_rate=3.2, smallest_area=1.0, flip=False,
    evaluation_crop=1.0, dropout=0.5,
)  # fmt: skip
"""Images are seen whole, so that what is left to compare is the loop. 80 images: 10 steps an epoch,
the last epoch half, the learning rate dropped within it."""


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return load_data("digits", train_images=80, validation_images=40)


class Dropped(nn.Module):
    """Dropout of one half whose draws are those of a seed that the loop sets."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator()

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return 2 * x * torch.empty_like(x).bernoulli_(0.5, generator=self.generator)


def inputs_of(images: Images) -> Tensor:
    assert images.pixels is not None
    mean, deviation = (
        torch.tensor(v)[:, None, None] for v in (preparation.MEAN, preparation.DEVIATION)
    )
    return (images.pixels / 255 - mean) / deviation


def accuracy_of(module: nn.Module, images: Images) -> float:
    module.eval()
    with torch.no_grad():
        answers = module(inputs_of(images)).argmax(1).numpy()
    module.train()
    return float(np.mean(answers == images.labels))


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Of targets that have `smoothing` shared out among all classes."""
    classes = logits.shape[1]
    wanted = torch.full_like(logits, smoothing / classes)
    wanted[torch.arange(len(labels)), labels] += 1 - smoothing
    return -(wanted * logits.log_softmax(1)).sum(1).mean()


def plain_training(
    network: Network, data: ImageData, recipe: Recipe
) -> tuple[list[list[float]], list[float], nn.Module]:
    """Losses of the steps by epoch, validation accuracies of the epochs, and what was trained."""
    module = to_module(network, batch_norm_momentum=0.9, seed=SEED)
    dropped = Dropped()
    setattr(module, "head/dropout", dropped)
    norms = [p for name, p in module.named_parameters() if "/bn." in name]
    others = [p for name, p in module.named_parameters() if "/bn." not in name]
    groups: list[dict[str, Any]] = [{"params": others, "weight_decay": 1e-5}, {"params": norms}]
    optimizer = torch.optim.SGD(groups, lr=0.0, momentum=0.9)
    inputs, labels = inputs_of(data.train), torch.from_numpy(data.train.labels)
    losses: list[list[float]] = []
    accuracies: list[float] = []
    peak = 3.2 * 8 / 256
    for epoch, steps in enumerate((10, 10, 5)):
        order = np.random.default_rng((SEED, epoch)).permutation(80)
        losses.append([])
        for place in range(steps):
            step = 10 * epoch + place
            rate = peak * step / 2 if step < 2 else peak * (0.1 if step >= 20 else 1)
            for group in optimizer.param_groups:
                group["lr"] = rate
            dropped.generator.manual_seed(SEED * 2**32 + step)
            batch = order[place * 8 : (place + 1) * 8]
            loss = cross_entropy(module(inputs[batch]), labels[batch], 0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
        accuracies.append(accuracy_of(module, data.validation))
    return losses, accuracies, module


def trained(
    network: Network, data: ImageData, **setting: object
) -> tuple[TrainingResult, list[tuple[int, float]], list[EpochReport]]:
    curve: list[tuple[int, float]] = []
    told: list[EpochReport] = []
    result = train(
        network, data, RECIPE, TrainingSetting(seed=SEED, **setting),  # type: ignore[arg-type]
        watch_step=lambda step, loss: curve.append((step, loss.item())), progress=told.append,
        test=True,
    )  # fmt: skip
    return result, curve, told


def test_every_epoch_is_a_plain_loops(digits: ImageData, tiny_network: Tiny) -> None:
    """Batch norm learns in every epoch, each has an order of its own, evaluation is no training."""
    network = tiny_network()
    result, curve, told = trained(network, digits)
    losses, accuracies, module = plain_training(network, digits, RECIPE)
    assert [step for step, _ in curve] == list(range(25))
    np.testing.assert_allclose(
        [loss for _, loss in curve], [loss for epoch in losses for loss in epoch], rtol=1e-3
    )
    assert [report.epoch for report in result.history] == [1.0, 2.0, 2.5]
    means = [np.mean(epoch) for epoch in losses]
    np.testing.assert_allclose([report.loss for report in result.history], means, rtol=1e-3)
    assert [report.accuracy for report in result.history] == accuracies
    assert len(set(accuracies)) > 1
    assert result.accuracy == accuracies[-1]
    assert tuple(told) == result.history
    for name, value in module.state_dict().items():
        torch.testing.assert_close(result.weights[name], value, rtol=1e-2, atol=1e-3)
    assert digits.test is not None
    assert result.test_accuracy == accuracy_of(module, digits.test)


def test_a_checkpoint_is_written_after_each_epoch_and_after_its_seconds(
    digits: ImageData, tiny_network: Tiny, tmp_path: Path
) -> None:
    class Interrupted(Exception):
        pass

    def stop(step: int, loss: Tensor) -> None:
        if step == 22:  # within the last epoch, which is half a one
            raise Interrupted

    steps: dict[float, list[int]] = {}
    for seconds in (1e9, 0.0):
        setting = TrainingSetting(checkpoint=tmp_path / f"{seconds}.pt", checkpoint_s=seconds)
        with pytest.raises(Interrupted):
            train(tiny_network(), digits, RECIPE, setting, watch_step=stop)
        gone_on: list[int] = []
        train(
            tiny_network(), digits, RECIPE, setting,
            watch_step=lambda step, _, seen=gone_on: seen.append(step),  # type: ignore[misc]
        )  # fmt: skip
        steps[seconds] = gone_on
    assert steps == {1e9: list(range(20, 25)), 0.0: list(range(22, 25))}
