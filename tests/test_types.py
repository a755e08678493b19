from __future__ import annotations

import math
from typing import Any

import pytest

from nasbench_mobile.costs import Cost
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


def test_a_measurement_has_its_costs_by_name() -> None:
    plain = Measurement(0.75, 80.0)
    assert plain.costs == {"latency": Cost(80.0, "ms")}
    assert plain.other_costs is None
    energy, memory = Cost(3.5, "mJ", 0.25), Cost(0.0, "MB")
    whole = Measurement(
        0.75, latency_ms=80.0, latency_sd_ms=2.0,
        other_costs={"memory": memory, "energy": energy},  # type: ignore[arg-type]
    )  # fmt: skip
    assert list(whole.costs) == ["latency", "energy", "memory"]
    assert whole.costs["latency"] == Cost(80.0, "ms", 2.0)
    assert whole.other_costs == (("energy", energy), ("memory", memory))
    again = Measurement(
        0.75, 80.0, latency_sd_ms=2.0, other_costs=(("memory", memory), ("energy", energy))
    )
    assert whole == again
    assert len({whole, again, plain}) == 2
    assert Measurement(0.75, 80.0, other_costs=()) == plain


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([("energy in mJ", Cost(1.0, "mJ"))], "a cost is named 'energy in mJ'; a name is an ident"),
        ([(3, Cost(1.0, "mJ"))], "a cost is named 3"),
        ([("latency", Cost(1.0, "ms"))], "give it as latency_ms"),
        ([("energy", 3.0)], r"the cost energy is 3.0; it must be a Cost\(value, unit\)"),
        ([("energy", Cost(1.0, "mJ")), ("energy", Cost(2.0, "mJ"))], "there twice"),
    ],
)
def test_other_costs_are_looked_at(costs: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Measurement(0.75, 80.0, other_costs=costs)


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ((-1.0, "mJ"), "the value of a cost is -1.0; it is finite and at least 0"),
        ((math.nan, "mJ"), "the value of a cost is nan"),
        ((math.inf, "mJ"), "the value of a cost is inf"),
        ((1.0, " "), "the unit of a cost is ' '; give it a word"),
        ((1.0, None), "the unit of a cost is None"),
        ((1.0, "mJ", -0.5), "the sd of a cost is -0.5"),
    ],
)
def test_a_cost_checks_itself(cost: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Cost(*cost)


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
