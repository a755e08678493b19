"""The benchmark of a run and architectures to begin with, as Python users give them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.interface.warned import LeftOutWarning
from nasbench_mobile.search.problem import taken_token_list
from nasbench_mobile.studies.starting_points import starting_points
from nasbench_mobile.types import Tokens

StartFrom: TypeAlias = str | Path | Sequence[Sequence[int]]
"""Token lists, names of models joined by commas, or the folder of an earlier study."""


def as_benchmark(given: Benchmark | str) -> Benchmark:
    """The benchmark that was given, or that of a name or path."""
    if isinstance(given, Benchmark):
        return given
    if isinstance(given, str):
        return load_benchmark(given)
    raise UsageError(
        f"benchmark is {given!r}; give a name such as 'imagenet-pixel1', the path of a TOML "
        "file, or what `load_benchmark` returns"
    )


def start_tokens(given: StartFrom, benchmark: Benchmark) -> tuple[Tokens, ...]:
    """Their tokens; `UsageError` or `InvalidNetworkError` says what is wrong."""
    if isinstance(given, str | Path):
        return starting_points(str(given), benchmark, _warn)
    if not isinstance(given, Sequence):
        raise UsageError(
            f"start_from is {given!r}; give token lists, names of models joined by commas, or the "
            "folder of a study"
        )
    if not len(given):
        return ()
    space = benchmark.build_space()
    return tuple(taken_token_list(place, tokens, space) for place, tokens in enumerate(given))


def _warn(damages: Sequence[str]) -> None:
    for damage in damages:
        warnings.warn(f"left out of what is started from: {damage}", LeftOutWarning, stacklevel=5)
