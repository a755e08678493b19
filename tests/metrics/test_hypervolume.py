import numpy as np
import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.metrics.columns import Columns
from nasbench_mobile.metrics.hypervolume import (
    anytime_hypervolume,
    hypervolume,
    run_hypervolume,
)
from nasbench_mobile.runs.run import ReferencePoint

REFERENCE = ReferencePoint(accuracy=0.5, latency_ms=100.0)


def seen_and_true(seen: list[float], true: list[float], latency_ms: list[float]) -> Columns:
    latency = np.array(latency_ms)
    reward = np.array(seen)
    failed = np.isnan(reward)
    share = np.ones(len(seen))
    return Columns(reward, np.array(seen), latency, np.array(true), latency, failed, failed, share)


def test_two_points_by_hand() -> None:
    # (0.6 at 40 ms) covers 60 x 0.1, (0.8 at 70 ms) adds 30 x 0.2: 12 of the box's 50
    assert hypervolume([0.6, 0.8], [40.0, 70.0], REFERENCE) == pytest.approx(12.0 / 50.0)


def test_points_outside_the_reference_count_for_nothing() -> None:
    assert hypervolume([0.9, 0.4], [120.0, 20.0], REFERENCE) == 0.0
    assert hypervolume([], [], REFERENCE) == 0.0
    assert hypervolume([np.nan, 1.0], [np.nan, 50.0], REFERENCE) == pytest.approx(0.5)


def test_an_empty_box_is_an_error() -> None:
    with pytest.raises(UsageError, match="below 1"):
        hypervolume([0.7], [50.0], ReferencePoint(accuracy=1.0, latency_ms=100.0))


def test_anytime_curve_ends_at_the_runs_hypervolume_and_rises_without_noise() -> None:
    rng = np.random.default_rng(3)
    accuracy, latency_ms = rng.uniform(0.4, 0.9, 200), rng.uniform(20, 120, 200)
    accuracy[::17] = latency_ms[::17] = np.nan
    columns = seen_and_true(accuracy.tolist(), accuracy.tolist(), latency_ms.tolist())
    curve = anytime_hypervolume(columns, REFERENCE)
    assert (np.diff(curve) >= 0).all()
    assert curve[0] == 0.0  # the first trial failed
    assert curve[-1] == pytest.approx(run_hypervolume(columns, REFERENCE))
    assert curve[99] == pytest.approx(hypervolume(accuracy[:100], latency_ms[:100], REFERENCE))


def test_front_is_chosen_by_what_was_seen_and_scored_by_the_truth() -> None:
    # the second network is truly better, but its reading was worse: it is not on the seen front
    columns = seen_and_true([0.8, 0.7], [0.6, 0.9], [50.0, 60.0])
    assert run_hypervolume(columns, REFERENCE) == pytest.approx(0.1 * 50 / 50)


def test_a_box_smaller_than_one_millisecond_is_a_box() -> None:
    corner = ReferencePoint(accuracy=0.5, latency_ms=0.5)
    assert hypervolume([0.75], [0.25], corner) == pytest.approx(0.25)
