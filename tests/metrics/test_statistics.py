import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nasbench_mobile.errors import UsageError
from nasbench_mobile.metrics.statistics import (
    a12,
    bootstrap_interval,
    holm,
    iqm,
    probability_of_improvement,
    wilcoxon,
)

# Demsar 2006, table 2: C4.5 with and without tuning m, AUC on 14 data sets
C45 = [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.94, 0.619, 0.972,
       0.957]  # fmt: skip
C45_M = [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962, 0.666, 0.981,
         0.978]  # fmt: skip


def test_iqm_is_the_mean_of_the_middle_half() -> None:
    assert iqm([100.0, 1.0, 4.0, 2.0, 3.0, 5.0, 6.0, -50.0]) == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert iqm([7.0]) == 7.0


def test_bootstrap_interval_is_repeatable_holds_the_iqm_and_narrows() -> None:
    values = np.random.default_rng(0).normal(0.7, 0.01, 400)
    few, many = bootstrap_interval([values[:10]]), bootstrap_interval([values])
    assert few is not None
    assert many is not None
    assert few == bootstrap_interval([values[:10]])
    assert few[0] < iqm(values[:10]) < few[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 3
    normal = 2 * 1.96 * 0.01 / np.sqrt(400)  # of a mean; the IQM of a normal is a little wider
    assert normal * 0.9 < many[1] - many[0] < normal * 1.4


def test_an_interval_cuts_its_share_off_both_ends() -> None:
    """The mean of 40 zeros and ones, resampled, is binomial, whose quantiles are known."""
    values = [0.0] * 28 + [1.0] * 12
    for confidence in (0.95, 0.9, 0.5):
        tail = (1 - confidence) / 2
        exact = stats.binom.ppf([tail, 1 - tail], 40, 12 / 40) / 40
        found = bootstrap_interval(
            [values], statistic=lambda drawn: drawn.mean(axis=-1), confidence=confidence
        )
        assert found == pytest.approx(tuple(exact))
    default = bootstrap_interval([values], statistic=lambda drawn: drawn.mean(axis=-1))
    assert default == pytest.approx((7 / 40, 18 / 40))  # of 0.9 it would be 7 and 17 of 40


def test_strata_are_resampled_apart() -> None:
    # each stratum is constant, so every resample is the same: pooling would spread
    assert bootstrap_interval([[0.0] * 5, [1.0] * 5]) == (0.5, 0.5)


def test_too_few_runs_have_no_interval() -> None:
    assert bootstrap_interval([[0.7]]) is None
    assert bootstrap_interval([[0.5, 0.6, 0.7, 0.8], [0.5, 0.6, 0.7, 0.8]]) is None
    assert bootstrap_interval([[0.5, 0.6, 0.7, 0.8, 0.9]]) is not None
    assert bootstrap_interval([[0.5], [0.7] * 5]) is not None


def test_wilcoxon_is_scipys_on_demsars_example() -> None:
    # 14 pairs of which 2 tie; Demsar's (section 3.1.3) conclusion at 0.05 is "better"
    test = wilcoxon(C45_M, C45)
    difference = np.array(C45_M) - np.array(C45)
    assert test.pairs == 14
    assert test.p == stats.wilcoxon(difference, zero_method="wilcox").pvalue
    assert test.p is not None
    assert test.p < 0.05


def test_exact_p_of_a_clean_sweep() -> None:
    second = np.linspace(0.6, 0.7, 10)
    assert wilcoxon(second + np.linspace(0.01, 0.02, 10), second).p == pytest.approx(2 / 2**10)


def test_the_direction_is_that_of_the_rank_sums_not_of_medians() -> None:
    """Differences 1, 2, -30 and so on: ranks by size, W+ = 1+2+4+5+6 = 18, W- = 3+7 = 10."""
    second = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0])
    first = second + np.array([1.0, 2.0, -3.0, 4.0, 5.0, 6.0, -70.0, 0.0])
    test = wilcoxon(first, second)
    assert test.rank_biserial == pytest.approx((18 - 10) / 28)
    assert np.mean(first - second) < 0
    turned = wilcoxon(second, first)
    assert turned.rank_biserial == pytest.approx(-8 / 28)
    assert turned.p == test.p


def test_ties_of_differences_share_ranks_in_the_direction() -> None:
    """Sizes 1, 1, 2 have ranks 1.5, 1.5, 3: W+ = 4.5, W- = 1.5."""
    assert wilcoxon([1, -1, 2, 0], [0, 0, 0, 0]).rank_biserial == pytest.approx(3 / 6)


def test_the_direction_is_known_where_nothing_is_tested() -> None:
    assert wilcoxon([1, 2, 3], [0, 0, 0]).rank_biserial == 1.0
    assert wilcoxon([0, 0], [1, 1]).rank_biserial == -1.0
    assert wilcoxon([1.0] * 6, [1.0] * 6).rank_biserial == 0.0
    assert wilcoxon([], []).rank_biserial is None


def test_too_few_pairs_are_said_not_tested() -> None:
    test = wilcoxon([1, 2, 3], [0, 0, 0])
    assert test.p is None
    assert test.note is not None
    assert test.note == "3 paired seeds are too few to test; use at least 6"
    assert wilcoxon([1], [0]).note == "1 paired seed is too few to test; use at least 6"
    assert wilcoxon([], []).note == "no seed is shared"
    some = wilcoxon(range(8), [0, 1, 2, 3, 4, 5, 6, 9])
    assert some.p is None
    assert some.note is not None
    assert "only 1 of 8" in some.note
    assert wilcoxon([1.0] * 6, [1.0] * 6).p == 1.0


def test_unpaired_samples_are_an_error() -> None:
    with pytest.raises(UsageError, match="one value per shared seed"):
        wilcoxon([1, 2], [1])


def test_holm_by_hand() -> None:
    # 0.005 * 4 = 0.02; 0.01 * 3 = 0.03; 0.03 * 2 = 0.06; 0.04 * 1 is raised to 0.06
    assert holm([0.04, 0.01, 0.03, 0.005]) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm([0.8, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a12_is_the_mann_whitney_u_over_the_pairs() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 5, 12), rng.integers(1, 6, 9)
    assert a12(a, b) == pytest.approx(stats.mannwhitneyu(a, b).statistic / (12 * 9))
    assert a12(a, b) + a12(b, a) == pytest.approx(1.0)
    with pytest.raises(UsageError, match="at least one"):
        a12([], [1])


def test_probability_of_improvement_averages_benchmarks() -> None:
    assert probability_of_improvement([[1, 1], [0, 2]], [[0, 0], [1, 1]]) == 0.75
    with pytest.raises(UsageError, match="same ones"):
        probability_of_improvement([[1]], [])


def test_published_intervals_are_computed_again_to_the_last_digit() -> None:
    root = Path(__file__).resolve().parents[2]
    path = root / "results" / "imagenet-pixel1" / "defaults" / "summary.json"
    rows = json.loads(path.read_text())["strategies"]
    assert len(rows) == 5
    for row in rows:
        figure = row["best_reward"]
        assert bootstrap_interval([figure["values"]]) == tuple(figure["ci95"])
        assert iqm(figure["values"]) == figure["iqm"]
