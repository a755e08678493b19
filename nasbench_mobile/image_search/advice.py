"""A search says of its own results whether accuracies mean anything, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_mobile.networks.graph import Network
    from nasbench_mobile.training.recipe import Recipe

TELLING = 1.5
"""How many times chance an accuracy is when it is taken to mean something (our choice)."""

SMALL_BATCH = 32
"""The smallest batch that is advised (our choice, because batch norm needs some images)."""

PEAK_RATE = 0.05
"""The learning rate that SGD with momentum is advised to reach with batches of 32 (our choice: with
it digits are learned in a few epochs, and with the proxy recipe's rate they are not)."""


def beware(best: float, chance: float, training: Mapping[str, Any], trained: Network) -> str | None:
    """Warn where the most accurate network is near guessing, and say what to do; else give None.

    `training` holds the options of the search's trainings, `trained` is one network as it was
    trained.
    """
    if best >= TELLING * chance:
        return None
    return (
        f"beware: the most accurate network has {best:.2%} and guessing has {chance:.2%}, so these "
        f"trainings told little apart. Search again into another --out, with "
        f"{' or '.join(next_steps(training, trained))}"
    )


def next_steps(training: Mapping[str, Any], trained: Network) -> list[str]:
    """Say what may help: the likeliest step that is not taken yet, and more epochs."""
    from nasbench_mobile.networks.stem import final_side
    from nasbench_mobile.training.recipe import recipe_named

    recipe = recipe_named(training["recipe"]).changed(**training.get("options", {}))
    steps = []
    if final_side(trained) == 1 and training.get("stem_stride") != 1:
        steps.append("--stem-stride 1 (the last feature map has 1 pixel)")
    if (step := _of_recipe(recipe)) is not None:
        steps.append(step)
    if (images := training.get("train_images")) is not None:
        steps.append(f"more --train-images (now {images:,})")
    return [*steps[:1], f"more epochs: --epochs {2 * recipe.epochs:g} (now {recipe.epochs:g})"]


def _of_recipe(recipe: Recipe) -> str | None:
    """Advise smaller batches, so that an epoch has more steps, or else a fitting learning rate."""
    from nasbench_mobile.training.recipe import REFERENCE_BATCH

    batch = recipe.batch_size
    if batch > SMALL_BATCH:
        return f"smaller batches: --set batch_size={max(SMALL_BATCH, batch // 4)} (now {batch})"
    advised = float(f"{PEAK_RATE * REFERENCE_BATCH / SMALL_BATCH:.2g}")
    if recipe.optimizer == "sgd" and recipe.learning_rate < advised / 2:
        return (
            f"a higher learning rate: --set learning_rate={advised:g} (now "
            f"{recipe.learning_rate:g}, which is for batches of {REFERENCE_BATCH} and falls with "
            "them)"
        )
    return None
