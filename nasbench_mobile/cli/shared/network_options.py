"""Options of `describe`, `export` and `measure` that say which network they are of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

WIDTH, INPUT_SIZE, CLASSES = 1.0, 224, 1000
"""Of a network of which nothing else is said: the paper's full one, for ImageNet."""

From: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="What `train --out` wrote, in place of MODEL and of all that says how it is built.",
    ),
]
DepthMultiplier: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--depth-multiplier", "--width", help=f"Scales the number of filters; default {WIDTH:g}."
    ),
]
InputSize: TypeAlias = Annotated[
    int | None, typer.Option(help=f"The images' side in pixels; default {INPUT_SIZE}.", min=32)
]
StemStride: TypeAlias = Annotated[
    int | None, typer.Option(help="The stride of the stem; default: the network's own.", min=1)
]
Classes: TypeAlias = Annotated[
    int | None, typer.Option(help=f"How many classes it tells apart; default {CLASSES:,}.", min=1)
]
Space: TypeAlias = Annotated[
    str | None, typer.Option(help="The space of the tokens; default: the one with as many tokens.")
]
