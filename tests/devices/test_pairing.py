from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.devices.pairing import burst_ratio, median_interval, paired_ratio, student
from nasbench_mobile.errors import UsageError


def test_a_machine_that_slows_down_leaves_the_ratio_alone() -> None:
    drift = np.linspace(1, 3, 40)
    found = paired_ratio(list(2.0 * drift), list(1.0 * drift))
    assert found.value == pytest.approx(2.0)
    assert found.cv == pytest.approx(0.0, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((2.0, 2.0))
    assert found.pairs == 40


@given(
    st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)), min_size=6, max_size=60),
    st.floats(0.01, 100),
)
def test_laws_of_the_paired_ratio(times: list[tuple[float, float]], scale: float) -> None:
    candidate, reference = [c for c, _ in times], [r for _, r in times]
    found = paired_ratio(candidate, reference)
    assert found.low <= found.value <= found.high
    scaled = paired_ratio([scale * c for c in candidate], reference)
    assert scaled.value == pytest.approx(scale * found.value)
    assert scaled.cv == pytest.approx(found.cv)


@pytest.mark.parametrize("count", [6, 9, 40, 101])
def test_the_interval_of_the_median_covers_it_as_often_as_it_says(count: int) -> None:
    rng = np.random.default_rng(count)
    draws = np.sort(rng.exponential(size=(4000, count)), axis=1)
    intervals = [median_interval(draw) for draw in draws]
    covered = np.mean([low <= math.log(2) <= high for low, high in intervals])
    assert covered >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_fewer_than_six_pairs_have_no_interval() -> None:
    assert median_interval([1.0] * 5) == (0.0, math.inf)
    assert median_interval([1.0] * 6) == (1.0, 1.0)


def test_bursts_are_what_varies_not_the_pairs_in_them() -> None:
    """Models loaded anew lie elsewhere in memory: 2 % from burst to burst, next to none within."""
    rng = np.random.default_rng(0)
    covered = {"bursts": 0, "pairs": 0}
    for _ in range(500):
        placement = np.repeat(rng.normal(1.5, 0.03, size=8), 5)
        candidate = list(placement + rng.normal(0, 0.003, size=40))
        found = {
            "bursts": burst_ratio(candidate, [1.0] * 40, 5),
            "pairs": paired_ratio(candidate, [1.0] * 40),
        }
        for name, ratio in found.items():
            covered[name] += ratio.low <= 1.5 <= ratio.high
    assert covered["bursts"] / 500 >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 500)
    assert covered["pairs"] < covered["bursts"]


def test_one_burst_has_a_ratio_but_no_interval() -> None:
    found = burst_ratio([3.0, 3.0, 30.0], [1.0, 1.0, 1.0], 5)
    assert found.value == 3.0
    assert (found.low, found.high) == (0.0, math.inf)
    assert found.half_width == math.inf


def test_students_quantile() -> None:
    assert student(7) == pytest.approx(2.3646, abs=1e-4)


@pytest.mark.parametrize(
    ("candidate", "reference", "said"),
    [([], [], "no pairs"), ([1.0], [1.0, 2.0], "no pairs"), ([0.0], [1.0], "too coarse"),
     ([math.nan], [1.0], "too coarse")],
)  # fmt: skip
def test_what_is_no_pair_is_refused(
    candidate: list[float], reference: list[float], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        paired_ratio(candidate, reference)
    with pytest.raises(UsageError, match=said):
        burst_ratio(candidate, reference, 5)
