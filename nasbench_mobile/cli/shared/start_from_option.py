"""`--start-from`: known architectures, and on standard error which damaged runs gave none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.cli.shared.output import say_left_out
from nasbench_mobile.studies import starting_points as library

if TYPE_CHECKING:
    from nasbench_mobile.benchmark import Benchmark
    from nasbench_mobile.types import Tokens


def starting_points(text: str, benchmark: Benchmark) -> tuple[Tokens, ...]:
    """Tokens of models, or of the best of a study's folder, as `studies.starting_points` says."""
    return library.starting_points(
        text, benchmark, lambda damages: say_left_out(damages, library.NOTHING_TAKEN)
    )
