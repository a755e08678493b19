"""Section 7.1's five checks, on samples whose answers are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import pstdev

import numpy as np
import pytest

from nasbench_mobile.reproduce.experiments.checks import (
    StatementCheck,
    latencies,
    mode_ms,
    section_7_1,
    spaced_front,
)
from nasbench_mobile.runs.run import Run

T = 75.0
MakeRun = Callable[..., Run]

HARD = (60.0, 70.0, 75.0, 80.0)
SOFT = (30.0, 71.0, 72.0, 76.0, 90.0, 111.0, 120.0, 130.0)
"""Within 75 ms: three of four and three of eight. Most of soft's lie in 70 to 75 ms; one of eight
is faster than 40 ms and three are slower than 110."""


@pytest.fixture
def check(run_maker: MakeRun) -> Callable[..., StatementCheck]:
    """The check of a number, on seeds that sampled these latencies (ms), each more accurate."""

    def runs(seeds: Sequence[Sequence[float]]) -> list[Run]:
        return [
            run_maker([(0.5 + 0.001 * n, ms, 0.5) for n, ms in enumerate(one)], seed=seed)
            for seed, one in enumerate(seeds)
        ]

    def answer(
        number: int, soft: Sequence[Sequence[float]], hard: Sequence[Sequence[float]] | None = None
    ) -> StatementCheck:
        found = section_7_1(runs(hard or [HARD] * len(soft)), runs(soft), T)
        assert [one.number for one in found] == [1, 2, 3, 4, 5]
        return found[number - 1]

    return answer


def test_the_share_within_the_target_is_hards_less_softs(
    check: Callable[..., StatementCheck],
) -> None:
    found = check(1, [SOFT] * 6)
    assert found.per_seed == (3 / 4 - 3 / 8,) * 6
    assert (found.mean, found.interval, found.answer) == (0.375, (0.375, 0.375), "yes")
    swapped = check(1, [HARD] * 6, [SOFT] * 6)
    assert (swapped.mean, swapped.answer) == (-0.375, "no")
    assert check(1, [HARD] * 6).answer == "no"  # no more is not more


def test_seeds_are_paired_one_by_one(check: Callable[..., StatementCheck]) -> None:
    found = check(1, [SOFT, HARD, (80.0,), (75.0,), SOFT, SOFT])
    assert found.per_seed == (0.375, 0.0, 0.75, -0.25, 0.375, 0.375)
    assert found.mean == pytest.approx(1.625 / 6)
    assert check(3, [(71.0,), (81.0,), (91.0,)]).per_seed == (-2.5, 7.5, 17.5)


def test_the_interval_is_that_of_the_mean(check: Callable[..., StatementCheck]) -> None:
    found = check(1, [(75.0,)] * 9 + [(60.0, 70.0, 74.0, 76.0)], [(75.0,)] * 10)
    # Nine seeds with 0 and one with a quarter, which is in a resample 0 to 3 times (binomial).
    assert found.mean == pytest.approx(0.025)
    assert found.interval == pytest.approx((0.0, 0.075))


def test_what_is_unsure_is_undecided(check: Callable[..., StatementCheck]) -> None:
    both = [SOFT, (60.0,)] * 3  # 0.375 more and 0.25 less
    found = check(1, both)
    assert found.interval is not None
    assert found.interval[0] < 0 < found.interval[1]
    assert found.answer == "undecided"
    assert check(2, [(75.0,), (60.0, 90.0)] * 3).answer == "undecided"
    assert check(3, [(76.0,), (86.0,)] * 3).answer == "undecided"
    assert check(3, [(61.0,), (71.0,)] * 3).answer == "undecided"
    assert check(5, [(50.0, 60.0), (50.0, 60.0, 70.0, 80.0)] * 3).answer == "undecided"
    one = check(1, [SOFT])  # a single seed says nothing of others
    assert (one.interval, one.answer) == (None, "undecided")


def test_the_spread_is_softs_less_hards(check: Callable[..., StatementCheck]) -> None:
    found = check(2, [SOFT] * 6)
    assert found.mean == pytest.approx(pstdev(SOFT) - pstdev(HARD))
    assert found.answer == "yes"
    assert check(2, [HARD] * 6, [SOFT] * 6).answer == "no"
    assert check(2, [HARD] * 6).answer == "no"
    ten = [(60.0, 80.0)] * 6
    assert check(2, [(60.0, 81.0)] * 6, ten).answer == "yes"  # half a millisecond is wider
    assert check(2, [(60.0, 81.0), (60.0, 78.0)] * 3, ten).answer == "undecided"


@pytest.mark.parametrize(
    ("latency_ms", "off", "answer"),
    [
        (81.0, 7.5, "yes"),  # the middle of its bin lies a tenth of T above T
        (66.0, -7.5, "yes"),
        (86.0, 12.5, "no"),
        (61.0, -12.5, "no"),
    ],
)
def test_the_mode_is_near_within_a_tenth_of_the_target(
    check: Callable[..., StatementCheck], latency_ms: float, off: float, answer: str
) -> None:
    found = check(3, [(20.0, latency_ms, 140.0, latency_ms + 1)] * 6)
    assert (found.mean, found.answer) == (off, answer)
    assert "(within 7.5 ms)" in found.statement


@pytest.mark.parametrize("latencies_ms", [(81.0, 86.0), (66.0, 61.0)])
def test_an_interval_that_touches_a_tenth_is_undecided(
    check: Callable[..., StatementCheck], latencies_ms: tuple[float, float]
) -> None:
    near, far = latencies_ms  # a tenth of T from T, and further
    found = check(3, [(near,)] * 5 + [(far,)])
    assert found.interval is not None
    assert 7.5 in map(abs, found.interval)
    assert found.answer == "undecided"


def test_both_ends_count_by_the_rarer(check: Callable[..., StatementCheck]) -> None:
    found = check(4, [SOFT] * 6)
    assert (found.mean, found.answer) == (0.125, "yes")
    slow_is_rarer = check(4, [(39.0, 38.0, 50.0, 111.0)] * 6)
    assert slow_is_rarer.mean == 0.25
    at_the_edges = check(4, [(40.0, 110.0, 30.0)] * 6)  # none above 110
    assert (at_the_edges.mean, at_the_edges.answer) == (0.0, "no")
    assert check(4, [(40.0, 110.0, 130.0)] * 6).mean == 0.0  # none below 40


def test_several_are_three_and_apart(check: Callable[..., StatementCheck]) -> None:
    three = check(5, [(50.0, 54.0, 55.0, 59.0, 60.0)] * 6)
    assert (three.mean, three.answer) == (3.0, "yes")
    two = check(5, [(50.0, 54.0, 55.0, 59.0)] * 6)
    assert (two.mean, two.answer) == (2.0, "no")


def test_a_front_is_walked_from_its_last_counted_model(run_maker: MakeRun) -> None:
    # 54 and 59 are within 5 ms of 50 and 55; 70 ms is on no front
    samples = [(0.5, 50.0, 0.1), (0.52, 54.0, 0.1), (0.53, 55.0, 0.1), (0.54, 59.0, 0.1),
               (0.51, 70.0, 0.1), (0.55, 60.5, 0.1)]  # fmt: skip
    assert spaced_front(run_maker(samples)) == 3


def test_a_check_says_all_of_itself(check: Callable[..., StatementCheck]) -> None:
    found = check(4, [SOFT] * 6)
    assert found.to_json() == {
        "check": 4,
        "statement": "soft samples models both below 40 ms and above 110 ms",
        "figure": "share of soft's samples on the rarer side of [40, 110] ms",
        "mean": 0.125,
        "ci95": [0.125, 0.125],
        "per_seed": [0.125] * 6,
        "answer": "yes",
    }
    assert check(1, [SOFT]).to_json()["ci95"] is None


def test_the_mode_is_the_middle_of_the_fullest_bin() -> None:
    assert mode_ms(np.array([71.0, 80.0, 80.0])) == 82.5  # an edge belongs to what is above it
    assert mode_ms(np.array([12.0, 33.0])) == 12.5  # the fastest of equals
    assert mode_ms(np.array([4.0, 4.9, 5.0, 6.0, 9.9, 10.0])) == 7.5
    assert mode_ms(np.array([3.0, 98.0, 99.0, 99.5])) == 97.5  # the slowest bin may be the fullest


def test_failed_and_partly_trained_samples_have_no_latency(run_maker: MakeRun) -> None:
    run = run_maker([(0.5, 60.0, 0.5), None, (0.5, 20.0, 0.5), (0.5, 80.0, 0.5)], partial=2)
    assert latencies(run).tolist() == [60.0, 80.0]
