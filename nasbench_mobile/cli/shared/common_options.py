"""Options that mean the same in every command that has them."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run code of files that lie in the study's folder, or that differ from what it "
        "recorded.",
    ),
]


Force = Annotated[bool, typer.Option("--force", help="Write over files that are there already.")]
