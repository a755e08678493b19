"""Readings whose values are worked out by hand: pairs, tables, noise, canonical tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scipy import stats

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.pairing import burst_ratio, median_interval, paired_ratio
from nasbench_mobile.evaluators.noise import NoisyAccuracy
from nasbench_mobile.evaluators.tabular import TabularAccuracy
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pairwise import PairwiseModel
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity, Tokens

CANDIDATE = [2.0, 9.0, 6.0, 4.0, 10.0, 3.0, 8.0]
REFERENCE = [1.0, 3.0, 4.0, 1.0, 5.0, 2.0, 2.0]
"""Neither rises nor falls, so that pairs matter: ratios 2, 3, 1.5, 4, 2, 1.5, 4."""


def test_a_paired_ratio_is_the_median_of_the_pairs() -> None:
    """Deviations from 2 are 0, 1, 0.5, 2, 0, 0.5, 2: their median is 0.5."""
    found = paired_ratio(CANDIDATE, REFERENCE)
    assert found.value == 2.0
    assert found.cv == pytest.approx(1.4826 * 0.5 / 2)
    assert (found.low, found.high) == (1.5, 4.0)  # of seven, least and greatest: 1 - 2/128
    assert found.pairs == 7
    assert found.half_width == pytest.approx((4.0 - 1.5) / 2 / 2.0)


def test_a_burst_ratio_is_the_mean_of_the_bursts_medians() -> None:
    """Bursts (2, 3), (1.5, 4), (2, 1.5), (4): medians 2.5, 2.75, 1.75, 4."""
    found = burst_ratio(CANDIDATE, REFERENCE, 2)
    assert found.value == pytest.approx(2.75)
    deviation = math.sqrt((0.25**2 + 0 + 1.0**2 + 1.25**2) / 3)
    assert found.cv == pytest.approx(deviation / 2.75)
    half = stats.t.ppf(0.975, 3) * deviation / 2
    assert (found.low, found.high) == pytest.approx((2.75 - half, 2.75 + half))
    assert found.pairs == 7
    assert found.half_width == pytest.approx(half / 2.75)


def test_a_bursts_middle_is_its_median() -> None:
    found = burst_ratio([1.0, 2.0, 30.0, 4.0, 5.0, 6.0], [1.0] * 6, 3)
    assert found.value == pytest.approx((2 + 5) / 2)


@pytest.mark.parametrize("count", [6, 8, 9, 15, 40])
def test_ranks_of_the_medians_interval_are_the_sign_tests(count: int) -> None:
    """The largest r with P(Binomial(count, 1/2) < r) at most 2.5 % on either side."""
    low, high = median_interval([float(k) for k in range(1, count + 1)])
    rank = int(low)
    assert high == count + 1 - rank
    assert stats.binom.cdf(rank - 1, count, 0.5) <= 0.025 < stats.binom.cdf(rank, count, 0.5)


SPACE = MnasNetSpace()


def test_a_table_reading_is_mean_sample_deviation_and_mean_cost(
    synthetic_table: Callable[..., Table],
) -> None:
    table = synthetic_table(2, repeated=1)
    several = {0: (0.50, 100.0), 1: (0.53, 130.0), 2: (0.57, 280.0)}
    tokens = table.rows[0].tokens
    assert tokens is not None
    rows = []
    for row in table.rows:
        if row.tokens == tokens:
            accuracy, cost_s = several[row.seed]
            row = replace(row, accuracy=accuracy, cost_s=cost_s)
        rows.append(row)
    lost = replace(rows[0], seed=3, accuracy=None, failure="lost", cost_s=9999.0)
    evaluator = TabularAccuracy(replace(table, rows=(lost, *reversed(rows))))
    [reading] = evaluator.accuracy([Architecture(SPACE, tokens)])
    assert isinstance(reading, AccuracyReading)
    assert reading.accuracy == pytest.approx(1.6 / 3)
    # Deviations -1/30, -1/300 and 11/300: (100 + 1 + 121) / 90,000 over two degrees of freedom.
    assert reading.sd == pytest.approx(math.sqrt(222 / 90_000 / 2))
    assert reading.cost_s == pytest.approx(170.0)
    assert reading.fidelity == Fidelity(1.0, "synthetic", 0.35, 32)
    assert not reading.extrapolated


class Constant:
    """An evaluator that reads the same for all."""

    label = "constant"
    fidelity = None

    def __init__(self, reading: AccuracyReading) -> None:
        self._reading = reading

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        return [self._reading] * len(architectures)


def test_deviations_of_noise_and_reading_are_combined_in_squares() -> None:
    noisy = NoisyAccuracy(Constant(AccuracyReading(0.5, sd=0.012, cost_s=2.0)), 0.005, 4)
    one = Architecture(MnasNetAnbSpace(), (0,) * 28)
    [reading] = noisy.accuracy([one])
    assert isinstance(reading, AccuracyReading)
    assert reading.sd == pytest.approx(0.013)
    assert reading.accuracy == 0.5 + 0.005 * noisy.standard_noise(one)
    assert noisy.standard_noise(one) != 0.0
    [unknown] = NoisyAccuracy(Constant(AccuracyReading(0.5)), 0.005, 4).accuracy([one])
    assert isinstance(unknown, AccuracyReading)
    assert unknown.sd == 0.005


def test_noise_of_one_network_is_that_of_its_canonical_tokens() -> None:
    """Skips mean nothing in a block of one layer: one network, one draw, whichever list asks."""
    plain = SPACE.canonical((2, 0, 0, 2, 1, 1) * 7)
    other = (*plain[:3], (plain[3] + 1) % 3, *plain[4:])
    assert SPACE.canonical(other) == plain
    noisy = NoisyAccuracy(Constant(AccuracyReading(0.5)), 0.1, 4)
    draws = [noisy.standard_noise(Architecture(SPACE, tokens)) for tokens in (plain, other)]
    assert draws[0] == draws[1]


class Halved(MnasNetAnbSpace):
    """Three decisions of 3, 2 and 2 values; the first means nothing beside 0 of the second."""

    name = "small"
    decisions = MnasNetAnbSpace().decisions[:2] + MnasNetAnbSpace().decisions[3:4]

    def canonical(self, tokens: Tokens) -> Tokens:
        return tokens if tokens[1] else (0, *tokens[1:])


def small_model(**changes: Any) -> PairwiseModel:
    import numpy as np

    values: dict[str, Any] = {
        "cardinalities": (3, 2, 2),
        "blocks": ((0, 1), (2,)),
        "intercept": 0.5,
        "main": (np.array([0.01, 0.02]), np.array([0.04]), np.array([0.08])),
        "pair": {
            (0, 1): np.array([[0.001], [0.002]]),
            (0, 2): np.array([[0.003], [0.005]]),
            (1, 2): np.array([[0.007]]),
        },
    }
    return PairwiseModel(**{**values, **changes})


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        ((2, 1, 1), 0.5 + 0.02 + 0.04 + 0.08 + 0.002 + 0.005 + 0.007),
        ((1, 1, 0), 0.5 + 0.01 + 0.04 + 0.001),
        ((2, 0, 1), 0.5 + 0.08),  # as (0, 0, 1)
        ((1, 0, 0), 0.5),  # as (0, 0, 0)
    ],
)
def test_a_surrogate_reads_canonical_tokens(tokens: Tokens, wanted: float) -> None:
    evaluator = SurrogateAccuracy(small_model(), "small", (0.0, 1.0), Fidelity(epochs=1))
    [reading] = evaluator.accuracy([Architecture(Halved(), tokens)])
    assert isinstance(reading, AccuracyReading)
    assert reading.accuracy == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("limits", "extrapolated"),
    [((0.5, 0.58), False), ((0.501, 0.58), True), ((0.4, 0.5), False), ((0.4, 0.499), True)],
)
def test_a_reading_at_the_end_of_the_training_range_is_within_it(
    limits: tuple[float, float], extrapolated: bool
) -> None:
    evaluator = SurrogateAccuracy(small_model(), "small", limits, Fidelity())
    [reading] = evaluator.accuracy([Architecture(Halved(), (0, 0, 0))])
    assert isinstance(reading, AccuracyReading)
    assert (reading.accuracy, reading.extrapolated) == (0.5, extrapolated)
