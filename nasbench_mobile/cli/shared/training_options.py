"""Options that every command which trains has alike."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from nasbench_mobile.cli.shared.output import console

if TYPE_CHECKING:
    from nasbench_mobile.training.data import ImageData
    from nasbench_mobile.training.recipe import Recipe


class RecipeName(StrEnum):
    PROXY = "proxy"
    FULL = "full"


class BrokenImages(StrEnum):
    FAIL = "fail"
    SKIP = "skip"


class PrecisionName(StrEnum):
    AUTO = "auto"
    FLOAT32 = "32"
    BFLOAT16 = "bf16"


Data: TypeAlias = Annotated[str, typer.Option(help="The images: a folder, .tar, .zip, or digits.")]
RecipeOption: TypeAlias = Annotated[
    RecipeName, typer.Option(help="How to train: 5 epochs, or the paper's full training.")
]
Epochs: TypeAlias = Annotated[
    float | None, typer.Option(help="How many epochs, instead of the recipe's.")
]
Width: TypeAlias = Annotated[
    float, typer.Option(help="Depth multiplier: scales the number of filters.")
]
InputSize: TypeAlias = Annotated[
    int | None,
    typer.Option(help="The images' side in pixels; by default 224, for small images 32.", min=32),
]
StemStride: TypeAlias = Annotated[
    int | None,
    typer.Option(help="The stem's stride, instead of the network's; 1 for small images.", min=1),
]
RecipeValues: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value for the recipe: --set batch_size=64."),
]
ValidationImages: TypeAlias = Annotated[
    int | None,
    typer.Option(help="How many images are held out; by default 50,000 or a tenth.", min=1),
]
TrainImages: TypeAlias = Annotated[
    int | None, typer.Option(help="How many of the rest are trained on; by default all.", min=1)
]
SplitSeed: TypeAlias = Annotated[
    int, typer.Option(help="The seed that chooses what is held out.", min=0)
]
Broken: TypeAlias = Annotated[
    BrokenImages, typer.Option(help="Whether a broken image ends the command or is skipped.")
]
Device: TypeAlias = Annotated[
    str, typer.Option(help="Where to train: cpu, cuda, cuda:1, mps, or auto.")
]
PrecisionOption: TypeAlias = Annotated[
    PrecisionName, typer.Option(help="Numbers to compute with; auto: bf16 on a GPU, else 32 bits.")
]
Loaders: TypeAlias = Annotated[int, typer.Option(help="How many processes decode images.", min=0)]
Threads: TypeAlias = Annotated[
    int, typer.Option(help="How many threads PyTorch has on a CPU.", min=1)
]
TimeLimit: TypeAlias = Annotated[
    float | None, typer.Option(help="How many seconds a training may take.")
]
MemoryLimit: TypeAlias = Annotated[
    float | None, typer.Option(help="How many MB of memory a training may take.")
]


def say_read(place: str, data: ImageData) -> None:
    """Say on standard error what was read of the images, before anything is done with them."""
    from nasbench_mobile.training import reading

    console(stderr=True).print(reading.placed_line(place, data), soft_wrap=True)


def recipe_of(name: str, epochs: float | None, changes: list[str]) -> Recipe:
    """The recipe with other epochs and `--set` values; `UsageError` where one is not its."""
    from nasbench_mobile.training.recipe import recipe_named

    return recipe_named(name).changed(**recipe_values(epochs, changes))


def recipe_values(epochs: float | None, changes: list[str]) -> dict[str, Any]:
    """What `--epochs` and `--set` say: names of a recipe's values, and the values."""
    from nasbench_mobile.training.recipe_words import read_values

    return {**({} if epochs is None else {"epochs": epochs}), **read_values(changes)}
