"""`compare`: strategies on a benchmark, as a study in a folder."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.errors import EvaluationError, StrategyError, UsageError
from nasbench_mobile.files.json_values import checked_whole_number
from nasbench_mobile.interface.starting import StartFrom, as_benchmark, start_tokens
from nasbench_mobile.interface.strategies import (
    CODE,
    NamedStrategy,
    StrategyLike,
    named,
    other_code,
    write_code,
)
from nasbench_mobile.interface.warned import FailedRunsWarning
from nasbench_mobile.plugins.calls import plugin_call
from nasbench_mobile.studies.plan import Plan, seeds_from
from nasbench_mobile.studies.study import MANIFEST, Listener, Study
from nasbench_mobile.studies.task import RunProgress


def compare(
    benchmark: Benchmark | str,
    strategies: Iterable[StrategyLike] | Mapping[str, StrategyLike],
    seeds: int | Sequence[int],
    budget: int,
    out: str | Path,
    *,
    jobs: int = 2,
    batch: int | None = None,
    workers: int | None = None,
    start_from: StartFrom = (),
    call_limit_s: float | None = None,
    rerun: Collection[str] = (),
    on_progress: Listener | None = None,
) -> Study:
    """Run strategies on a benchmark and keep all that they do in a folder.

    The same call on the same folder goes on where it was stopped, and does nothing where all is
    done. `nasbench-mobile report` and `resume` open the folder too; `resume --trust` where a class
    was written in a notebook or script, whose code then lies in the folder's `code`.

    Args:
        benchmark: A benchmark, its name, or the path of its TOML file.
        strategies: A list of strategies, or a map from labels to them. Each is a name with options
            after a colon, as on the command line, or a class or function that is called as
            `strategy(decisions, seed, budget, **options)`; `functools.partial` fixes options.
        seeds: How many runs each strategy has, of the seeds 0, 1, ..., or the seeds themselves.
        budget: Proposals of each run, in full trainings; repeats are charged.
        out: The study's folder: a new or empty one, or that of the same study.
        jobs: Worker processes.
        batch: Proposals that are asked for at once; None leaves it to each strategy.
        workers: Proposals in flight, told as they finish in simulated time; None asks by batches.
        start_from: Architectures that all runs begin with, charged to the budget: token lists,
            names of models, or the folder of an earlier study.
        call_limit_s: Seconds that a call of a strategy, or an evaluation, may take; None is an hour
            for plugins and no limit for what is built in.
        rerun: Labels of strategies whose runs are done again; the old logs are kept aside.
        on_progress: Called with a `RunProgress` now and then, for each run.

    Returns:
        The study, whose `leaderboard()`, `verdict`, `plot(name)` and `to_frame()` tell what came
        out. A run that failed keeps its reason there, and a warning names the first.

    Raises:
        UsageError: Something that was given is wrong; no run has begun.
        StrategyError: A class that was written in the session cannot be built from its own code.
        EvaluationError: Every run failed before it had a trial.
    """
    task = as_benchmark(benchmark)
    if not isinstance(out, str | PathLike):
        raise UsageError(f"out is {out!r}; give the path of the study's folder")
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; give the study's folder as `out`")
    found = _named(strategies, folder)
    plan = Plan(
        task,
        tuple(one.spec for one in found.values()),
        _seeds(seeds),
        budget,
        batch,
        start_tokens(start_from, task),
        workers,
    )
    jobs = checked_whole_number("jobs", jobs, 1)
    study = _study(folder, plan, found, rerun)
    failures: list[RunProgress] = []

    def heard(message: RunProgress) -> None:
        if message.ended and message.failure:
            failures.append(message)
        if on_progress is not None:
            on_progress(message)

    study.run(jobs, heard, call_limit_s=call_limit_s)
    _tell(failures, study)
    return study


def _named(
    strategies: Iterable[StrategyLike] | Mapping[str, StrategyLike], folder: Path
) -> dict[str, NamedStrategy]:
    """Strategies by label, in order."""
    if isinstance(strategies, str) or not isinstance(strategies, Iterable):
        raise UsageError(
            f"strategies is {strategies!r}; give a list of strategies, or a map from labels to them"
        )
    if isinstance(strategies, Mapping):
        given = [named(one, folder / CODE, str(label)) for label, one in strategies.items()]
    else:
        given = [named(one, folder / CODE) for one in strategies]
    found: dict[str, NamedStrategy] = {}
    for one in given:
        if found.setdefault(one.spec.label, one) is not one:
            raise UsageError(
                f"two strategies have the label {one.spec.label!r}; give a map from labels to them"
            )
    return found


def _seeds(given: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(given, Iterable) and not isinstance(given, str):
        return tuple(given)
    return seeds_from(0, given)  # which says what is no whole number


_REMEDY = (
    "give another folder as `out`, or name it in `rerun`, which does its runs again and lays the "
    "old ones aside"
)


def _study(
    folder: Path, plan: Plan, found: Mapping[str, NamedStrategy], rerun: Collection[str]
) -> Study:
    """The study of a plan, whose strategies' code is what its runs were made by."""
    begun = (folder / MANIFEST).is_file()
    if not begun and folder.is_dir() and any(path.name != CODE for path in folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no study; give another folder as `out`")
    kept = {label: one for label, one in found.items() if label not in rerun}
    write_code(kept, keep=begun, remedy=_REMEDY)
    write_code(found, keep=False)
    _build(plan, found)
    study = Study.create(folder, plan, beside=(CODE,))
    changed = [label for label in study.labels_of_other_code() if label not in rerun]
    if changed:
        raise UsageError(other_code(changed[0], _REMEDY))
    if rerun:
        study.rerun(rerun)
    return study


def _build(plan: Plan, found: Mapping[str, NamedStrategy]) -> None:
    """Build each strategy whose code was written to a file, to see that the file has all of it."""
    decisions = plan.benchmark.decisions
    for one in found.values():
        if one.source is not None:
            with plugin_call(f"building {one.spec.label} from {one.file}", StrategyError):
                catalog.build_strategy(one.spec, decisions, plan.seeds[0], plan.budget)


def _tell(failures: Sequence[RunProgress], study: Study) -> None:
    """Warn of runs that failed; `EvaluationError` where there is nothing else."""
    if not failures:
        return
    first = failures[0]
    text = f"{first.label} seed {first.seed}: {first.failure}"
    if not any(run.trials for run in study.all_runs()):
        raise EvaluationError(f"every run failed; the first said: {text}")
    warnings.warn(
        f"{len(failures)} of {len(study.plan.strategies) * len(study.plan.seeds)} runs failed; "
        f"the first is {text}",
        FailedRunsWarning,
        stacklevel=3,
    )
