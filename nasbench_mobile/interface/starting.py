"""Architectures to begin with, as Python users give them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.interface.warned import LeftOutWarning
from nasbench_mobile.search.problem import taken_token_list
from nasbench_mobile.studies.starting_points import starting_points
from nasbench_mobile.types import Tokens

StartFrom: TypeAlias = str | Path | Sequence[Sequence[int]]
"""Token lists, names of models joined by commas, or the folder of an earlier study."""


def start_tokens(given: StartFrom, benchmark: Benchmark) -> tuple[Tokens, ...]:
    """Their tokens; `UsageError` or `InvalidNetworkError` says what is wrong."""
    if isinstance(given, str | Path):
        return starting_points(str(given), benchmark, _warn)
    if not len(given):
        return ()
    space = benchmark.build_space()
    return tuple(taken_token_list(place, tokens, space) for place, tokens in enumerate(given))


def _warn(damages: Sequence[str]) -> None:
    for damage in damages:
        warnings.warn(f"left out of what is started from: {damage}", LeftOutWarning, stacklevel=5)
