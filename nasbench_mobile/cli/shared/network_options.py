"""Options of `describe`, `export` and `measure` that say which network they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

WIDTH, INPUT_SIZE, CLASSES = 1.0, 224, 1000
"""The defaults of a network of which nothing else is said: the paper's full one, for ImageNet."""

From: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="The folder that `train --out` wrote. It stands in place of MODEL and of the options "
        "that say how a network is built.",
    ),
]
Width: TypeAlias = Annotated[
    float | None,
    typer.Option(
        help="The width multiplier, by which the number of filters is scaled; by default "
        f"{WIDTH:g}."
    ),
]
InputSize: TypeAlias = Annotated[
    int | None,
    typer.Option(
        help=f"The height and width of the images in pixels; by default {INPUT_SIZE}.", min=32
    ),
]
StemStride: TypeAlias = Annotated[
    int | None,
    typer.Option(help="The stride of the first convolution; by default the network's own.", min=1),
]
Classes: TypeAlias = Annotated[
    int | None,
    typer.Option(help=f"How many classes the network tells apart; by default {CLASSES:,}.", min=1),
]
Space: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="The search space that the tokens are of; by default the one with as many tokens."
    ),
]
