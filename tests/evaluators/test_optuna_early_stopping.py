from __future__ import annotations

import numpy as np
import optuna
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.evaluators.curves import SyntheticCurves
from nasbench_mobile.evaluators.optuna_early_stopping import EarlyStopping
from nasbench_mobile.types import AccuracyReading


@pytest.fixture(scope="module")
def curves() -> SyntheticCurves:
    evaluator = load_benchmark("imagenet-pixel1-curves").build().accuracy
    assert isinstance(evaluator, SyntheticCurves)
    return evaluator


@pytest.fixture(scope="module")
def architectures() -> list[Architecture]:
    space = load_benchmark("imagenet-pixel1").build().space
    rng = np.random.default_rng(0)
    return [Architecture(space, space.sample(rng)) for _ in range(200)]


def test_savings_and_errors_are_what_the_curves_say(
    curves: SyntheticCurves, architectures: list[Architecture]
) -> None:
    stopping = EarlyStopping(curves, audit=0.25)
    readings = stopping.accuracy(architectures)
    report = stopping.report()
    ends = curves.accuracy(architectures)
    spent, stopped = 0.0, 0
    for reading, end in zip(readings, ends, strict=True):
        assert isinstance(reading, AccuracyReading)
        if reading != end:
            assert reading.fidelity is not None
            assert reading.fidelity.epochs is not None
            spent, stopped = spent + reading.fidelity.epochs / 16, stopped + 1
        else:
            spent += 1.0
    assert report.trainings == 200
    assert report.stopped == stopped > 20
    assert report.saved == pytest.approx(1 - spent / 200)
    assert 0 < report.audited < report.stopped
    assert 0 <= report.wrong <= report.audited


def test_no_audit_no_errors_known(
    curves: SyntheticCurves, architectures: list[Architecture]
) -> None:
    stopping = EarlyStopping(curves, audit=0.0, pruner=optuna.pruners.NopPruner())
    assert list(stopping.accuracy(architectures[:20])) == list(curves.accuracy(architectures[:20]))
    assert stopping.report().saved == 0.0
    assert stopping.report().audited == 0


def test_it_needs_an_evaluator_that_can_train_for_less() -> None:
    surrogate = load_benchmark("imagenet-pixel1").build().accuracy
    with pytest.raises(UsageError, match="cannot train for less"):
        EarlyStopping(surrogate)  # type: ignore[arg-type]
