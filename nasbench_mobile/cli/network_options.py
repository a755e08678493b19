"""Options of `describe`, `export` and `measure` that say which network they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

WIDTH, INPUT_SIZE, CLASSES = 1.0, 224, 1000
"""Of a network of which nothing else is said: the paper's full one, for ImageNet."""

From: TypeAlias = Annotated[
    Path | None,
    typer.Option("--from", help="Folder of a `train`, instead of MODEL: its record says the rest."),
]
DepthMultiplier: TypeAlias = Annotated[
    float | None,
    typer.Option("--depth-multiplier", "--width", help=f"Scales the filters; default {WIDTH:g}."),
]
InputSize: TypeAlias = Annotated[
    int | None, typer.Option(help=f"Image side in pixels; default {INPUT_SIZE}.", min=32)
]
StemStride: TypeAlias = Annotated[
    int | None, typer.Option(help="The stem's stride; default: the network's own.", min=1)
]
Classes: TypeAlias = Annotated[
    int | None, typer.Option(help=f"Number of classes; default {CLASSES:,}.", min=1)
]
Space: TypeAlias = Annotated[
    str | None, typer.Option(help="Space of the tokens; default: the one with as many tokens.")
]
