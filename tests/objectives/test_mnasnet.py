from __future__ import annotations

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.objectives.mnasnet import LatencyObjective, parse_objective
from nasbench_mobile.types import Measurement

# Tan et al. 2019, Fig. 3: accuracy 0.5, T = 80 ms.
FIGURE_3 = {
    20: (0.5, 0.55095),
    40: (0.5, 0.52486),
    60: (0.5, 0.51017),
    80: (0.5, 0.5),
    100: (0.4, 0.49225),
    120: (0.3333, 0.48601),
    140: (0.2857, 0.48079),
    160: (0.25, 0.47632),
}


@pytest.mark.parametrize(("latency_ms", "rewards"), FIGURE_3.items())
def test_figure_3(latency_ms: float, rewards: tuple[float, float]) -> None:
    measurement = Measurement(accuracy=0.5, latency_ms=latency_ms)
    for form, wanted in zip(("hard", "soft"), rewards, strict=True):
        assert parse_objective(form, 80.0)(measurement) == pytest.approx(wanted, abs=5e-5)


def test_doubling_latency_buys_five_percent() -> None:
    soft = parse_objective("soft", 75.0)
    slow, fast = Measurement(0.5 * 1.05, 150.0), Measurement(0.5, 75.0)
    assert soft(slow) == pytest.approx(soft(fast), rel=1e-3)


def test_exponents_parse_and_name() -> None:
    assert parse_objective("-0.07,-0.07", 75.0).name == "soft"
    assert parse_objective("0,-1", 75.0).name == "hard"
    assert parse_objective("-0.03,-0.2", 75.0).name == "-0.03,-0.2"


@pytest.mark.parametrize("text", ["sfot", "1,2,3", "", "a,b"])
def test_malformed_objective(text: str) -> None:
    with pytest.raises(UsageError, match="give soft, hard or two exponents"):
        parse_objective(text, 75.0)


@pytest.mark.parametrize(
    ("values", "named"),
    [((0.1, -1.0, 75.0), "alpha"), ((0.0, float("nan"), 75.0), "beta"), ((0, -1, 0), "target_ms")],
)
def test_objective_checks_itself(values: tuple[float, float, float], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        LatencyObjective(*values)
