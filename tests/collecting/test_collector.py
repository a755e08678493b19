"""Filling a table: which seed a row is of, what stands in it, what is trained and in what order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.collecting import collector
from nasbench_mobile.collecting.collector import (
    CollectingListener,
    Collector,
    Trainer,
    latency_ms,
    table_header,
)
from nasbench_mobile.collecting.jobs import TrainingJob
from nasbench_mobile.collecting.references import Reference, references
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.executors.pools import ExecutorPool
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table, read_table
from nasbench_mobile.tables.writing import open_table
from nasbench_mobile.types import Failure, LatencyReading

SPACE = MnasNetSpace()
FIRST, SECOND = SPACE.canonical((1, 0, 0, 2, 0, 0) * 7), SPACE.canonical((2, 0, 0, 2, 2, 0) * 7)
MODEL = next(m for m in references() if m.name == "mobilenet-v2" and m.input_size == 128)
TINY: dict[str, Any] = {
    "data": "digits", "width": 0.1, "train_images": 20, "validation_images": 40, "epochs": 2,
    "stem_stride": 1, "options": {"batch_size": 8, "learning_rate": 1.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def accuracy() -> TrainingAccuracy:
    return TrainingAccuracy(**TINY)


@dataclass
class Layers:
    """A latency of as many milliseconds as layers; cannot tell of `unknown` pixels."""

    factor: float = 1.0
    unknown: int | None = None
    label: str = "layers"
    device: str = "none"
    kind: Any = "synthetic"

    def network_latency(self, network: Network) -> LatencyReading:
        if network.input_shape[1] == self.unknown:
            raise NasbenchError("not of that size")
        return LatencyReading(self.factor * len(network.nodes))

    def latency(self, architectures: Any) -> Any:
        raise NotImplementedError


def test_a_rows_seed_is_the_one_it_was_trained_with(accuracy: TrainingAccuracy) -> None:
    """Two seeds of one network are two trainings, each what its seed alone gives."""
    trainer = Trainer(SPACE, accuracy)
    rows = {seed: trainer.train(TrainingJob("given", seed, tokens=FIRST)) for seed in (0, 3)}
    network = accuracy.network(Architecture(SPACE, FIRST))
    alone = TrainingAccuracy(**TINY, seed=3).trained(network)
    assert isinstance(alone, dict)
    assert [row.seed for row in rows.values()] == [0, 3]
    assert rows[3].accuracy == alone["accuracy"]
    assert rows[3].history == tuple(report["accuracy"] for report in alone["history"])
    assert len(rows[3].history) == 2
    assert rows[0].history != rows[3].history


def test_a_row_has_the_full_networks_counts(accuracy: TrainingAccuracy) -> None:
    told: list[tuple[TrainingJob, float]] = []
    watch = CollectingListener(epoch=lambda job, report: told.append((job, report.epoch)))
    job = TrainingJob("uniform", 1, tokens=SECOND)
    row = Trainer(SPACE, accuracy).train(job, watch)
    full = SPACE.network(SECOND)
    assert (row.parameters, row.multiply_adds) == (parameters(full), multiply_adds(full))
    assert (row.tokens, row.name, row.origin, row.failure) == (SECOND, None, "uniform", None)
    assert (row.width, row.input_size) == (1.0, 224)
    assert row.cost_s == round(row.cost_s, 3) > 0
    assert told == [(job, 1.0), (job, 2.0)]


def test_a_reference_model_is_trained_small_and_counted_in_full(
    accuracy: TrainingAccuracy,
) -> None:
    trainer, job = Trainer(SPACE, accuracy), TrainingJob("reference", 2, reference=MODEL)
    row = trainer.train(job)
    full = MODEL.full()
    assert (row.tokens, row.name, row.seed, row.origin) == (None, MODEL.name, 2, "reference")
    assert (row.width, row.input_size) == (1.0, 128)
    assert (row.parameters, row.multiply_adds) == (parameters(full), multiply_adds(full))
    assert trainer.full(job) == full
    assert trainer.proxy(job) == MODEL.proxy(0.1, 32, 10, 1)
    assert row.key == job.key


def test_an_architecture_is_trained_as_the_evaluator_would(accuracy: TrainingAccuracy) -> None:
    trainer, job = Trainer(SPACE, accuracy), TrainingJob("given", 0, tokens=SECOND)
    assert trainer.proxy(job) == accuracy.network(Architecture(SPACE, SECOND))
    assert trainer.full(job) == SPACE.network(SECOND)
    with pytest.raises(ValueError, match="reference model"):
        Trainer._tokens(TrainingJob("reference", 0, reference=MODEL))


class Pretended(Trainer):
    """Rows without training: accuracy by seed; `failing` seeds fail. Notes what it is asked."""

    def __init__(self, failing: tuple[int, ...] = ()) -> None:
        super().__init__(SPACE, TrainingAccuracy(**TINY))
        self.__dict__.update(failing=failing, forgotten=[], at_once=[0, 0], lock=threading.Lock())

    def train(self, job: TrainingJob, watch: CollectingListener | None = None) -> Row:
        row = Row(
            job.tokens, job.seed, job.origin,
            name=None if job.reference is None else job.reference.name,
            input_size=224 if job.reference is None else job.reference.input_size,
            accuracy=0.1 + job.seed / 100,
        )  # fmt: skip
        failing: tuple[int, ...] = self.__dict__["failing"]
        return replace(row, accuracy=None, failure="lost") if job.seed in failing else row

    def forget(self, job: TrainingJob) -> None:
        self.__dict__["forgotten"].append(job)


JOBS = [
    *(
        TrainingJob("uniform", seed, tokens=tokens)
        for seed in range(3)
        for tokens in (FIRST, SECOND)
    ),
    TrainingJob("reference", 0, reference=MODEL),
]


def test_every_row_is_written_with_its_latencies_and_told(tmp_path: Path) -> None:
    trainer, latencies = Pretended(), {"deep": Layers(), "small": Layers(2.0, unknown=128)}
    header = table_header(SPACE, trainer.accuracy, latencies)
    told: list[tuple[Any, int, int, int]] = []
    with open_table(tmp_path, header) as (_, writer):
        watch = CollectingListener(
            row=lambda row, done, total: told.append(
                (row.key, done, total, len(read_table(tmp_path).rows))
            )
        )
        rows = Collector(trainer, latencies, watch=watch).collect(JOBS, writer)
    assert [row.key for row in rows] == [job.key for job in JOBS]
    assert told == [(job.key, place, 7, place) for place, job in enumerate(JOBS, 1)]
    assert read_table(tmp_path).rows == tuple(rows)
    assert trainer.__dict__["forgotten"] == JOBS
    deep = [float(len(SPACE.network(tokens).nodes)) for tokens in (FIRST, SECOND)]
    assert deep[0] != deep[1]
    assert rows[0].latency_ms == {"deep": deep[0], "small": 2 * deep[0]}
    assert rows[1].latency_ms == {"deep": deep[1], "small": 2 * deep[1]}
    assert rows[-1].latency_ms == {"deep": float(len(MODEL.full().nodes)), "small": None}


def test_what_is_missing_is_trained_and_failures_only_where_retried() -> None:
    trainer = Pretended(failing=(1,))
    header = table_header(SPACE, trainer.accuracy, {})
    known = Table(header, (), tuple(trainer.train(job) for job in JOBS[:4]))
    assert Collector(trainer, {}).missing(JOBS, known) == JOBS[4:]
    assert Collector(trainer, {}, retry_failed=True).missing(JOBS, known) == JOBS[2:]


def test_workers_have_a_job_each_until_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    @contextmanager
    def threads(count: int) -> Iterator[ThreadPoolExecutor]:
        started.append(count)
        with ThreadPoolExecutor(count) as executor:
            yield executor

    monkeypatch.setattr(collector, "workers", threads)
    monkeypatch.setattr(collector, "_kept", {})
    waiting: list[int] = []
    most: list[int] = []

    submit, completed = ExecutorPool.submit, ExecutorPool.completed

    def counted_submit(pool: Any, key: Any, job: TrainingJob) -> None:
        waiting.append(1)
        most.append(len(waiting))
        submit(pool, key, job)

    def counted_completed(pool: Any) -> list[tuple[Any, Any]]:
        done = completed(pool)
        del waiting[: len(done)]
        return done

    monkeypatch.setattr(ExecutorPool, "submit", counted_submit)
    monkeypatch.setattr(ExecutorPool, "completed", counted_completed)
    found = list(Collector(Pretended(), {}, workers=3)._trained(JOBS))
    assert started == [3]
    assert sorted(job.key[1] for job, _ in found) == [0, 0, 0, 1, 1, 2, 2]
    assert all(row.key == job.key for job, row in found)
    assert max(most) == 3
    assert len(most) == len(JOBS)
    assert next(iter(Collector(Pretended(), {}, workers=2)._trained(JOBS[:1])))[0] == JOBS[0]


def test_a_worker_keeps_its_first_trainer_and_stops_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first has the images in memory; an epoch's report is when a worker looks up."""

    @dataclass
    class Parent:
        stopped: bool

    class Reports(Pretended):
        def train(self, job: TrainingJob, watch: CollectingListener | None = None) -> Row:
            if watch is not None:
                watch.epoch(job, None)  # type: ignore[arg-type]
            return super().train(job, watch)

    monkeypatch.setattr(collector, "_kept", {})
    first, second = Reports(), Reports(failing=(0,))
    assert collector._Worker(first)(JOBS[0]).failure is None
    assert collector._Worker(second)(JOBS[0]).failure is None  # it is the first's row
    monkeypatch.setattr(collector, "channel", lambda: Parent(stopped=False))
    assert collector._Worker(first)(JOBS[0]).accuracy == 0.1
    monkeypatch.setattr(collector, "channel", lambda: Parent(stopped=True))
    with pytest.raises(collector._Stopped):
        collector._Worker(first)(JOBS[0])


def test_a_failed_training_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(SPACE, TrainingAccuracy(**TINY))
    monkeypatch.setattr(TrainingAccuracy, "trained", lambda self, network: Failure("it diverged"))
    row = trainer.train(TrainingJob("given", 4, tokens=FIRST))
    assert (row.failure, row.accuracy, row.history, row.seed) == ("it diverged", None, (), 4)


def test_seconds_are_kept_to_the_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"accuracy": 0.5, "cost_s": 1.23456, "history": [{"accuracy": 0.4}, {"accuracy": 0.5}]}
    trainer = Trainer(SPACE, TrainingAccuracy(**TINY))
    monkeypatch.setattr(TrainingAccuracy, "trained", lambda self, network: ended)
    row = trainer.train(TrainingJob("given", 4, tokens=FIRST))
    assert (row.cost_s, row.accuracy, row.history) == (1.235, 0.5, (0.4, 0.5))


def test_a_training_is_forgotten_by_its_own_seed(
    monkeypatch: pytest.MonkeyPatch, accuracy: TrainingAccuracy
) -> None:
    forgotten: list[tuple[int | None, Network]] = []

    def forget(self: TrainingAccuracy, network: Network) -> None:
        forgotten.append((self.fidelity.seed, network))

    monkeypatch.setattr(TrainingAccuracy, "forget", forget)
    trainer, job = Trainer(SPACE, accuracy), TrainingJob("given", 5, tokens=SECOND)
    trainer.forget(job)
    assert forgotten == [(5, trainer.proxy(job))]


def test_a_header_says_all_that_rows_share_and_no_seed(accuracy: TrainingAccuracy) -> None:
    header = table_header(SPACE, accuracy.with_seed(8), {"deep": Layers()})
    assert header.space == {"name": "mnasnet", "options": {}}
    assert header.latency == {"deep": {"label": "layers", "device": "none", "kind": "synthetic"}}
    assert "seed" not in header.training
    assert header.training["precision"] == "32"
    assert (header.training["epochs"], header.training["stem_stride"]) == (2, 1)


def test_what_a_latency_cannot_tell_is_none() -> None:
    small: Reference = MODEL
    assert latency_ms(Layers(unknown=128), small.full()) is None
    assert latency_ms(Layers(unknown=224), small.full()) == len(small.full().nodes)
