"""Accuracy by training: each architecture for real, at a width and input size of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_kept
from nasbench_mobile.files.json_files import checked, damaged, read_json_map, shown
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.training.matching import check_content, matched_by_names
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity

if TYPE_CHECKING:  # torch is imported when something is trained
    from nasbench_mobile.training.data import Broken, ImageData
    from nasbench_mobile.training.launcher import Precision
    from nasbench_mobile.training.recipe import Recipe
    from nasbench_mobile.training.trainer import EpochReport, TrainingSetting

TrainingProgress: TypeAlias = Callable[[int, "EpochReport"], None]
"""Is told after every epoch: the architecture's place in the batch, and the epoch's report."""


class TrainingAccuracy:
    """Accuracy evaluator that trains every architecture it is given.

    `data` is a folder, tar file or `digits` (`load_data`); `recipe` is `proxy` or `full` with
    `epochs` and `options` (fields of `Recipe`) changed. Networks are made at width multiplier
    `width` and `input_size` pixels (None: 32 for images of up to 32 px a side, else 224), with
    `stem_stride` where it is given. Accuracy is on validation images alone; the test set is never
    read. With a `checkpoints` folder a training cut short goes on where it stood, at most
    `checkpoint_s` (seconds) back, and one that had ended is not repeated. Other data than of
    `data_identity` and `data_content` is refused, where they are given: images of other names, and
    others under the same names. Deterministic on a CPU: an architecture's reading depends on
    nothing but these arguments. An evaluator never changes: `with_seed` and its like give another.
    """

    def __init__(
        self,
        *,
        data: str = "digits",
        data_identity: str | None = None,
        data_content: str | None = None,
        recipe: str = "proxy",
        epochs: float | None = None,
        width: float = 1.0,
        input_size: int | None = None,
        stem_stride: int | None = None,
        seed: int = 0,
        validation_images: int | None = None,
        train_images: int | None = None,
        split_seed: int = 0,
        broken: Broken = "fail",
        options: dict[str, Any] | None = None,
        checkpoints: str | None = None,
        checkpoint_s: float = 300.0,
        time_limit_s: float | None = None,
        memory_limit_mb: float | None = None,
        device: str = "auto",
        precision: Precision = "auto",
        loaders: int = 0,
        threads: int = 1,
    ) -> None:
        from nasbench_mobile.training.limits import Limits
        from nasbench_mobile.training.recipe import recipe_named
        from nasbench_mobile.training.trainer import TrainingSetting

        changes = {**(options or {}), **({} if epochs is None else {"epochs": epochs})}
        self.recipe: Recipe = recipe_named(recipe).changed(**changes)
        if not width > 0 or (input_size is not None and input_size < 32):
            raise UsageError(
                f"width is {width} and input_size {input_size}; give a width multiplier above 0 "
                "and 32 pixels or more"
            )
        self._place, self._wanted, self._wanted_content = data, data_identity, data_content
        self._earlier = data_identity
        self._split: dict[str, Any] = {
            "validation_images": validation_images, "train_images": train_images,
            "split_seed": split_seed, "broken": broken,
        }  # fmt: skip
        self._data: ImageData | None = None
        self.width, self._input_size, self.stem_stride = width, input_size, stem_stride
        self._checkpoints = None if checkpoints is None else Path(checkpoints)
        self._checkpoint_s = checkpoint_s
        self._setting: TrainingSetting = TrainingSetting(
            seed=seed, limits=Limits(time_limit_s, memory_limit_mb), loaders=loaders,
            threads=threads,
        )  # fmt: skip
        self._device, self._precision = device, precision
        self._progress: TrainingProgress | None = None

    @property
    def data(self) -> ImageData:
        """The data set, read when first asked for."""
        if self._data is None:
            from nasbench_mobile.training.data import load_data

            data = load_data(self._place, **self._split, earlier=self._earlier)
            if self._wanted not in (None, data.identity):
                raise UsageError(
                    f"the data at {self._place} is {data.identity!r}, but wanted is "
                    f"{self._wanted!r}: images were added, removed or renamed, or are read "
                    "otherwise than by an earlier version (the changelog says which); put the old "
                    "ones back, or start anew elsewhere"
                )
            check_content(self._wanted_content, data, f"what was begun on {self._place}")
            self._data = data
        return self._data

    @property
    def note(self) -> str | None:
        """What to say where the data is matched by its names alone, as before it had a content."""
        if self._wanted is None or self._wanted_content is not None:
            return None
        return matched_by_names(self.data, "this was begun")

    @property
    def input_size(self) -> int:
        """The side in pixels of the images that are trained on."""
        if self._input_size is None:
            from nasbench_mobile.training.data import default_input_size

            self._input_size = default_input_size(self.data)
        return self._input_size

    @property
    def place(self) -> str:
        """Where the data set lies, as it was given."""
        return self._place

    @property
    def label(self) -> str:
        return f"training {self.recipe.name}@{self.recipe.digest} on {self.data.identity}"

    @property
    def fidelity(self) -> Fidelity:
        return Fidelity(
            epochs=self.recipe.epochs, data=self.data.identity, width=self.width,
            input_size=self.input_size, seed=self._setting.seed,
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """All that decides an accuracy: what tables have to agree in before they are merged."""
        from nasbench_mobile.training.recipe import REVISION

        return {
            "revision": REVISION,
            "recipe": self.recipe.record(),
            "stem_stride": self.stem_stride,
            **asdict(self.fidelity),
            "data_content": self.data.content,
        }

    def network(self, architecture: Architecture) -> Network:
        """The network that is trained for an architecture."""
        network = architecture.network(self.width, self.input_size, len(self.data.classes))
        return with_stem_stride(network, self.stem_stride)

    def check(self, space: SearchSpace) -> None:
        """`UsageError` where batches have too few images to train networks of a space on.

        Told from one of its architectures, as the sides of feature maps are a space's own.
        """
        from nasbench_mobile.training.smallest_batch import check_batches

        one = Architecture(space, space.sample(np.random.default_rng(0)))
        check_batches(self.network(one), self.recipe, len(self.data.train))

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """Train each; one that diverges or reaches a limit is a `Failure`."""
        return self.accuracy_at(architectures, [1.0] * len(architectures))

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        """Each trained for its share of the recipe's epochs, the schedule shortened with them."""
        return [
            self._reading(place, self.network(architecture), share)
            for place, (architecture, share) in enumerate(
                zip(architectures, fidelities, strict=True)
            )
        ]

    def network_accuracy(self, network: Network) -> AccuracyReading | Failure:
        """The door for reference models, which have no tokens; build them as `network` does."""
        return self._reading(0, network, 1.0)

    def with_seed(self, seed: int) -> TrainingAccuracy:
        """The same training with another seed, on the same images in memory."""
        other = copy(self)
        other._data = self.data
        other._setting = replace(self._setting, seed=seed)
        return other

    def with_progress(self, progress: TrainingProgress) -> TrainingAccuracy:
        """The same training, of which `progress` hears after every epoch."""
        other = copy(self)
        other._progress = progress
        return other

    def with_checkpoints(self, folder: Path, every_s: float) -> TrainingAccuracy:
        """The same training, kept in a folder at least every so many seconds."""
        other = copy(self)
        other._checkpoints, other._checkpoint_s = folder, every_s
        return other

    def going_on(self, identity: str | None) -> TrainingAccuracy:
        """The same training on a set that goes on, of this identity (see `load_data`)."""
        other = copy(self)
        other._data, other._earlier = None, identity
        return other

    @property
    def precision(self) -> str:
        """`32` or `bf16`: in what networks are computed on this evaluator's device."""
        from nasbench_mobile.training.launcher import OneDevice

        return OneDevice(self._device, self._precision).precision

    def trained(self, network: Network) -> dict[str, Any] | Failure:
        """`{accuracy, cost_s, history}` of training a network, `history` one record per epoch."""
        return self._trained(0, network, self.recipe)

    def forget(self, network: Network) -> None:
        """Remove what a training of it left in the folder of checkpoints."""
        if self._checkpoints is not None:
            name = self._name(network, self.recipe)
            for suffix in (".json", ".pt"):
                (self._checkpoints / f"{name}{suffix}").unlink(missing_ok=True)

    def _reading(self, place: int, network: Network, share: float) -> AccuracyReading | Failure:
        recipe = self.recipe.changed(epochs=self.recipe.epochs * share)
        known = self._trained(place, network, recipe)
        if isinstance(known, Failure):
            return known
        fidelity = replace(self.fidelity, epochs=recipe.epochs)
        return AccuracyReading(known["accuracy"], cost_s=known["cost_s"], fidelity=fidelity)

    def _trained(self, place: int, network: Network, recipe: Recipe) -> dict[str, Any] | Failure:
        from nasbench_mobile.training.limits import TrainingFailure
        from nasbench_mobile.training.memory import give_back

        name = self._name(network, recipe)
        known = self._ended(name)
        if known is not None:
            return known
        try:
            return self._train(place, network, recipe, name)
        except TrainingFailure as error:
            return Failure(str(error))
        finally:
            give_back()

    def _name(self, network: Network, recipe: Recipe) -> str:
        from nasbench_mobile.training.trainer import training_identity

        return training_identity(network, self.data, recipe, self._setting.seed)

    def _train(self, place: int, network: Network, recipe: Recipe, name: str) -> dict[str, Any]:
        from nasbench_mobile.training.launcher import OneDevice
        from nasbench_mobile.training.trainer import train

        folder, tell = self._checkpoints, self._progress
        setting = self._setting
        if folder is not None:
            setting = replace(
                setting, checkpoint=folder / f"{name}.pt", checkpoint_s=self._checkpoint_s
            )
        result = train(
            network, self.data, recipe, setting,
            launcher=OneDevice(self._device, self._precision),
            progress=None if tell is None else lambda report: tell(place, report),
        )  # fmt: skip
        ended = {
            "accuracy": result.accuracy,
            "cost_s": result.cost_s,
            "history": [asdict(report) for report in result.history],
            "content": self.data.content,
        }
        if folder is not None:
            write_kept(folder / f"{name}.json", json.dumps(ended))
            (folder / f"{name}.pt").unlink(missing_ok=True)
        return ended

    def _ended(self, name: str) -> dict[str, Any] | None:
        """What a training that has ended before came to."""
        if self._checkpoints is None:
            return None
        path = self._checkpoints / f"{name}.json"
        record = read_ended(path)
        if record is not None:
            check_content(record.get("content"), self.data, f"the training in {path}")
        return record

    def __getstate__(self) -> dict[str, Any]:
        """The state without the data, which another process reads for itself."""
        return {**self.__dict__, "_data": None}


def read_ended(path: Path) -> dict[str, Any] | None:
    """`{accuracy, cost_s, history, content}` of a training that ended; None where there is no file.

    `content`, of what was in the images, is missing where that was not noted yet.
    """
    if not path.exists():
        return None
    again = "remove it, and its network is trained again"
    record = read_json_map(path, again)
    checked(path, record, "content", "text", none=True, remedy=again)
    if checked(path, record, "cost_s", "a number", remedy=again) < 0:
        raise damaged(path, f"its cost_s is {record['cost_s']}", again)
    reports = checked(path, record, "history", "a list", remedy=again)
    for one in (record, *reports):
        if type(one) is not dict:
            raise damaged(path, f"its history has {shown(one)}, which is no map", again)
        if not 0 <= checked(path, one, "accuracy", "a number", remedy=again) <= 1:
            raise damaged(path, f"an accuracy in it is {shown(one['accuracy'])}", again)
    return record
