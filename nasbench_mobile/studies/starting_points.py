"""Known architectures that runs begin with: named models, or the best of an earlier study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.runs.run import ranked_results
from nasbench_mobile.studies.manifest import MANIFEST
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Tokens

BEST = 10
"""Architectures taken from an earlier study: our choice, a tenth of evolution's population."""

NOTHING_TAKEN = "no architecture to start from is taken from it"
"""What it means for a run that its log is damaged."""


def starting_points(
    text: str, benchmark: Benchmark, say_damages: Callable[[Sequence[str]], None]
) -> tuple[Tokens, ...]:
    """Tokens of reference models (`mnasnet-a1,mobilenet-v2`) or of the best of a study's folder.

    `say_damages` is given what is said of runs that are left out because their logs are damaged.
    `InvalidNetworkError` where a model is not of the benchmark's space, `UsageError` where an
    earlier study is of another space.
    """
    folder = Path(text)
    if (folder / MANIFEST).is_file():
        return _best_of(folder, benchmark, say_damages)
    from nasbench_mobile.networks.zoo import network

    space = benchmark.build_space()
    return tuple(space.encode(network(name.strip())) for name in text.split(","))


def _best_of(
    folder: Path, benchmark: Benchmark, say_damages: Callable[[Sequence[str]], None]
) -> tuple[Tokens, ...]:
    """The distinct architectures of highest reward that a study trained in full, best first.

    Of an architecture that several runs trained, the first run's reward counts.
    """
    study = Study.open(folder)
    there, here = study.plan.benchmark.space, benchmark.space
    if (there.name, there.options) != (here.name, here.options):
        raise UsageError(
            f"the study in {folder} is on space {there.name!r} and this one on {here.name!r}; "
            "start from a study of the same space"
        )
    space = study.plan.benchmark.build_space()
    rewards: dict[Tokens, tuple[float, Tokens]] = {}
    runs, damages = study.sound_runs()
    say_damages(damages)
    for run in runs:
        for position in ranked_results(run.trials):
            trial = run.trials[position]
            found = (trial.reward or 0.0, trial.tokens)
            rewards.setdefault(space.canonical(trial.tokens), found)
    if not rewards:
        raise UsageError(
            f"the study in {folder} has trained nothing in full, so there is nothing to start "
            "from; name another folder or models"
        )
    best = sorted(rewards.values(), key=lambda found: -found[0])[:BEST]
    return tuple(tokens for _, tokens in best)
