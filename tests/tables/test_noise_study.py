"""Noise studies on made-up accuracies whose standard deviations are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nasbench_mobile.errors import UsageError
from nasbench_mobile.tables.noise_study import noise_study, pooled_sd, tau_ceiling


def made_up(seed: int, spread: float, noise: float, count: int = 100) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [
        [0.5 + spread * true + noise * rng.normal() for _ in range(3 if place < 30 else 1)]
        for place, true in enumerate(rng.normal(size=count))
    ]


def test_by_hand() -> None:
    study = noise_study([[0.5, 0.52], [0.6, 0.6], [0.7]])
    seed_sd = math.sqrt(2 * 0.01**2 / 2)  # squares about the means, two degrees of freedom
    assert study.seed_sd == pytest.approx(seed_sd)
    assert study.spread_sd == pytest.approx(math.sqrt(0.01 - seed_sd**2))
    assert study.ratio == pytest.approx(study.seed_sd / study.spread_sd)
    assert study.label_sd == pytest.approx(seed_sd * math.sqrt((1 / 2 + 1 / 2 + 1) / 3))
    assert study.label_ratio == pytest.approx(study.label_sd / study.spread_sd)
    low, high = study.seed_sd_interval
    assert low < seed_sd < high
    assert (study.architectures, study.repeated, study.trainings) == (3, 2, 5)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = np.zeros(4)
    for seed in range(40):
        study = noise_study(made_up(seed, 0.04, 0.01))
        for place, (truth, interval) in enumerate(
            (
                (0.01, study.seed_sd_interval),
                (0.04, study.spread_sd_interval),
                (0.25, study.ratio_interval),
                (0.25 * math.sqrt((30 / 3 + 70) / 100), study.label_ratio_interval),
            )
        ):
            held[place] += interval[0] <= truth <= interval[1]
    # 38 of 40 are expected; fewer than 31 come about once in 10^5 (binomial).
    assert (held >= 31).all(), held


def test_a_noisy_table_does_not_rank() -> None:
    assert noise_study(made_up(0, 0.04, 0.005)).ranks
    assert not noise_study(made_up(0, 0.02, 0.02)).ranks
    once = made_up(0, 0.04, 0.018)
    rng = np.random.default_rng(1)
    means = [
        [0.5 + x + 0.018 * rng.normal() for _ in range(3)] for x in 0.04 * rng.normal(size=100)
    ]
    assert noise_study(once).ratio > 1 / 3 < noise_study(means).ratio
    assert (noise_study(once).ranks, noise_study(means).ranks) == (False, True)
    record = noise_study([[0.5, 0.6], [0.5, 0.6], [0.5]]).record()
    assert record["ratio"] is None  # no spread at all: infinite
    assert record["ranks"] is False


def test_the_ceiling_is_the_arcsine_law_for_normal_accuracies() -> None:
    values = np.array(stats.norm.ppf((np.arange(200) + 0.5) / 200)) * 0.05 + 0.5
    groups = [[value, value + 0.03, value - 0.03] for value in values]
    study = noise_study(groups)
    for seeds in (1, 3):
        noise = study.seed_sd / math.sqrt(seeds)
        expected = 2 / math.pi * math.asin(study.spread_sd / math.hypot(study.spread_sd, noise))
        assert tau_ceiling(values, study, seeds) == pytest.approx(expected, abs=0.01)
    top = tau_ceiling(values, study, 1, lambda labels: labels >= np.quantile(labels, 0.75))
    assert top < tau_ceiling(values, study, 1)


@pytest.mark.parametrize("groups", [[], [[0.5, 0.6]], [[0.5], [0.6], [0.7]]])
def test_too_little_to_tell(groups: list[list[float]]) -> None:
    with pytest.raises(UsageError, match="collect more"):
        noise_study(groups)


def test_seeds_of_all_networks_are_pooled() -> None:
    assert pooled_sd([[0.5, 0.6], [0.4, 0.4, 0.4], [0.9]]) == pytest.approx((0.005 / 3) ** 0.5)
    assert pooled_sd([[0.5], [0.6], []]) is None


def test_the_interval_of_the_noise_is_chi_squares() -> None:
    """Squares 0.0002 + 0.0026 / 3 about the means, over one and two degrees of freedom."""
    study = noise_study([[0.5, 0.52], [0.6, 0.62, 0.65], [0.7]])
    squares = 0.0002 + 0.0038 / 3
    low, high = (math.sqrt(squares / stats.chi2.ppf(level, 3)) for level in (0.975, 0.025))
    assert study.seed_sd == pytest.approx(math.sqrt(squares / 3))
    assert study.seed_sd_interval == pytest.approx((low, high))
    assert study.label_sd == pytest.approx(study.seed_sd * math.sqrt((1 / 2 + 1 / 3 + 1) / 3))
    assert study.spread_sd == pytest.approx(math.sqrt(0.01 - squares / 3))
