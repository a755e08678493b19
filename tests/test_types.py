from __future__ import annotations

import math

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.types import Decision, Measurement, Proposal, StrategySpec, Trial


@pytest.mark.parametrize("accuracy", [-0.1, 1.01, 72.0, math.nan])
def test_measurement_refuses_what_is_no_fraction(accuracy: float) -> None:
    with pytest.raises(UsageError, match="fraction"):
        Measurement(accuracy=accuracy, latency_ms=10.0)


@pytest.mark.parametrize("latency_ms", [0.0, -3.0, math.nan, math.inf])
def test_measurement_refuses_impossible_latency(latency_ms: float) -> None:
    with pytest.raises(UsageError, match="milliseconds"):
        Measurement(accuracy=0.5, latency_ms=latency_ms)


def test_trial_is_either_measured_or_failed() -> None:
    proposal, measurement = Proposal(0, (1,)), Measurement(0.5, 10.0)
    assert Trial(proposal, measurement, 0.4).ok
    assert not Trial(proposal, failure="hot").ok
    for wrong in ({}, {"measurement": measurement}, {"reward": 0.4}):
        with pytest.raises(UsageError, match="either"):
            Trial(proposal, **wrong)
    with pytest.raises(UsageError, match="either"):
        Trial(proposal, measurement, 0.4, failure="both")


def test_decision_checks_itself() -> None:
    assert Decision("op", 2, labels=("a", "b")).cardinality == 2
    with pytest.raises(UsageError, match="at least 1"):
        Decision("op", 0)
    with pytest.raises(UsageError, match="labels"):
        Decision("op", 2, labels=("a",))


def test_label_names_the_options_in_order() -> None:
    assert StrategySpec("ppo").label == "ppo"
    assert StrategySpec("ppo", {"clip": 0.1, "batch": 5}).label == "ppo:batch=5,clip=0.1"
