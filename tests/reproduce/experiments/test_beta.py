"""How beta follows from 5 % for twice the latency, and how slopes are taken, worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress

from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import beta
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

MakeRun = Callable[..., Run]


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


def rising(latency_ms: float, share: float) -> float:
    """An accuracy that is `share` greater for twice the latency, 0.5 at 50 ms."""
    return float(0.5 * (1 + share) ** (math.log(latency_ms / 50) / math.log(2)))


def on_a_line(share: float, *latencies_ms: float) -> list[tuple[float, float, float]]:
    return [(rising(ms, share), ms, 0.5) for ms in latencies_ms]


def test_beta_is_minus_the_binary_logarithm_of_a_twentieth_more() -> None:
    verdict = beta._derivation()
    # log 1.05 / log 2 = 0.04879 / 0.69315 = 0.07039, and 1.05 * 2 ** -0.07 = 1.00027
    assert verdict.status == "exact"
    assert verdict.detail == "-log2(1.05) = -0.0704; the two rewards differ by 0.03%"


def test_another_premise_would_not_give_the_printed_beta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beta, "PREMISE", 0.06)
    verdict = beta._derivation()
    assert verdict.status == "does not hold"
    assert verdict.detail.startswith("-log2(1.05) = -0.0841")
    monkeypatch.setattr(beta, "PREMISE", 0.05)
    for equal, status in ((2.7e-4, "exact"), (2.6e-4, "does not hold")):
        monkeypatch.setattr(beta, "EQUAL", equal)  # 1.05 x 2 ** -0.07 = 1.000266
        assert beta._derivation().status == status


def test_printed_neighbours_are_compared_per_doubling() -> None:
    gains = beta.printed_gains()
    assert len(gains) == 16
    # Fig. 5(a), A1: 64.1 % at 22 ms to 68.9 % at 32 ms, then 73.3 % at 61 ms
    assert gains[0] == pytest.approx((68.9 / 64.1) ** (math.log(2) / math.log(32 / 22)) - 1)
    assert gains[0] == pytest.approx(0.1429, abs=5e-5)
    assert gains[1] == pytest.approx((73.3 / 68.9) ** (math.log(2) / math.log(61 / 32)) - 1)
    # MobileNetV2 after A1's four; Fig. 5(b) after Fig. 5(a)
    assert gains[4] == pytest.approx((65.4 / 60.3) ** (math.log(2) / math.log(30.1 / 21.4)) - 1)
    assert gains[15] == pytest.approx((72.0 / 70.7) ** (math.log(2) / math.log(75 / 55.9)) - 1)


def test_a_fronts_gain_is_its_slope_over_the_logarithm_of_latency(run_maker: MakeRun) -> None:
    run = run_maker(on_a_line(0.08, 50.0, 60.0, 85.0, 100.0))
    assert beta.front_gain(run) == pytest.approx(0.08)


def test_a_slope_is_a_least_squares_fit_to_true_values(run_maker: MakeRun) -> None:
    told = [(0.50, 51.0, 0.5), (0.51, 58.0, 0.5), (0.53, 70.0, 0.5), (0.54, 99.0, 0.5)]
    true = [(0.49, 52.0), (0.53, 57.0), (0.52, 72.0), (0.55, 98.0)]
    accuracy, latency_ms = map(np.array, zip(*true, strict=True))
    slope = linregress(np.log2(latency_ms), np.log(accuracy)).slope
    found = beta.front_gain(run_maker(told, true=true))
    assert found == pytest.approx(math.e**slope - 1)


def test_a_slope_is_that_of_the_range_alone(run_maker: MakeRun) -> None:
    within = on_a_line(0.05, 50.0, 70.0, 100.0)  # both ends are in it
    beyond = [(0.3, 49.9, 0.5), (0.9, 100.1, 0.5), (0.4, 80.0, 0.5)]  # the last is on no front
    assert beta.front_gain(run_maker(within + beyond)) == pytest.approx(0.05)
    assert beta.front_gain(run_maker([*within[:2], *beyond])) is None


@pytest.mark.parametrize(
    ("middle", "status"),
    [(0.02, "exact"), (0.1, "exact"), (0.0199, "does not hold"), (0.1001, "does not hold")],
)
def test_about_five_percent_is_two_to_ten(middle: float, status: str) -> None:
    assert beta._printed([middle, 0.9, -0.9]).status == status


def test_printed_gains_are_told_by_median_and_ends() -> None:
    detail = beta._printed([0.03, 0.05, 0.2, 0.01]).detail
    assert detail == "median 4.0% over 4 neighbours, 1.0% to 20.0%"


@pytest.mark.parametrize(
    ("gains", "holds"),
    [
        ([0.021] * 6, True),
        ([0.099] * 6, True),
        ([0.019] * 6, False),
        ([0.101] * 6, False),
        ([0.03, 0.03, 0.03, 0.03, 0.03, -0.1], False),  # in the mean, 0.008
        ([0.01, 0.05] * 3, False),  # in the mean, but not in the whole interval
        ([0.05, 0.13] * 3, False),
        ([0.05], False),  # one front has no interval
        ([], False),
    ],
)
def test_fronts_agree_where_their_whole_interval_is_about_five_percent(
    gains: list[float], holds: bool
) -> None:
    verdict = beta._fronts(gains, "a benchmark")
    assert (verdict.status == "holds on our benchmark") is holds
    if gains == [0.021] * 6:
        assert verdict.detail == "2.10% [2.10%, 2.10%] on 6 fronts"


def test_the_experiment_searches_fronts_and_draws_the_premise(
    run_maker: MakeRun, searched_instead: Callable[..., Any], tmp_path: Path,
    watch_drawing: Callable[..., Any],
) -> None:  # fmt: skip
    drawn = watch_drawing(beta)
    runs = [run_maker(on_a_line(0.06, 40.0, 60.0, 80.0, 100.0), seed=s) for s in range(5)]
    short = run_maker(on_a_line(0.06, 40.0, 60.0, 80.0), seed=5)
    plans = searched_instead(beta, lambda name, plan: [*runs, short])
    outcome = beta.run(ExperimentSetting(), tmp_path, no_study)
    plan = plans["beta/fronts"]
    assert plan.benchmark.identifier == "imagenet-pixel1@1"
    assert plan.strategies == (StrategySpec("nsga2"),)
    assert (plan.seeds, plan.budget) == (tuple(range(10)), 1000)
    assert outcome.result["derived"] == pytest.approx(-0.0703893279)
    assert outcome.result["front_gains"] == pytest.approx([0.06] * 5)  # one has two in the range
    printed, fronts = outcome.tables[0].rows
    assert (printed["of"], fronts["of"]) == (16, 5)
    assert printed["gain"] == pytest.approx(np.median(outcome.result["printed_gains"]))
    assert fronts["gain"] == pytest.approx(0.06)
    [(series, _)] = drawn
    assert [one.label for one in series] == [
        "front of seed 0", "front of seed 1", "front of seed 2", "5 % per doubling",
    ]  # fmt: skip
    # from the first network at 50 ms or slower, 60 ms here: 5 % more at twice 50 ms
    low = 100 * rising(60.0, 0.06)
    assert series[-1].points == [
        (50.0, pytest.approx(low)),
        (pytest.approx(50 * 2**0.5), pytest.approx(low * 1.05**0.5)),
        (100.0, pytest.approx(low * 1.05)),
    ]
    assert [point[0] for point in series[0].points] == [40.0, 60.0, 80.0, 100.0]
    assert series[0].points[1][1] == pytest.approx(low)
    assert (tmp_path / "beta.png").is_file()


def test_the_premise_starts_at_the_slowest_network_where_all_are_fast(
    run_maker: MakeRun, tmp_path: Path, watch_drawing: Callable[..., Any]
) -> None:
    drawn = watch_drawing(beta)
    beta._draw([run_maker([(0.3, 20.0, 0.5), (0.4, 40.0, 0.5), (0.35, 30.0, 0.5)])], tmp_path)
    assert drawn[0][0][-1].points[0] == (50.0, pytest.approx(40.0))


@pytest.mark.parametrize(
    ("setting", "seeds", "samples"),
    [
        (ExperimentSetting(quick=True), 3, 300),
        (ExperimentSetting(seeds=2, samples=40, quick=True), 2, 40),
    ],
)
def test_seeds_and_samples_are_the_users_or_the_small_forms(
    run_maker: MakeRun, searched_instead: Callable[..., Any], tmp_path: Path,
    setting: ExperimentSetting, seeds: int, samples: int,
) -> None:  # fmt: skip
    slow = run_maker(on_a_line(0.06, 20.0, 40.0))  # no network at 50 ms or slower
    plans = searched_instead(beta, lambda name, plan: [slow])
    outcome = beta.run(setting, tmp_path, no_study)
    plan = plans["beta/fronts"]
    assert (len(plan.seeds), plan.budget) == (seeds, samples)
    [verdict] = [v for v in outcome.verdicts if v.claim == "beta-empirical"]
    assert "no front has three networks in the range" in verdict.detail
    assert len(outcome.tables[0].rows) == 1
