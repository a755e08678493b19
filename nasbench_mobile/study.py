"""A study: strategies x seeds on one benchmark, each run in its own log, resumable as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nasbench_mobile import catalog
from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.errors import InvalidNetworkError, LogError, NasbenchError, UsageError
from nasbench_mobile.executors.processes import Workers, workers
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.objective import LatencyObjective
from nasbench_mobile.plan import Plan
from nasbench_mobile.problem import Problem
from nasbench_mobile.runs import Run
from nasbench_mobile.search import OnProgress
from nasbench_mobile.store import read_run
from nasbench_mobile.task import RunProgress, Task, check_header, perform
from nasbench_mobile.types import StrategySpec, Tokens
from nasbench_mobile.writing import unfinished, write_whole

MANIFEST = "study.json"


Listener = Callable[[RunProgress], None]


class Study:
    """A folder with a manifest, `runs/STRATEGY/seed-NNNN.jsonl`, and later the report."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan

    @classmethod
    def create(cls, folder: Path, plan: Plan, beside: Collection[str] = ()) -> Study:
        """Start a study in an empty or new folder, or take up the very same one again.

        `beside` names files that may be in the folder already, its own benchmark's for instance.
        """
        for spec in plan.strategies:
            factory = catalog.load("strategy", spec.name)
            catalog.check_options(factory, "strategy", spec.name, spec.options)
            if spec.options:
                _try(spec, plan)
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
        elif folder.is_dir() and any(
            path.name not in beside and not unfinished(path) for path in folder.iterdir()
        ):
            raise UsageError(f"{folder} is not empty and holds no study; give another --out")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(manifest, json.dumps(plan.to_json(), indent=2) + "\n")
        return cls(folder, plan)

    @classmethod
    def open(cls, folder: Path) -> Study:
        """A study from its folder; `LogError` where its benchmark is now another version."""
        manifest = folder / MANIFEST
        if not manifest.is_file():
            raise UsageError(f"{folder} holds no study: there is no {MANIFEST} in it")
        try:
            data = json.loads(manifest.read_text())
            plan = Plan.from_json(data, folder)
            recorded = data["benchmark_hash"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise LogError(f"{manifest} is damaged: {type(error).__name__}: {error}") from None
        benchmark = plan.benchmark
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
        seeds, latency = plan.seeds, plan.benchmark.latency_choice
        words = [
            "nasbench-mobile compare",
            f"--benchmark {plan.benchmark.source}",
            f"--latency {latency.spec}" if latency else "",
            f"--strategies {','.join(spec.label for spec in plan.strategies)}",
            f"--seeds {len(seeds)}",
            f"--first-seed {seeds[0]}" if seeds[0] else "",
            f"--budget {plan.budget}",
            f"--objective {_given(plan.benchmark)}",
            f"--target-ms {plan.benchmark.objective.target_ms:g}",
            f"--batch {plan.batch}" if plan.batch else "",
            f"--workers {plan.workers}" if plan.workers else "",
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
        `UsageError` where another process is at work on the study.
        """
        with self._alone(), workers(jobs) as pool:
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

    def run_here(self, problem: Problem, on_progress: OnProgress) -> RunProgress:
        """Do the study's only run in this process, on a problem made by its benchmark.

        Ctrl-C goes through as KeyboardInterrupt; what was told is in the log.
        """
        [task] = self.tasks()
        with self._alone():
            return perform(task, problem, on_progress)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the study's lock: two drivers would write into each other's logs."""
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"another process is running the study in {self.folder}; wait for it or stop it"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def runs(self) -> list[Run]:
        """Every run that has a log, read; unfinished and failed ones too."""
        return [_read_checked(task) for task in self.tasks() if task.log.exists()]


def _try(spec: StrategySpec, plan: Plan) -> None:
    """Build a strategy once, so that a bad option is known before anything is written."""
    space = catalog.build_space(plan.benchmark.space.name, plan.benchmark.space.options)
    try:
        catalog.build_strategy(spec, space.decisions, plan.seeds[0], plan.budget)
    except UsageError as error:
        raise UsageError(f"strategy {spec.label!r}: {error}") from None


def _follow(pool: Workers, futures: dict[Future[RunProgress], Task], listen: Listener) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=0.1, return_when=FIRST_COMPLETED)
        pool.drain(listen)
        for future in done:
            listen(future.result())


def _read_checked(task: Task) -> Run:
    run = read_run(task.log)
    check_header(task, run.header)
    return run


def _given(benchmark: Benchmark) -> str:
    """The objective as `--objective` takes it."""
    objective = benchmark.objective
    return objective.name if isinstance(objective, LatencyObjective) else objective.source


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
    """How a report draws an architecture of this benchmark: as an `<svg>` element.

    An architecture that is no chain of mobile blocks is not drawn; its line stands in a `<p>`.
    """
    from nasbench_mobile.report.architecture import architecture_svg

    space = catalog.build_space(benchmark.space.name, benchmark.space.options)

    def draw(tokens: Tokens) -> str:
        line = space.describe(tokens)
        try:
            return architecture_svg(parse_spec(line))
        except InvalidNetworkError:
            return f"<p>{escape(line)}</p>"

    return draw


def _slug(label: str) -> str:
    """A label as a folder name; distinct labels stay distinct but for odd characters."""
    return re.sub(r"[^A-Za-z0-9._=+-]+", "_", label)
