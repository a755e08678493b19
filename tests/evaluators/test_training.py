import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.training.recipe import REVISION
from nasbench_mobile.training.trainer import EpochReport
from nasbench_mobile.types import AccuracyReading, Failure

SMALL: dict[str, Any] = {
    "data": "digits",
    "width": 0.1,
    "train_images": 80,
    "validation_images": 20,
    "epochs": 2,
    "options": {"batch_size": 8},
}


@pytest.fixture(scope="module")
def architectures() -> list[Architecture]:
    space, rng = MnasNetSpace(), np.random.default_rng(0)
    return [Architecture(space, space.sample(rng)) for _ in range(2)]


def readings(
    evaluator: TrainingAccuracy, architectures: Sequence[Architecture]
) -> list[AccuracyReading]:
    found = evaluator.accuracy(architectures)
    learnt = [reading for reading in found if isinstance(reading, AccuracyReading)]
    assert len(learnt) == len(found)
    return learnt


def test_readings_have_their_fidelity_and_cost(architectures: Sequence[Architecture]) -> None:
    reports = []
    evaluator = TrainingAccuracy(seed=5, **SMALL).with_progress(
        lambda place, report: reports.append((place, report.epoch))
    )
    found = readings(evaluator, architectures)
    assert reports == [(0, 1.0), (0, 2.0), (1, 1.0), (1, 2.0)]
    for reading in found:
        assert 0 <= reading.accuracy <= 1
        assert reading.cost_s > 0
        assert reading.fidelity == evaluator.fidelity
    fidelity = evaluator.fidelity
    assert (fidelity.epochs, fidelity.width, fidelity.input_size, fidelity.seed) == (2, 0.1, 32, 5)
    assert fidelity.data == evaluator.data.identity
    assert evaluator.recipe.digest in evaluator.label


@pytest.fixture(scope="module")
def whole(architectures: Sequence[Architecture]) -> list[AccuracyReading]:
    """What both are found to be, trained one after the other without a break."""
    return readings(TrainingAccuracy(**SMALL), architectures)


def test_a_reading_depends_on_its_architecture_alone(
    architectures: Sequence[Architecture], whole: Sequence[AccuracyReading]
) -> None:
    copy = pickle.loads(pickle.dumps(TrainingAccuracy(**SMALL)))
    assert readings(copy, architectures[1:])[0].accuracy == whole[1].accuracy


def test_a_search_cut_short_goes_on_within_an_architecture(
    architectures: Sequence[Architecture], whole: Sequence[AccuracyReading], tmp_path: Path
) -> None:
    first = TrainingAccuracy(checkpoints=str(tmp_path), **SMALL)

    def stop(place: int, report: EpochReport) -> None:
        if place == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.with_progress(stop).accuracy(architectures)
    second = TrainingAccuracy(**SMALL).with_checkpoints(tmp_path, 300.0)
    epochs = []
    watched = second.with_progress(lambda place, report: epochs.append((place, report.epoch)))
    found = readings(watched, architectures)
    assert epochs == [(1, 2.0)]
    assert [r.accuracy for r in found] == [r.accuracy for r in whole]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".json"]


def test_another_seed_folder_or_listener_is_another_evaluator(
    architectures: Sequence[Architecture], tmp_path: Path
) -> None:
    first, heard = TrainingAccuracy(**{**SMALL, "epochs": 1}), []
    before = dict(vars(first))
    others = [
        first.with_checkpoints(tmp_path, 0.0),
        first.with_progress(lambda place, report: heard.append(place)),
        first.going_on(first.fidelity.data),
    ]
    assert {**vars(first), "_data": None, "_input_size": None} == before
    wanted = readings(first, architectures[:1])[0].accuracy
    assert heard == []
    assert list(tmp_path.iterdir()) == []
    for other in others:
        assert readings(other, architectures[:1])[0].accuracy == wanted
    assert heard == [0]
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_less_than_all_epochs(architectures: Sequence[Architecture]) -> None:
    evaluator = TrainingAccuracy(**SMALL)
    [half] = evaluator.accuracy_at(architectures[:1], [0.5])
    assert isinstance(half, AccuracyReading)
    assert half.fidelity is not None
    assert half.fidelity.epochs == 1
    short = TrainingAccuracy(**{**SMALL, "epochs": 1})
    assert half.accuracy == readings(short, architectures[:1])[0].accuracy


def test_failures_are_values(architectures: Sequence[Architecture]) -> None:
    slow = TrainingAccuracy(time_limit_s=1e-6, **SMALL)
    wild = TrainingAccuracy(
        **{**SMALL, "options": {"batch_size": 8, "learning_rate": 1e30, "warmup_share": 0.0}}
    )
    for evaluator, reason in ((slow, "longer than"), (wild, "diverged")):
        [found] = evaluator.accuracy(architectures[:1])
        assert isinstance(found, Failure)
        assert reason in found.reason


def test_networks_are_shrunk_for_training_alone(architectures: Sequence[Architecture]) -> None:
    evaluator = TrainingAccuracy(stem_stride=1, **SMALL)
    network = evaluator.network(architectures[0])
    assert network.input_shape == (3, 32, 32)
    assert network.nodes[0].shape[1:] == (32, 32)
    assert network.output_shape[0] == 10
    assert TrainingAccuracy(data="digits").input_size == 32


def test_records_tell_recipes_apart() -> None:
    one, two = TrainingAccuracy(**SMALL), TrainingAccuracy(stem_stride=1, **SMALL)
    assert one.record() != two.record()
    assert one.record() == TrainingAccuracy(**SMALL).record()
    assert one.record()["revision"] == REVISION


def test_wrong_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="width is 0"):
        TrainingAccuracy(width=0)
    with pytest.raises(UsageError, match="input_size 31"):
        TrainingAccuracy(input_size=31)
    with pytest.raises(NasbenchError, match="recipe option"):
        TrainingAccuracy(options={"batchsize": 3})
    with pytest.raises(UsageError, match="no data at"):
        _ = TrainingAccuracy(data=str(tmp_path / "none")).data


def test_a_damaged_record_is_named(architectures: Sequence[Architecture], tmp_path: Path) -> None:
    evaluator = TrainingAccuracy(checkpoints=str(tmp_path), **{**SMALL, "epochs": 0.1})
    evaluator.accuracy(architectures[:1])
    [path] = tmp_path.glob("*.json")
    path.write_text("{")
    with pytest.raises(NasbenchError, match=path.name):
        evaluator.accuracy(architectures[:1])
