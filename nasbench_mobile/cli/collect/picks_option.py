"""The picks of a comparison, as `collect` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench_mobile.cli.shared.output import say_left_out

if TYPE_CHECKING:
    from nasbench_mobile.collecting.picks import Pick
    from nasbench_mobile.protocols import SearchSpace


Picks = Annotated[
    Path | None,
    typer.Option(help="The folder of a comparison, whose runs' best architectures are taken."),
]


def picks_of(study: Path, space: SearchSpace) -> list[Pick]:
    """What every run of a comparison would pick.

    Runs whose logs are damaged are left out, and named on standard error.
    """
    from nasbench_mobile.collecting.picks import picks
    from nasbench_mobile.studies.study import Study

    runs, damages = Study.open(study).sound_runs()
    say_left_out(damages, "its pick is not known, and its strategy is judged by fewer seeds")
    return picks(space, runs)
