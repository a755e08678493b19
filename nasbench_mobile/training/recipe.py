"""Recipes: everything about a training but the network, the data and the machine."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, TypeAlias

from nasbench_mobile.errors import UnknownNameError, UsageError
from nasbench_mobile.training.preparation import SHARE

Optimizer: TypeAlias = Literal["sgd", "rmsprop"]
Schedule: TypeAlias = Literal["staircase", "drop", "cosine"]

DECAY_FACTOR, DECAY_EPOCHS = 0.97, 2.4
"""Staircase decay (MnasNet, section 4; tensorflow/tpu, models/official/mnasnet)."""

DROP_SHARE, DROP_FACTOR = 0.8, 0.1
"""google/vertex-ai-nas's proxy: 0.032 to 0.0032 at epoch 4 of 5."""

REVISION = 1
"""Raised whenever the same recipe, by a change of this package, gives other accuracies: tables and
searches of two revisions are not of one training."""

SHORTENED_WARMUP = 0.1
"""Share of a training that is warm-up where the recipe's own would be all of it: our choice, as the
proxy has it."""

REFERENCE_BATCH = 256
"""Images a learning rate is given for; it grows in proportion to the batch (tensorflow/tpu)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    `learning_rate` is that of 256 images and grows with `batch_size`. `warmup_epochs` rise
    linearly; None means `warmup_share` of all steps. `weight_decay` multiplies the halved squares
    of all weights but batch norm's. `average_decay` is that of the moving average of weights used
    for evaluation, None for none; `dropout` None leaves the network's own. `batch_norm_momentum`
    is TensorFlow's. `smallest_area` is the least share of an image that a random crop takes (1: the
    central crop alone), `evaluation_crop` the share of the shorter side that the central crop has.
    """

    name: str
    epochs: float
    batch_size: int
    optimizer: Optimizer
    learning_rate: float
    schedule: Schedule
    warmup_epochs: float | None
    warmup_share: float
    momentum: float
    rms_decay: float
    rms_epsilon: float
    weight_decay: float
    label_smoothing: float
    dropout: float | None
    average_decay: float | None
    batch_norm_momentum: float
    smallest_area: float = 0.08
    flip: bool = True
    evaluation_crop: float = SHARE

    def __post_init__(self) -> None:
        shares = ("warmup_share", "momentum", "rms_decay", "label_smoothing", "batch_norm_momentum")
        for name in (*shares, "dropout", "average_decay"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise UsageError(f"recipe {self.name}: {name} is {value}; it must be in [0, 1]")
        for name in (
            "epochs", "batch_size", "learning_rate", "rms_epsilon", "smallest_area",
            "evaluation_crop",
        ):  # fmt: skip
            if not (getattr(self, name) > 0 and math.isfinite(getattr(self, name))):
                raise UsageError(
                    f"recipe {self.name}: {name} is {getattr(self, name)}; it must be above 0"
                )
        if max(self.smallest_area, self.evaluation_crop) > 1:
            raise UsageError(
                f"recipe {self.name}: smallest_area is {self.smallest_area} and evaluation_crop "
                f"{self.evaluation_crop}; both are shares of an image, at most 1"
            )
        if self.weight_decay < 0 or (self.warmup_epochs is not None and self.warmup_epochs < 0):
            raise UsageError(
                f"recipe {self.name}: weight_decay {self.weight_decay} and warmup_epochs "
                f"{self.warmup_epochs} must not be negative"
            )
        if self.optimizer not in ("sgd", "rmsprop") or self.schedule not in (
            "staircase", "drop", "cosine",
        ):  # fmt: skip
            raise UsageError(
                f"recipe {self.name} has optimizer {self.optimizer!r} and schedule "
                f"{self.schedule!r}; known are sgd, rmsprop and staircase, drop, cosine"
            )

    def steps_per_epoch(self, images: int) -> int:
        """Whole batches of an epoch; what is left over is not trained on in it."""
        return max(images // self.batch_size, 1)

    def steps(self, images: int) -> int:
        """Steps of the whole training, at least one."""
        return max(round(self.epochs * self.steps_per_epoch(images)), 1)

    def learning_rate_at(self, step: int, images: int) -> float:
        """The learning rate of a step, counted from 0, on so many training images.

        Warm-up: peak x step / warm-up steps, so the first step's is 0 (tensorflow/tpu,
        mnasnet_utils.py). Staircase: peak x 0.97 ^ floor(epochs / 2.4), counted from step 0. Drop:
        peak, then a tenth of it after 0.8 of the steps. Cosine: peak x (1 + cos(pi x share)) / 2.
        """
        peak = self.learning_rate * self.batch_size / REFERENCE_BATCH
        per_epoch, total = self.steps_per_epoch(images), self.steps(images)
        warmup = (
            int(self.warmup_share * total)
            if self.warmup_epochs is None
            else int(self.warmup_epochs * per_epoch)
        )
        if step < warmup:
            return peak * step / warmup
        if self.schedule == "staircase":
            return float(peak * DECAY_FACTOR ** (step // (DECAY_EPOCHS * per_epoch)))
        if self.schedule == "drop":
            return peak * (DROP_FACTOR if step >= DROP_SHARE * total else 1)
        return peak * (1 + math.cos(math.pi * step / total)) / 2

    def fitted(self, images: int) -> Recipe:
        """The recipe with batches of at most a tenth of the images, and the learning rate to match.

        Our choice, because a batch of 4,096 cannot learn from 1,400 images; a power of 2.
        """
        most = 1 << max(images // 10, 1).bit_length() - 1
        return self if self.batch_size <= most else replace(self, batch_size=most)

    @property
    def all_warmup(self) -> bool:
        """Whether the learning rate never comes to its peak."""
        warmup = self.warmup_epochs
        return self.warmup_share >= 1 if warmup is None else warmup >= self.epochs

    def changed(self, **options: Any) -> Recipe:
        """The recipe with other values; `UsageError` lists the known names where one is unknown.

        Where so few epochs were asked for that warm-up would be all of them, it becomes
        `SHORTENED_WARMUP` of them, unless it is given too.
        """
        known = {field.name: str(field.type) for field in fields(self)}
        for name, value in options.items():
            if name not in known:
                raise UnknownNameError("recipe option", name, known)
            _check_type(f"recipe {self.name}: {name}", value, known[name])
        new = replace(self, **options)
        if new.all_warmup and not self.all_warmup and not options.keys() & _WARMUPS:
            return replace(new, warmup_epochs=new.epochs * SHORTENED_WARMUP)
        return new

    def record(self) -> dict[str, Any]:
        """All values as JSON values, for logs and tables."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that differ where any value but the name does."""
        values = {key: value for key, value in self.record().items() if key != "name"}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]


_WARMUPS = {"warmup_epochs", "warmup_share"}


def _check_type(what: str, value: Any, wanted: str) -> None:
    """`UsageError` where a value is not of an annotation of `Recipe`."""
    word = wanted.split(" |")[0]
    kinds: dict[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "bool": bool}
    kind = kinds.get(word, str)
    if value is None and "None" in wanted:
        return
    if isinstance(value, bool) != (word == "bool") or not isinstance(value, kind):
        said = {"int": "a whole number", "float": "a number", "bool": "true or false"}
        raise UsageError(f"{what} is {value!r}; it must be {said.get(word, 'a word')}")
    if isinstance(value, int) and abs(value) > 10**15:
        raise UsageError(f"{what} has more than 15 digits; it must be at most 1e15")


PROXY = Recipe(
    name="proxy",
    epochs=5,
    batch_size=512,
    optimizer="sgd",
    learning_rate=0.016,
    schedule="drop",
    warmup_epochs=None,
    warmup_share=0.1,
    momentum=0.9,
    rms_decay=0.9,
    rms_epsilon=1e-3,
    weight_decay=1e-5,
    label_smoothing=0.1,
    dropout=None,
    average_decay=None,
    batch_norm_momentum=0.9,
)
"""The paper trains 5 epochs (section 4) and says no more. Batch 512, SGD with momentum 0.9, 0.032
(0.016 per 256) to 0.0032 at epoch 4, a tenth of the steps as warm-up, label smoothing 0.1 are
google/vertex-ai-nas's; weight decay is that of the full training, and batch norm's momentum 0.9,
both our choice, because short trainings leave statistics of momentum 0.99 far behind."""

FULL = Recipe(
    name="full",
    epochs=350,
    batch_size=4096,
    optimizer="rmsprop",
    learning_rate=0.016,
    schedule="staircase",
    warmup_epochs=5,
    warmup_share=0.0,
    momentum=0.9,
    rms_decay=0.9,
    rms_epsilon=1e-3,
    weight_decay=1e-5,
    label_smoothing=0.1,
    dropout=0.2,
    average_decay=0.9999,
    batch_norm_momentum=0.99,
)
"""MnasNet, section 4 (RMSProp 0.9, momentum 0.9, batch norm momentum 0.99, weight decay 1e-5,
dropout 0.2, learning rate 0.256 at batch 4,096 after 5 epochs of warm-up, x0.97 every 2.4 epochs);
epsilon, 350 epochs, label smoothing, averaged weights and what is decayed are from
tensorflow/tpu, models/official/mnasnet."""

RECIPES = {recipe.name: recipe for recipe in (PROXY, FULL)}


def recipe_named(name: str) -> Recipe:
    """`proxy` or `full`; `UnknownNameError` else."""
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]
