"""Trains what a table lacks and writes each row down as it comes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.collecting.jobs import TrainingJob
from nasbench_mobile.collecting.references import FULL_SIZE
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.executors.pools import ExecutorPool
from nasbench_mobile.executors.processes import workers
from nasbench_mobile.executors.worker import channel
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import LatencyEvaluator, SearchSpace
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Header, Table, latency_columns, space_record
from nasbench_mobile.tables.writing import TableWriter
from nasbench_mobile.types import Failure

if TYPE_CHECKING:
    from nasbench_mobile.training.trainer import EpochReport

Latencies: TypeAlias = Mapping[str, LatencyEvaluator]
"""The evaluator of each column of the table."""


@dataclass
class CollectingListener:
    """A watcher, which is told how it goes; by itself it does nothing.

    `says` is called with a sentence for people; `epoch` after every epoch, where trainings are in
    this process; `row` after every row with the number of trainings done and to do.
    """

    says: Callable[[str], None] = lambda text: None
    epoch: Callable[[TrainingJob, EpochReport], None] = lambda job, report: None
    row: Callable[[Row, int, int], None] = lambda row, done, total: None


@dataclass(frozen=True)
class Trainer:
    """What makes a row of a job; goes to workers whole."""

    space: SearchSpace
    accuracy: TrainingAccuracy

    def train(self, job: TrainingJob, watch: CollectingListener | None = None) -> Row:
        """The row of one training, without its latencies; a failed one has its failure."""
        evaluator = self.accuracy.with_seed(job.seed)
        if watch is not None:
            evaluator = evaluator.with_progress(lambda _, report: watch.epoch(job, report))
        network = self.full(job)
        model = job.reference
        ended = evaluator.trained(self.proxy(job))
        row = Row(
            tokens=job.tokens,
            seed=job.seed,
            origin=job.origin,
            name=None if model is None else model.name,
            width=1.0 if model is None else model.width,
            input_size=FULL_SIZE if model is None else model.input_size,
            parameters=parameters(network),
            multiply_adds=multiply_adds(network),
            failure="not trained",
        )
        if isinstance(ended, Failure):
            return replace(row, failure=ended.reason)
        return replace(
            row,
            accuracy=ended["accuracy"],
            history=tuple(report["accuracy"] for report in ended["history"]),
            cost_s=round(ended["cost_s"], 3),
            failure=None,
        )

    def full(self, job: TrainingJob) -> Network:
        """The full-size network, whose latency counts."""
        if job.reference is not None:
            return job.reference.full()
        return self.space.network(self._tokens(job))

    def proxy(self, job: TrainingJob) -> Network:
        """The network that is trained."""
        accuracy = self.accuracy
        if job.reference is None:
            return accuracy.network(Architecture(self.space, self._tokens(job)))
        return job.reference.proxy(
            accuracy.width, accuracy.input_size, len(accuracy.data.classes), accuracy.stem_stride
        )

    def forget(self, job: TrainingJob) -> None:
        """Remove what a training left to go on from, once its row is written."""
        self.accuracy.with_seed(job.seed).forget(self.proxy(job))

    @staticmethod
    def _tokens(job: TrainingJob) -> tuple[int, ...]:
        if job.tokens is None:
            raise ValueError("the job is of a reference model")
        return job.tokens


@dataclass(frozen=True)
class Collector:
    """Fills a table with the rows of jobs it lacks."""

    trainer: Trainer
    latencies: Latencies
    workers: int = 1
    retry_failed: bool = False
    watch: CollectingListener = field(default_factory=CollectingListener)

    def missing(self, jobs: Sequence[TrainingJob], table: Table) -> list[TrainingJob]:
        """The jobs whose row the table lacks; those that failed too, where they are retried."""
        rows = table.by_key
        return [
            job
            for job in jobs
            if (row := rows.get(job.key)) is None or (self.retry_failed and row.failure is not None)
        ]

    def collect(self, jobs: Sequence[TrainingJob], writer: TableWriter) -> list[Row]:
        """Train all jobs and write each row as it comes; the rows."""
        rows: list[Row] = []
        with closing(self._trained(jobs)) as trained:
            for job, row in trained:
                row.latency_ms.update(self._priced(job))
                writer.row(row)
                self.trainer.forget(job)
                rows.append(row)
                self.watch.row(row, len(rows), len(jobs))
        return rows

    def _trained(
        self, jobs: Sequence[TrainingJob]
    ) -> Generator[tuple[TrainingJob, Row], None, None]:
        if self.workers == 1:
            for job in jobs:
                yield job, self.trainer.train(job, self.watch)
            return
        with workers(self.workers) as group:
            pool = ExecutorPool[TrainingJob, Row](group, _Worker(self.trainer), self.workers)
            waiting = iter(jobs)
            running = 0
            for job in waiting:
                pool.submit(job, job)
                running += 1
                if running == self.workers:
                    break
            while running:
                for job, row in pool.completed():
                    running -= 1
                    yield job, row
                    for following in waiting:
                        pool.submit(following, following)
                        running += 1
                        break

    def _priced(self, job: TrainingJob) -> dict[str, float | None]:
        network = self.trainer.full(job)
        return {name: latency_ms(one, network) for name, one in self.latencies.items()}


@dataclass(frozen=True)
class _Worker:
    """Trains in a worker, where images are read once for all its trainings."""

    trainer: Trainer

    def __call__(self, job: TrainingJob) -> Row:
        own = _kept.setdefault("trainer", self.trainer)
        parent = channel()
        watch = (
            CollectingListener(epoch=lambda _, __: _stop_if_told()) if parent is not None else None
        )
        return own.train(job, watch)


_kept: dict[str, Trainer] = {}
"""A worker's trainer, with its images."""


class _Stopped(Exception):
    """The parent has stopped; the training goes on from its checkpoint another time."""


def _stop_if_told() -> None:
    parent = channel()
    if parent is not None and parent.stopped:
        raise _Stopped


def latency_ms(evaluator: LatencyEvaluator, network: Network) -> float | None:
    """Milliseconds; None for what an evaluator cannot tell, such as other input sizes."""
    try:
        return evaluator.network_latency(network).latency_ms
    except NasbenchError:
        return None


def table_header(space: SearchSpace, accuracy: TrainingAccuracy, latencies: Latencies) -> Header:
    """What the rows of a table will have in common."""
    training = {key: value for key, value in accuracy.record().items() if key != "seed"}
    return Header(
        space_record(space),
        {**training, "precision": accuracy.precision},
        latency_columns(latencies),
    )
