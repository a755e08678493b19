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


Data: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Where the images are: a folder, a .tar or .zip file, or `digits` (built in)."
    ),
]
RecipeOption: TypeAlias = Annotated[
    RecipeName,
    typer.Option(
        help="How networks are trained: `proxy` for 5 epochs, `full` as the paper trains."
    ),
]
Epochs: TypeAlias = Annotated[
    float | None,
    typer.Option(help="For how many epochs networks are trained, instead of the recipe's number."),
]
Width: TypeAlias = Annotated[
    float, typer.Option(help="The width multiplier, by which the number of filters is scaled.")
]
InputSize: TypeAlias = Annotated[
    int | None,
    typer.Option(
        help="The height and width in pixels to which images are brought; by default 224, for "
        "small images 32.",
        min=32,
    ),
]
StemStride: TypeAlias = Annotated[
    int | None,
    typer.Option(
        help="The stride of the first convolution, instead of the network's own; 1 suits small "
        "images.",
        min=1,
    ),
]
RecipeValues: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change a value of the recipe, as in `--set batch_size=64`. It may be given several "
        "times.",
    ),
]
ValidationImages: TypeAlias = Annotated[
    int | None,
    typer.Option(
        help="How many training images are held out for validation; by default a tenth, at most "
        "50,000.",
        min=1,
    ),
]
TrainImages: TypeAlias = Annotated[
    int | None,
    typer.Option(help="How many of the remaining images are trained on; by default all.", min=1),
]
SplitSeed: TypeAlias = Annotated[
    int, typer.Option(help="The seed that chooses which images are held out.", min=0)
]
Broken: TypeAlias = Annotated[
    BrokenImages,
    typer.Option(
        help="What to do about a broken image: `fail` ends the command, `skip` leaves the image "
        "out."
    ),
]
Accelerator: TypeAlias = Annotated[
    str,
    typer.Option(
        "--accelerator", help="The processor that trains: `cpu`, `cuda`, `cuda:1`, `mps` or `auto`."
    ),
]
PrecisionOption: TypeAlias = Annotated[
    PrecisionName,
    typer.Option(
        help="The numbers that trainings compute with; `auto` is bf16 on a GPU, else 32 bits."
    ),
]
Loaders: TypeAlias = Annotated[
    int,
    typer.Option(
        help="How many processes decode images beside the training; with 0 the training does it.",
        min=0,
    ),
]
Threads: TypeAlias = Annotated[
    int, typer.Option(help="How many threads PyTorch uses on a CPU.", min=1)
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
