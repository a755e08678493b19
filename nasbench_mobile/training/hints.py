"""Sentences on what may be amiss with a training, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.training.recipe import RECIPES, Recipe

if TYPE_CHECKING:
    from nasbench_mobile.networks.graph import Network


def small_map_hint(network: Network) -> str | None:
    """What to say of a network that sees one pixel in the end; None where it sees more."""
    from nasbench_mobile.networks.stem import final_side

    if final_side(network) != 1:
        return None
    return (
        f"hint: {network.input_shape[1]} px leave a last feature map of 1 pixel; --stem-stride 1 "
        "or a larger --input-size leaves more"
    )


def warmup_hint(recipe: Recipe) -> str | None:
    """What to say of a warm-up that was shortened, or that is all of the training."""
    epochs = f"{recipe.epochs:g} epoch{'' if recipe.epochs == 1 else 's'}"
    if recipe.all_warmup:
        return (
            f"hint: warm-up is all of {epochs}, so that the learning rate never comes to its peak; "
            f"--set warmup_epochs={recipe.epochs / 10:g} leaves some"
        )
    named = RECIPES.get(recipe.name, recipe)
    if named.warmup_epochs is None or named.warmup_epochs < recipe.epochs:
        return None
    return (
        f"hint: warm-up is {recipe.warmup_epochs:g} of {epochs}, as the "
        f"{named.warmup_epochs:g} of the recipe {recipe.name} would be all of it"
    )
