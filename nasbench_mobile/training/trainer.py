"""The training loop: a network, data and a recipe to an accuracy and weights."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import NetworkModule, to_module
from nasbench_mobile.training.average import averaged
from nasbench_mobile.training.batches import Batches
from nasbench_mobile.training.checkpoint import read_checkpoint, write_checkpoint
from nasbench_mobile.training.crops import normalise
from nasbench_mobile.training.data import ImageData, Images
from nasbench_mobile.training.dropout import own_dropout
from nasbench_mobile.training.launcher import Launcher, OneDevice
from nasbench_mobile.training.limits import Limits, Stopwatch, TrainingFailure, torch_threads
from nasbench_mobile.training.matching import (
    MatchedByNamesWarning,
    check_content,
    matched_by_names,
)
from nasbench_mobile.training.optimizers import build_optimizer
from nasbench_mobile.training.recipe import Recipe
from nasbench_mobile.training.smallest_batch import check_batches, least_images

CHECKED_EVERY = 50
"""Steps between looks at the loss on a GPU, which has to be waited for; on a CPU it is free."""


MOST_OF_A_MACHINE = 4096
"""Threads and processes for images that a training may have: more than any machine has cores (our
choice)."""


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What an epoch came to: its mean training loss, and accuracy (fraction) on validation."""

    epoch: float
    loss: float
    accuracy: float
    elapsed_s: float


TrainingProgress: TypeAlias = Callable[[EpochReport], None]

WatchStep: TypeAlias = Callable[[int, Tensor], None]
"""Told a step's number, from 0, and its loss, a scalar on the training's device."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """`accuracy` (fraction) is that of the last epoch on validation; `cost_s` wall seconds.

    `weights` is the state_dict that was evaluated: the averaged one where the recipe averages.
    """

    accuracy: float
    history: tuple[EpochReport, ...]
    cost_s: float
    weights: dict[str, Tensor]
    test_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingSetting:
    """How to train, beside what: nothing here but `seed` should change the outcome.

    `checkpoint` is a file that a training goes on from and is written every `checkpoint_s` seconds
    and epoch; `loaders` are processes that decode images; `threads` PyTorch's on a CPU.
    """

    seed: int = 0
    checkpoint: Path | None = None
    checkpoint_s: float = 300.0
    limits: Limits = field(default_factory=Limits)
    loaders: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name, least in (("loaders", 0), ("threads", 1)):
            count = getattr(self, name)
            if not least <= count <= MOST_OF_A_MACHINE:
                raise UsageError(
                    f"{name} is {shown(count)}; it must be {least} to {MOST_OF_A_MACHINE:,}"
                )


def train(
    network: Network,
    data: ImageData,
    recipe: Recipe,
    setting: TrainingSetting | None = None,
    *,
    launcher: Launcher | None = None,
    progress: TrainingProgress | None = None,
    watch_step: WatchStep | None = None,
    test: bool = False,
) -> TrainingResult:
    """Train a network whose input size and classes are those wanted.

    `recipe` is fitted to the number of images (`Recipe.fitted`). `TrainingFailure` where it
    diverged or reached a limit; `UsageError` where the network has other classes than the data, or
    needs more images in a batch (`check_batches`).
    `test` evaluates on the test images at the end, where the data has some: never in a search.
    """
    setting = setting or TrainingSetting()
    with torch_threads(setting.threads), setting.limits.memory():
        training = Training(network, data, recipe, setting, launcher or OneDevice(), watch_step)
        result = training.run(progress)
        if test and data.test is not None:
            result = replace(result, test_accuracy=training.accuracy(data.test))
        return result


def training_identity(network: Network, data: ImageData, recipe: Recipe, seed: int) -> str:
    """What a training is of: the same for all that should end alike."""
    text = repr((network, data.identity, recipe.digest, seed))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Training:
    """One training under way."""

    def __init__(
        self,
        network: Network,
        data: ImageData,
        recipe: Recipe,
        setting: TrainingSetting,
        launcher: Launcher,
        watch_step: WatchStep | None = None,
    ) -> None:
        _check_classes(network, data)
        check_batches(network, recipe, len(data.train), launcher.share.world)
        self._watch_step = watch_step
        self._data, self._setting, self._launcher = data, setting, launcher
        self._recipe = recipe = recipe.fitted(len(data.train))
        self._identity = training_identity(network, data, recipe, setting.seed)
        device = launcher.device
        self._generator = torch.Generator(device)
        self._module = to_module(
            network, batch_norm_momentum=recipe.batch_norm_momentum, seed=setting.seed
        ).to(device)
        self._average = self._averaged()
        own_dropout(self._module, recipe.dropout, self._generator)
        optimizer = build_optimizer(self._module, recipe)
        self._optimizer = optimizer
        self._trained, self._stepper = launcher.set_up(self._module, optimizer)
        self._batches = Batches(
            recipe, network.input_shape[1], setting.seed, device, launcher.share, setting.loaders,
            least_images(network),
        )  # fmt: skip
        self._step, self._history = 0, list[EpochReport]()
        self._loss, self._seen = torch.zeros((), device=device), 0
        self._watch = Stopwatch()
        self._resume()

    def run(self, progress: TrainingProgress | None = None) -> TrainingResult:
        """Train to the end, from wherever it stands."""
        total = self._recipe.steps(len(self._data.train))
        per_epoch = self._recipe.steps_per_epoch(len(self._data.train))
        while self._step < total:
            epoch, first = divmod(self._step, per_epoch)
            self._train_epoch(epoch, first, min(per_epoch, total - epoch * per_epoch))
            report = self._report(self._step / per_epoch)
            self._history.append(report)
            self._save()
            if progress is not None and self._launcher.share.rank == 0:
                progress(report)
        return TrainingResult(
            self._history[-1].accuracy,
            tuple(self._history),
            self._watch.elapsed_s,
            {name: value.detach().cpu() for name, value in self._evaluated().state_dict().items()},
        )

    def accuracy(self, images: Images) -> float:
        """The share of images (in [0, 1]) whose class is the network's first answer."""
        module = self._evaluated().eval()
        right = torch.zeros(2, dtype=torch.float64)
        with torch.no_grad(), self._launcher.autocast():
            for batch, labels in self._batches.evaluation(images):
                logits = module(normalise(batch))
                if not bool(torch.isfinite(logits).all()):
                    raise TrainingFailure(
                        "the training diverged: the network gives no finite answer"
                    )
                right[0] += int((logits.argmax(1) == labels).sum())
                right[1] += len(labels)
        summed = self._launcher.total(right.float().to(self._launcher.device)).cpu()
        if not summed[1]:
            raise UsageError("no image was left to evaluate on: all were broken")
        return float(summed[0]) / float(summed[1])

    def _train_epoch(self, epoch: int, first: int, end: int) -> None:
        self._trained.train()
        saved_s = self._watch.elapsed_s
        for batch, labels in self._some(
            self._batches.training(self._data.train, epoch, first), end - first
        ):
            self._train_step(batch, labels)
            elapsed_s = self._watch.elapsed_s
            self._setting.limits.check_time(elapsed_s)
            if elapsed_s - saved_s > self._setting.checkpoint_s:
                self._save()
                saved_s = elapsed_s

    @staticmethod
    def _some(batches: Iterator[Any], count: int) -> Iterator[Any]:
        for _, batch in zip(range(count), batches, strict=False):
            yield batch

    def _train_step(self, images: Tensor, labels: Tensor) -> None:
        rate = self._recipe.learning_rate_at(self._step, len(self._data.train))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        # Dropout's draws depend on the step alone, as the batch does; every process has its own.
        share = self._launcher.share
        self._generator.manual_seed(
            (self._setting.seed * 2**32 + self._step) * share.world + share.rank
        )
        with self._launcher.autocast():
            logits = self._trained(normalise(images))
            loss = functional.cross_entropy(
                logits, labels, label_smoothing=self._recipe.label_smoothing
            )
        self._stepper.zero_grad()
        self._launcher.backward(loss)
        self._stepper.step()
        if self._average is not None:
            self._average.update_parameters(self._module)
        if self._watch_step is not None:
            self._watch_step(self._step, loss.detach())
        self._step += 1
        self._loss += loss.detach()
        self._seen += 1
        if loss.device.type == "cpu" or self._step % CHECKED_EVERY == 0:
            self._check_loss()

    def _check_loss(self) -> None:
        if not bool(torch.isfinite(self._loss)):
            raise TrainingFailure(
                f"the training diverged: its loss was not finite by step {self._step}; a lower "
                "learning rate may help"
            )

    def _report(self, epoch: float) -> EpochReport:
        self._check_loss()
        mean = float(self._launcher.total(self._loss) / self._seen / self._launcher.share.world)
        self._loss.zero_()
        self._seen = 0
        self._agree_on_statistics()
        accuracy = self.accuracy(self._data.validation)
        return EpochReport(epoch, mean, accuracy, self._watch.elapsed_s)

    def _agree_on_statistics(self) -> None:
        """Batch norm's statistics become their mean over processes, which saw other images."""
        world = self._launcher.share.world
        if world > 1:
            for buffer in self._evaluated().buffers():
                if torch.is_floating_point(buffer):
                    buffer.copy_(self._launcher.total(buffer) / world)

    def _averaged(self) -> AveragedModel | None:
        decay = self._recipe.average_decay
        return None if decay is None else averaged(self._module, decay)

    def _evaluated(self) -> NetworkModule:
        module: NetworkModule = self._module if self._average is None else self._average.module  # type: ignore[assignment]
        return module

    def _save(self) -> None:
        path = self._setting.checkpoint
        if path is None or self._launcher.share.rank:
            return
        state = {
            "identity": self._identity,
            "content": self._data.content,
            "step": self._step,
            "elapsed_s": self._watch.elapsed_s,
            "history": [asdict(report) for report in self._history],
            "loss": self._loss.cpu(),
            "seen": self._seen,
            "module": self._module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
        }
        write_checkpoint(path, state)

    def _resume(self) -> None:
        path = self._setting.checkpoint
        state = None if path is None else read_checkpoint(path, self._identity)
        if state is None:
            return
        check_content(state.get("content"), self._data, f"the training in {path}")
        if "content" not in state:
            words = matched_by_names(self._data, f"the training in {path} was begun")
            warnings.warn(words, MatchedByNamesWarning, stacklevel=2)
        self._module.load_state_dict(state["module"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._step, self._seen = state["step"], state["seen"]
        self._loss = state["loss"].to(self._launcher.device)
        self._history = [EpochReport(**report) for report in state["history"]]
        self._watch = Stopwatch(state["elapsed_s"])


def _check_classes(network: Network, data: ImageData) -> None:
    channels, height, width = network.input_shape
    classes, wanted = network.output_shape[0], len(data.classes)
    if classes != wanted or channels != 3 or height != width:
        raise UsageError(
            f"the network takes {network.input_shape} and tells {classes} classes apart, but the "
            f"data has square images of 3 channels and {wanted} classes; build it for those"
        )
