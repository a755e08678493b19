"""One run of a study: what a worker process is given, does, and says of it."""

from __future__ import annotations

import itertools
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_mobile import catalog
from nasbench_mobile.errors import LogError, NasbenchError, StrategyError, UsageError
from nasbench_mobile.evaluators.training_time import training_time_s
from nasbench_mobile.executors.pools import SimulatedPool
from nasbench_mobile.executors.worker import channel
from nasbench_mobile.files.atomic_files import held
from nasbench_mobile.metrics.columns import columns
from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.plugins.calls import plugin_call
from nasbench_mobile.plugins.time_limits import PLUGIN_LIMIT_S
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog, has_begun, read_log, read_run
from nasbench_mobile.runs.events import End
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.asynchronous import EvaluationJob
from nasbench_mobile.search.loop import Search
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.search.progress import OnProgress, Progress
from nasbench_mobile.studies.crashes import cautious
from nasbench_mobile.studies.identity import Made, code_now, defaults_now, needed_by, with_defaults
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.provenance import environment, versions
from nasbench_mobile.types import StrategySpec

MESSAGE_INTERVAL_S = 0.25
"""The least number of seconds between two messages of a run to its parent."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run: everything a worker needs, and the log it writes."""

    plan: Plan
    strategy: StrategySpec
    seed: int
    log: Path
    made: Made | None = None
    """The code that, by the study, makes the strategy's results; None means the code there is now.
    """

    call_limit_s: float | None = None
    """Seconds that a call of the strategy, or measuring one proposal, may take; None leaves it to
    `PLUGIN_LIMIT_S` for what is not built in, and to no limit for what is."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A message about one run: how far, the best reward seen, whether it has ended and how.

    `charged` is what was spent of the budget, in full trainings. A message with a `note` says
    nothing else: it is a sentence for whoever reads the results.
    """

    label: str
    seed: int
    charged: float
    best_reward: float
    ended: bool = False
    failure: str | None = None
    note: str | None = None


def perform(
    task: Task, problem: Problem | None = None, on_progress: OnProgress | None = None
) -> RunProgress:
    """Run or resume one task; runs in a worker. Returns how it ended.

    `problem` is that of the plan's benchmark, where it is not to be built, in a process that is no
    worker; `on_progress` hears of it instead of the parent of the worker.
    """
    try:
        task.log.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(
            f"{task.log.parent} cannot be a folder of logs ({error.strerror or error}); move away "
            "what is there, and `nasbench-mobile resume` does its runs"
        ) from None
    with held(task.log):
        return _perform(task, problem, on_progress)


def damaged(task: Task, error: LogError) -> RunProgress:
    """What is said of a run whose log cannot be gone on with."""
    return RunProgress(task.strategy.label, task.seed, 0.0, float("-inf"), True, str(error))


def ended(task: Task, run: Run) -> RunProgress:
    """What is said of a run that had ended before."""
    scored = columns(run).reward
    best = float(np.nanmax(scored)) if not np.isnan(scored).all() else float("-inf")
    return RunProgress(task.strategy.label, task.seed, run.charged, best, True, run.failure)


def _perform(task: Task, problem: Problem | None, on_progress: OnProgress | None) -> RunProgress:
    label, last = task.strategy.label, Progress()
    here, problem = problem is not None, problem or task.plan.benchmark.build(task.seed)
    problem = cautious(problem, task.log, unseen=here)
    problem = replace(problem, call_limit_s=_evaluation_limit_s(task))
    try:
        log, header, history = _open_log(task, problem)
    except _AlreadyEnded:
        return ended(task, read_run(task.log))
    with log:
        report = on_progress or _Reporter(label, task.seed)
        failure: str | None = None
        try:
            spec = with_defaults(task.strategy, header.defaults)
            search = _search(task, spec, problem, log, report)
        except StrategyError as error:
            log.write(End(str(error)))
            return RunProgress(label, task.seed, 0.0, last.best_reward, True, str(error))
        try:
            search.drive(history)
        except NasbenchError as error:
            failure = str(error)
        last = search.progress
    return RunProgress(label, task.seed, last.charged, last.best_reward, True, failure)


def _search(
    task: Task, spec: StrategySpec, problem: Problem, log: EventLog, report: OnProgress
) -> Search:
    """The search of a task by the strategy of `spec`, which gives every recorded option."""
    limit_s = _strategy_limit_s(task)
    with plugin_call("building the strategy", StrategyError, limit_s):
        strategy = catalog.build_strategy(
            spec, problem.space.decisions, task.seed, task.plan.budget
        )
    return search_of(task.plan, strategy, problem, log, report, limit_s)


def search_of(
    plan: Plan,
    strategy: Strategy,
    problem: Problem,
    log: EventLog | None,
    report: OnProgress | None,
    limit_s: float | None,
    header: RunHeader | None = None,
) -> Search:
    """One run of a plan by a strategy that is built; `limit_s` is that of one of its calls.

    Without a log its trials are kept in memory, for a run whose header is `header`.
    """
    workers = plan.workers
    pool = None if workers is None else SimulatedPool(problem.evaluate_one, _duration_s, workers)
    return Search(
        strategy, problem, plan.budget,
        batch=plan.batch, pool=pool, start=plan.start, log=log,
        on_progress=report, call_limit_s=limit_s, header=header,
    )  # fmt: skip


def _strategy_limit_s(task: Task) -> float | None:
    own = catalog.code_behind("strategy", task.strategy.name) is not None
    return task.call_limit_s or (PLUGIN_LIMIT_S if own else None)


def _evaluation_limit_s(task: Task) -> float | None:
    benchmark = task.plan.benchmark
    own = (
        catalog.code_behind("accuracy evaluator", benchmark.accuracy.name) is not None
        or catalog.code_behind("latency evaluator", benchmark.latency.name) is not None
    )
    return task.call_limit_s or (PLUGIN_LIMIT_S if own else None)


def _duration_s(job: EvaluationJob, _: object) -> float:
    architecture, fidelity = job
    return fidelity * training_time_s(architecture)


class _AlreadyEnded(Exception):
    """The run that a log tells of is at its end."""


def _open_log(task: Task, problem: Problem) -> tuple[EventLog, RunHeader, tuple[Any, ...]]:
    _set_aside_torn_header(task)
    if not task.log.exists():
        header = make_header(task, problem)
        return EventLog.create(task.log, header), header, ()
    contents = read_log(task.log)
    check_header(task, contents.header)
    if contents.end is not None:
        raise _AlreadyEnded
    header = make_header(task, problem)
    _check_code(task, contents.header, header)
    if task.plan.workers is not None:
        # A simulated clock starts at 0: the run is deterministic and free, so it starts over.
        header = replace(header, defaults=contents.header.defaults or header.defaults)
        task.log.unlink()
        return EventLog.create(task.log, header), header, ()
    if contents.torn_bytes:
        _note(
            task,
            f"{task.log}: the last {contents.torn_bytes:,} bytes are a line that a process died "
            "while writing; they are dropped, and what they told is evaluated again",
        )
    return EventLog.reopen(task.log, contents), contents.header, contents.events


def _set_aside_torn_header(task: Task) -> None:
    """A log that a killed process had only begun the header of is kept under another name.

    One without a byte is removed: the run has not begun.
    `LogError` where a log without a whole line is anything else: it is not this package's to move.
    """
    log = task.log
    if not log.exists():
        return
    with log.open("rb") as file:
        line = file.readline()
    if line.endswith(b"\n"):
        return
    if not line:
        log.unlink()
        return
    if has_begun(log):
        raise LogError(
            f"{log} is not an event log, nor the beginning of one ({len(line):,} bytes without a "
            "line end); move it away, and `nasbench-mobile resume` does the run"
        )
    aside = log.with_name(f"{log.name}.torn")
    for number in itertools.count(2):
        if not aside.exists():
            break
        aside = log.with_name(f"{log.name}.torn-{number}")
    log.rename(aside)
    _note(
        task,
        f"{log} held only {len(line):,} bytes of its header, because a process died while it wrote "
        f"them; they lie in {aside.name}, and the run begins again",
    )


def _note(task: Task, text: str) -> None:
    """Tell the parent a sentence; where there is none, in `run_here`, it goes to standard error."""
    parent = channel()
    if parent is None:
        print(text, file=sys.stderr, flush=True)
    else:
        parent.send(RunProgress(task.strategy.label, task.seed, 0.0, float("-inf"), note=text))


def _check_code(task: Task, then: RunHeader, now: RunHeader) -> None:
    """`LogError` where a log was begun by other code than would go on with it."""
    if then.code not in (None, now.code):
        raise LogError(
            f"{task.log} was begun by other code of {task.strategy.label} than there is now; do "
            f"that strategy's runs again (--rerun {shlex.quote(task.strategy.label)}), or bring "
            "the old code back"
        )


def make_header(task: Task, problem: Problem) -> RunHeader:
    """The first line of a run's log. What evaluators call themselves is added for captions.

    `UsageError` where the strategy's code is not what the study says.
    """
    benchmark, name, made = task.plan.benchmark, task.strategy.name, task.made
    code = code_now(name)
    if made is not None and made.code not in (None, code):
        raise UsageError(
            f"the code of {task.strategy.label} has changed since its study was begun; go on with "
            "`nasbench-mobile resume`, which says what to do"
        )
    known = made is not None and made.code is not None
    defaults = made.defaults if made and known else defaults_now(task.strategy)
    record = benchmark.record()
    record["accuracy"]["label"] = problem.noise_free.label
    latency = problem.latency
    record["latency"].update(label=latency.label, device=latency.device, kind=latency.kind)
    return RunHeader(
        benchmark=record,
        benchmark_hash=benchmark.hash,
        strategy=task.strategy,
        seed=task.seed,
        budget=task.plan.budget,
        batch=task.plan.batch,
        start=task.plan.start,
        workers=task.plan.workers,
        versions=versions(_libraries(task)),
        environment=dict(environment()),
        code=code,
        defaults=dict(defaults),
    )


def _libraries(task: Task) -> list[str]:
    """Distributions behind the strategy and the benchmark's parts, beside our own."""
    benchmark = task.plan.benchmark
    named: list[tuple[catalog.CatalogKind, str]] = [
        ("strategy", task.strategy.name),
        ("space", benchmark.space.name),
        ("accuracy evaluator", benchmark.accuracy.name),
        ("latency evaluator", benchmark.latency.name),
    ]
    if isinstance(benchmark.objective, OwnObjective):
        named.append(("objective", benchmark.objective.spec.name))
    return [library for kind, name in named for library in needed_by(kind, name)]


def check_header(task: Task, header: RunHeader) -> None:
    wanted = {
        "benchmark_hash": task.plan.benchmark.hash,
        "strategy": task.strategy,
        "seed": task.seed,
        "budget": task.plan.budget,
        "batch": task.plan.batch,
        "start": task.plan.start,
        "workers": task.plan.workers,
    }
    for name, value in wanted.items():
        found = getattr(header, name)
        if found != value:
            raise LogError(
                f"{task.log}: its header has {name} {found!r}, but the study has {value!r}; the "
                "log belongs to another study or benchmark version"
            )


class _Reporter:
    """Sends a run's progress to the parent, not too often, and says whether to stop."""

    def __init__(self, label: str, seed: int) -> None:
        self._label, self._seed = label, seed
        self._sent = 0.0

    def __call__(self, progress: Progress) -> bool:
        parent = channel()
        if parent is None:
            return False
        now = time.monotonic()
        if now - self._sent > MESSAGE_INTERVAL_S:
            self._sent = now
            parent.send(
                RunProgress(self._label, self._seed, progress.charged, progress.best_reward)
            )
        return parent.stopped
