"""Pairs are of seeds, against the right control; the right values are worked out seed by seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nasbench_mobile.errors import LogError
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.summary import Summary
from nasbench_mobile.report.tables import summary
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.runs.run import Run

RunsOf = Callable[[Mapping[str, Mapping[int, float]]], list[Run]]

RANDOM = {0: 0.99, 1: 0.61, 2: 0.52, 3: 0.70, 4: 0.55, 5: 0.66, 6: 0.58, 7: 0.64, 8: 0.50}
PPO = {8: 0.62, 7: 0.60, 6: 0.66, 5: 0.68, 4: 0.615, 3: 0.69, 2: 0.65, 1: 0.53, 11: 0.10}
"""Both orders cross; seed 0 has no PPO and seed 11 no random search."""


def against(told: Summary, family: str, strategy: str) -> dict[str, Any]:
    [row] = [row for row in told["pairs"] if (row["family"], row["strategy"]) == (family, strategy)]
    return dict(row)


def test_seeds_are_paired_by_their_number(runs_of: RunsOf) -> None:
    row = against(summary(runs_of({"random": RANDOM, "ppo": PPO})), "random", "ppo")
    differences = [
        0.53 - 0.61, 0.65 - 0.52, 0.69 - 0.70, 0.615 - 0.55, 0.68 - 0.66, 0.66 - 0.58,
        0.60 - 0.64, 0.62 - 0.50,
    ]  # fmt: skip
    assert row["seeds"] == 8
    assert (row["wins"], row["ties"], row["losses"]) == (5, 0, 3)
    assert row["p"] == pytest.approx(stats.wilcoxon(differences).pvalue)
    ranks = stats.rankdata(np.abs(differences))
    assert row["rank_biserial"] == pytest.approx((ranks * np.sign(differences)).sum() / 36)
    shared = range(1, 9)
    exact = stats.mannwhitneyu([PPO[s] for s in shared], [RANDOM[s] for s in shared])
    assert row["a12"] == pytest.approx(exact.statistic / 64)
    # sorted: -.08, -.04, -.01, .02, .065, .08, .12, .13
    assert row["median_difference"] == pytest.approx((0.02 + 0.065) / 2)
    medians = (0.62 + 0.65) / 2 - (0.58 + 0.61) / 2
    assert row["median_difference"] != pytest.approx(medians, abs=0.001)


def test_the_median_of_differences_is_no_difference_of_medians(runs_of: RunsOf) -> None:
    first = {0: 0.1, 1: 0.5, 2: 0.9}
    second = {0: 0.2, 1: 0.8, 2: 0.4}
    row = against(summary(runs_of({"random": second, "ppo": first})), "random", "ppo")
    assert row["median_difference"] == pytest.approx(-0.1)  # of -0.1, -0.3, 0.5; medians: 0.5, 0.4


def test_equal_seeds_are_ties_and_neither_won_nor_lost(runs_of: RunsOf) -> None:
    """Of seven seeds two are equal, and are left out of the test; four of five differ one way."""
    first = {0: 0.5, 1: 0.61, 2: 0.62, 3: 0.63, 4: 0.64, 5: 0.50, 6: 0.6}
    second = {0: 0.5, 1: 0.60, 2: 0.60, 3: 0.60, 4: 0.60, 5: 0.55, 6: 0.6}
    row = against(summary(runs_of({"random": second, "ppo": first})), "random", "ppo")
    assert (row["wins"], row["ties"], row["losses"]) == (4, 2, 1)
    assert (row["p"], row["note"]) == (None, "only 5 of 7 paired seeds differ: too few to test")
    assert row["rank_biserial"] == pytest.approx((1 + 2 + 3 + 4 - 5) / 15)


def test_the_leader_is_the_other_control_and_wins_are_its_losses(runs_of: RunsOf) -> None:
    told = summary(runs_of({"random": RANDOM, "ppo": PPO}))
    row = against(told, "leader", "random")
    assert row["against"] == "ppo"  # medians 0.62 and 0.61
    assert (row["wins"], row["losses"]) == (3, 5)
    assert row["rank_biserial"] == pytest.approx(-against(told, "random", "ppo")["rank_biserial"])


def test_each_family_has_its_own_correction(runs_of: RunsOf) -> None:
    """Against random search p = 2/256 twice; against the leader 2/256 and that of 4 of 8."""
    seeds = range(8)
    base = {seed: 0.5 + 0.01 * seed for seed in seeds}
    best = {seed: base[seed] + 0.1 + 0.001 * seed for seed in seeds}
    near = {seed: best[seed] - 0.002 * (seed + 1) * (-1) ** seed for seed in seeds}
    told = summary(runs_of({"random": base, "best": best, "near": near}))
    [leader, other] = [row["label"] for row in told["strategies"][:2]]
    for name in ("best", "near"):
        row = against(told, "random", name)
        assert (row["p"], row["p_holm"]) == pytest.approx((2 / 256, 2 * 2 / 256))
    row = against(told, "leader", "random")
    assert (row["p"], row["p_holm"]) == pytest.approx((2 / 256, 2 * 2 / 256))
    row = against(told, "leader", other)
    signs = np.array([best[s] - near[s] for s in seeds])
    exact = stats.wilcoxon(signs).pvalue
    assert {leader, other} == {"best", "near"}
    assert (row["p"], row["p_holm"]) == pytest.approx((exact, exact))


def test_the_baseline_is_plain_random_search_alone(runs_of: RunsOf, exact_run: Any) -> None:
    tuned = [exact_run("random", seed, [(0.6, 0.6, 75.0)], bias=2) for seed in range(6)]
    told = summary([*tuned, *runs_of({"ppo": dict.fromkeys(range(6), 0.7)})])
    assert {row["family"] for row in told["pairs"]} == {"leader"}
    assert [row["baseline"] for row in told["strategies"]] == [False, False]
    plain = runs_of({"random": dict.fromkeys(range(6), 0.5)})
    told = summary([*tuned, *plain])
    [row] = [row for row in told["pairs"] if row["family"] == "random"]
    assert (row["strategy"], row["against"]) == ("random:bias=2", "random")


def labelled(run: Run, label: str) -> Run:
    strategy = dataclasses.replace(run.header.strategy, alias=label)
    return dataclasses.replace(run, header=dataclasses.replace(run.header, strategy=strategy))


def test_random_search_is_the_baseline_under_any_label_and_others_under_none(
    runs_of: RunsOf,
) -> None:
    base = runs_of({"random": {seed: 0.5 + 0.01 * seed for seed in range(6)}})
    ours = runs_of({"ppo": {seed: 0.7 - 0.01 * seed for seed in range(6)}})
    told = summary([*(labelled(run, "base") for run in base), *ours])
    assert {row["against"] for row in told["pairs"] if row["family"] == "random"} == {"base"}
    assert verdict(told).endswith("p = 0.031; A12 = 1.00).")
    posing = [labelled(run, "random") for run in ours]
    told = summary([*(labelled(run, "base") for run in base), *posing])
    [row] = [row for row in told["pairs"] if row["family"] == "random"]
    assert (row["strategy"], row["against"]) == ("random", "base")
    both = summary([*base, *(labelled(run, "again") for run in base), *ours])
    assert {row["against"] for row in both["pairs"] if row["family"] == "random"} == {"random"}
    assert [row["label"] for row in both["strategies"] if row["baseline"]] == ["random"]


def test_runs_with_different_workers_or_starts_are_not_compared(exact_run: Any) -> None:
    one = exact_run("random", 0, [(0.6, 0.6, 75.0)])
    parallel = dataclasses.replace(one, header=dataclasses.replace(one.header, seed=1, workers=4))
    with pytest.raises(
        LogError, match="had None proposals in flight and random seed 1 4; report them apart"
    ):
        compare_runs([one, parallel])
    warm = dataclasses.replace(one, header=dataclasses.replace(one.header, seed=1, start=((0,),)))
    with pytest.raises(LogError, match="only runs that start alike can be compared"):
        compare_runs([one, warm])
    assert len(compare_runs([parallel]).strategies) == 1
