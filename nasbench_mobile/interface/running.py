"""`run`: one strategy on one benchmark, in this process."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.errors import NasbenchError, StrategyError, UsageError
from nasbench_mobile.interface.result import Result
from nasbench_mobile.interface.starting import StartFrom, as_benchmark, start_tokens
from nasbench_mobile.interface.strategies import (
    CODE,
    StrategyLike,
    named,
    parsed,
    unwrapped,
    write_code,
)
from nasbench_mobile.interface.warned import FailedRunsWarning
from nasbench_mobile.plugins.calls import plugin_call
from nasbench_mobile.plugins.time_limits import checked_limit
from nasbench_mobile.runs.event_log import read_run
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.progress import Progress
from nasbench_mobile.studies.identity import code_now
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.possible import check_abilities, check_plan
from nasbench_mobile.studies.task import Task, perform, search_of
from nasbench_mobile.types import StrategySpec, Tokens

Watch: TypeAlias = Callable[[Progress], object]
"""Hears after every tell how far the run is, and stops it by answering True."""


def run(
    strategy: StrategyLike,
    benchmark: Benchmark | str,
    budget: int,
    seed: int = 0,
    *,
    batch: int | None = None,
    workers: int | None = None,
    start_from: StartFrom = (),
    log: str | Path | None = None,
    call_limit_s: float | None = None,
    on_progress: Watch | None = None,
    **options: Any,
) -> Result:
    """Run one strategy on a benchmark, in this process, and return what it found.

    Args:
        strategy: A name with options after a colon, as on the command line, or a class or function
            that is called as `strategy(decisions, seed, budget, **options)`.
        benchmark: A benchmark, its name, or the path of its TOML file.
        budget: Proposals, in full trainings; repeats are charged.
        seed: That of the strategy, and of the noise on a noisy benchmark.
        batch: Proposals that are asked for at once; None leaves it to the strategy.
        workers: Proposals in flight, told as they finish in simulated time; None asks by batches.
        start_from: Architectures to begin with, charged to the budget: token lists, names of
            models, or the folder of a study.
        log: A file that every trial is written into as it is told. The same call on the same file
            goes on where it was stopped. None keeps the run in memory alone. The text of a class
            that was written in a notebook or a script is kept beside it, in `NAME-code`.
        call_limit_s: Seconds that a call of the strategy, or an evaluation, may take.
        on_progress: Called with a `Progress` after every tell; answering True stops the run.
        options: Of the strategy.

    Returns:
        The result. Where the strategy breaks its contract, or too many evaluations fail, its
        `failure` says so in a sentence, a warning repeats it, and what was done by then is there.

    Raises:
        UsageError: Something that was given is wrong; the run has not begun.
        StrategyError: The strategy cannot be built.
    """
    task = as_benchmark(benchmark)
    if log is not None and not isinstance(log, str | PathLike):
        raise UsageError(f"log is {log!r}; give the path of a file, or None")
    start = start_tokens(start_from, task)
    chosen = _with_options(strategy, options)

    given = _Given(task, seed, budget, batch, workers, start, checked_limit(call_limit_s))
    found = (
        given.in_memory(chosen, on_progress)
        if log is None
        else given.in_file(chosen, Path(log), on_progress)
    )
    if found.failure is not None:
        warnings.warn(f"the run ended early: {found.failure}", FailedRunsWarning, stacklevel=2)
    return Result(task, found)


def _with_options(strategy: StrategyLike, options: dict[str, Any]) -> StrategyLike:
    """The strategy with more options; `UsageError` where it has one of them already."""
    spec = parsed(strategy) if isinstance(strategy, str) else strategy
    has = spec.options if isinstance(spec, StrategySpec) else unwrapped(spec)[1]
    if twice := sorted(has.keys() & options.keys()):
        raise UsageError(f"option {twice[0]!r} of the strategy is given twice; give it once")
    if isinstance(spec, StrategySpec):
        return replace(spec, options={**has, **options})
    return partial(spec, **options)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a run was asked for, but for its strategy."""

    benchmark: Benchmark
    seed: int
    budget: int
    batch: int | None
    workers: int | None
    start: tuple[Tokens, ...]
    limit_s: float | None

    def _plan(self, spec: StrategySpec) -> Plan:
        return Plan(
            self.benchmark, (spec,), (self.seed,), self.budget, self.batch, self.start, self.workers
        )

    def in_memory(self, strategy: StrategyLike, watch: Watch | None) -> Run:
        """Run the strategy's class itself, in whatever way it came about."""
        spec, code, factory = _identified(strategy)
        plan = self._plan(spec)
        check_abilities(factory, spec.label, plan)
        problem = replace(self.benchmark.build(self.seed), call_limit_s=self.limit_s)
        decisions = problem.space.decisions
        catalog.check_options(factory, "strategy", spec.label, spec.options)
        with plugin_call("building the strategy", StrategyError, self.limit_s):
            built = factory(decisions, plan.seeds[0], plan.budget, **spec.options)
        header = RunHeader(
            self.benchmark.record(), self.benchmark.hash, spec, plan.seeds[0], plan.budget,
            plan.batch, plan.start, plan.workers, code=code,
            defaults=catalog.known_defaults(factory),
        )  # fmt: skip
        watched = _Watched(watch)
        search = search_of(plan, built, problem, None, watched, self.limit_s, header)
        reason: str | None = None
        try:
            search.drive()
        except NasbenchError as error:
            reason = str(error)
        failure, stopped = (None, reason) if watched.stopped else (reason, None)
        return replace(search.so_far(), failure=failure, stopped=stopped)

    def in_file(self, strategy: StrategyLike, log: Path, watch: Watch | None) -> Run:
        """Run, or go on with, what a log holds, by code that can be found again."""
        one = named(strategy, log.with_name(f"{log.stem}-{CODE}"))
        write_code({one.spec.label: one}, keep=log.exists(), remedy="give another log")
        plan = self._plan(one.spec)
        check_plan(plan)
        with plugin_call("building the strategy", StrategyError, self.limit_s):
            catalog.build_strategy(one.spec, self.benchmark.decisions, plan.seeds[0], plan.budget)
        watched = _Watched(watch)
        task = Task(plan, one.spec, plan.seeds[0], log, call_limit_s=self.limit_s)
        reason = perform(task, on_progress=watched).failure
        found = read_run(log)
        if found.finished or found.failure is not None:
            return found
        return replace(found, stopped=reason) if watched.stopped else replace(found, failure=reason)


def _identified(strategy: StrategyLike) -> tuple[StrategySpec, str | None, Any]:
    """A strategy's spec, its code (None where that is not to be had), and its factory."""
    if isinstance(strategy, str | StrategySpec):
        spec = named(strategy, Path()).spec
        return spec, code_now(spec.name), catalog.load("strategy", spec.name)
    thing, options = unwrapped(strategy)
    try:
        one = named(strategy, Path())
    except UsageError:  # it runs all the same: nothing has to find it again
        return StrategySpec(thing.__name__, options), None, thing
    if one.source is not None:
        return StrategySpec(thing.__name__, options), f"sha256:{one.sha256}", thing
    return one.spec, code_now(one.spec.name), thing


class _Watched:
    """Asks the user's watch, and remembers whether it stopped the run."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch, self.stopped = watch, False

    def __call__(self, progress: Progress) -> bool:
        self.stopped = self._watch is not None and self._watch(progress) is True
        return self.stopped
