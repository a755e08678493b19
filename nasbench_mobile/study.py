"""A study: strategies x seeds on one benchmark, each run in its own log, resumable as a whole."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.errors import LogError, NasbenchError, UsageError
from nasbench_mobile.executors.processes import Workers, channel, workers
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.problem import Problem
from nasbench_mobile.provenance import environment, versions
from nasbench_mobile.runs import Run, RunHeader
from nasbench_mobile.search import Interrupted, Progress, Search
from nasbench_mobile.store import EventLog, read_log, read_run
from nasbench_mobile.types import StrategySpec, Tokens

MANIFEST = "study.json"
MESSAGE_INTERVAL_S = 0.25


@dataclass(frozen=True)
class Plan:
    """What a study runs. `seeds` are the runs' seeds; `batch` None leaves it to each strategy.

    `start` holds architectures that every run evaluates first and learns from (charged), so that
    all strategies of a study start alike.
    """

    benchmark: Benchmark
    strategies: tuple[StrategySpec, ...]
    seeds: tuple[int, ...]
    budget: int
    batch: int | None = None
    start: tuple[Tokens, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("budget", self.budget), ("seeds", len(self.seeds))):
            if value < 1:
                raise UsageError(f"{name} is {value}; it must be at least 1")
        if self.batch is not None and self.batch < 1:
            raise UsageError(f"batch is {self.batch}; it must be at least 1")
        if not self.strategies:
            raise UsageError("no strategies given; name at least one")

    def to_json(self) -> dict[str, Any]:
        benchmark = self.benchmark
        objective = benchmark.objective
        return {
            "schema": 1,
            "benchmark": benchmark.source,
            "objective": f"{objective.alpha!r},{objective.beta!r}",
            "target_ms": objective.target_ms,
            "benchmark_hash": benchmark.hash,
            "strategies": [asdict(spec) for spec in self.strategies],
            "seeds": list(self.seeds),
            "budget": self.budget,
            "batch": self.batch,
            "start": [list(tokens) for tokens in self.start],
        }


@dataclass(frozen=True, slots=True)
class Task:
    """One run: everything a worker needs, and the log it writes."""

    plan: Plan
    strategy: StrategySpec
    seed: int
    log: Path


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A message about one run: how far, the best reward seen, whether it has ended and how."""

    label: str
    seed: int
    trials: int
    best_reward: float
    ended: bool = False
    failure: str | None = None


Listener = Callable[[RunProgress], None]


class Study:
    """A folder with a manifest, `runs/STRATEGY/seed-NNNN.jsonl`, and later the report."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan

    @classmethod
    def create(cls, folder: Path, plan: Plan) -> Study:
        """Start a study in an empty or new folder, or take up the very same one again."""
        for spec in plan.strategies:
            factory = catalog.load("strategy", spec.name)
            catalog.check_options(factory, "strategy", spec.name, spec.options)
            if plan.start and not hasattr(factory, "start"):
                raise UsageError(
                    f"strategy {spec.label!r} cannot start from known architectures (it has no "
                    "method `start`); leave it out or start all cold"
                )
        manifest = folder / MANIFEST
        if manifest.is_file():
            found = json.loads(manifest.read_text())
            wanted = json.loads(json.dumps(plan.to_json()))
            if found != wanted:
                keys = [key for key in wanted if found.get(key) != wanted[key]]
                raise UsageError(
                    f"{folder} holds another study (its {', '.join(keys)} differ); give another "
                    f"--out, or go on with that one: nasbench-mobile resume {folder}"
                )
        elif folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty and holds no study; give another --out")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(manifest, json.dumps(plan.to_json(), indent=2) + "\n")
        return cls(folder, plan)

    @classmethod
    def open(cls, folder: Path) -> Study:
        """A study from its folder; `LogError` where its benchmark is now another version."""
        manifest = folder / MANIFEST
        if not manifest.is_file():
            raise UsageError(f"{folder} holds no study: there is no {MANIFEST} in it")
        try:
            data = json.loads(manifest.read_text())
            benchmark = load_benchmark(data["benchmark"]).with_objective(
                data["objective"], data["target_ms"]
            )
            plan = Plan(
                benchmark=benchmark,
                strategies=tuple(StrategySpec(**spec) for spec in data["strategies"]),
                seeds=tuple(data["seeds"]),
                budget=data["budget"],
                batch=data["batch"],
                start=tuple(tuple(tokens) for tokens in data.get("start", ())),
            )
            recorded = data["benchmark_hash"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise LogError(f"{manifest} is damaged: {type(error).__name__}: {error}") from None
        if recorded != benchmark.hash:
            raise LogError(
                f"{folder} was made on {benchmark.name} with hash {recorded[:12]}, but here that "
                f"benchmark has hash {benchmark.hash[:12]}: results of two versions are never "
                "mixed; use the version of nasbench-mobile that made it"
            )
        return cls(folder, plan)

    @property
    def command(self) -> str:
        """A command that makes this study again."""
        plan = self.plan
        seeds = plan.seeds
        words = [
            "nasbench-mobile compare",
            f"--benchmark {plan.benchmark.source}",
            f"--strategies {','.join(spec.label for spec in plan.strategies)}",
            f"--seeds {len(seeds)}",
            f"--first-seed {seeds[0]}" if seeds[0] else "",
            f"--budget {plan.budget}",
            f"--objective {plan.benchmark.objective.name}",
            f"--target-ms {plan.benchmark.objective.target_ms:g}",
            f"--batch {plan.batch}" if plan.batch else "",
            f"--out {self.folder}",
        ]
        return " ".join(word for word in words if word)

    def tasks(self) -> Iterator[Task]:
        """Every run, seed by seed, so that all strategies advance together."""
        for seed in self.plan.seeds:
            for spec in self.plan.strategies:
                log = self.folder / "runs" / _slug(spec.label) / f"seed-{seed:04d}.jsonl"
                yield Task(self.plan, spec, seed, log)

    def run(self, jobs: int, listen: Listener = lambda _: None) -> None:
        """Do what is left to do in `jobs` worker processes.

        On Ctrl-C workers stop at their next batch; every log stays resumable. A run that fails
        leaves its reason in its log and in `failure` of its last message; others go on.
        """
        with workers(jobs) as pool:
            futures: dict[Future[RunProgress], Task] = {
                pool.executor.submit(perform, task): task for task in self.tasks()
            }
            try:
                _follow(pool, futures, listen)
            except BrokenProcessPool:
                raise NasbenchError(
                    "a worker process died (killed, or out of memory?); what its run has logged "
                    f"is safe: go on with `nasbench-mobile resume {self.folder}`"
                ) from None

    def runs(self) -> list[Run]:
        """Every run that has a log, read; unfinished and failed ones too."""
        return [_read_checked(task) for task in self.tasks() if task.log.exists()]


def _follow(pool: Workers, futures: dict[Future[RunProgress], Task], listen: Listener) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=0.1, return_when=FIRST_COMPLETED)
        pool.drain(listen)
        for future in done:
            listen(future.result())


def perform(task: Task) -> RunProgress:
    """Run or resume one task; runs in a worker. Returns how it ended."""
    label, last = task.strategy.label, Progress()
    problem = task.plan.benchmark.build(task.seed)
    try:
        log, history = _open_log(task, problem)
    except _AlreadyEnded as ended:
        trials = [t for t in ended.run.trials if t.reward is not None]
        best = max((t.reward or 0.0 for t in trials), default=float("-inf"))
        return RunProgress(label, task.seed, len(ended.run.trials), best, True, ended.run.failure)
    with log:
        search = Search(
            catalog.build_strategy(
                task.strategy, problem.space.decisions, task.seed, task.plan.budget
            ),
            problem,
            task.plan.budget,
            batch=task.plan.batch,
            start=task.plan.start,
            log=log,
            on_progress=_Reporter(label, task.seed),
        )
        failure: str | None = None
        try:
            search.run(history)
        except Interrupted as stop:
            failure = str(stop)
        except NasbenchError as error:
            failure = str(error)
        last = search.progress
    return RunProgress(label, task.seed, last.trials, last.best_reward, True, failure)


class _AlreadyEnded(Exception):
    def __init__(self, run: Run) -> None:
        self.run = run


def _open_log(task: Task, problem: Problem) -> tuple[EventLog, tuple[Any, ...]]:
    header = make_header(task, problem)
    if task.log.exists() and b"\n" not in task.log.read_bytes():
        task.log.unlink()  # the process died while writing the header: nothing is lost
    if not task.log.exists():
        return EventLog.create(task.log, header), ()
    contents = read_log(task.log)
    _check_header(task, contents.header)
    if contents.end is not None:
        raise _AlreadyEnded(read_run(task.log))
    return EventLog.reopen(task.log, contents), contents.events


def make_header(task: Task, problem: Problem) -> RunHeader:
    """The first line of a run's log. What evaluators call themselves is added for captions."""
    benchmark = task.plan.benchmark
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
        versions=versions(),
        environment=environment(),
    )


def _check_header(task: Task, header: RunHeader) -> None:
    wanted = {
        "benchmark_hash": task.plan.benchmark.hash,
        "strategy": task.strategy,
        "seed": task.seed,
        "budget": task.plan.budget,
        "batch": task.plan.batch,
        "start": task.plan.start,
    }
    for name, value in wanted.items():
        found = getattr(header, name)
        if found != value:
            raise LogError(
                f"{task.log}: its header has {name} {found!r}, but the study has {value!r}; the "
                "log belongs to another study or benchmark version"
            )


def _read_checked(task: Task) -> Run:
    run = read_run(task.log)
    _check_header(task, run.header)
    return run


def describer(benchmark: Benchmark) -> Callable[[Tokens], dict[str, Any]]:
    """What a report says of tokens of this benchmark: block string and counts."""
    space = catalog.build_space(benchmark.space.name, benchmark.space.options)

    def describe(tokens: Tokens) -> dict[str, Any]:
        network = space.network(tokens)
        return {
            "block_string": space.describe(tokens),
            "parameters": parameters(network),
            "multiply_adds": multiply_adds(network),
        }

    return describe


def drawer(benchmark: Benchmark) -> Callable[[Tokens], str]:
    """How a report draws an architecture of this benchmark: as an `<svg>` element."""
    from nasbench_mobile.report.architecture import architecture_svg

    space = catalog.build_space(benchmark.space.name, benchmark.space.options)
    return lambda tokens: architecture_svg(parse_spec(space.describe(tokens)))


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
            parent.send(RunProgress(self._label, self._seed, progress.trials, progress.best_reward))
        return parent.stopped


def _slug(label: str) -> str:
    """A label as a folder name; distinct labels stay distinct but for odd characters."""
    return re.sub(r"[^A-Za-z0-9._=+-]+", "_", label)


def write_atomically(path: Path, text: str) -> None:
    """Write beside and rename: a reader never sees half a file."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
