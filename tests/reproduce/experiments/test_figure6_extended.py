"""The ablation beyond PPO: its objectives, and whether soft covers more of the front than hard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import figure6_extended as extended
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

MakeRun = Callable[..., Run]

PIXEL1 = load_benchmark("imagenet-pixel1")
HOST = load_benchmark("mnasnet-cifar10-host")


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


def test_objectives_are_the_papers_and_around_them() -> None:
    found = {
        name: (task.objective.source, task.objective.target_ms)
        for name, task in extended._tasks(PIXEL1, quick=False)
    }
    assert found == {
        "soft-0.03": ("-0.03,-0.03", 75.0),
        "soft-0.07": ("-0.07,-0.07", 75.0),
        "soft-0.15": ("-0.15,-0.15", 75.0),
        "soft-0.3": ("-0.3,-0.3", 75.0),
        "hard-0.5": ("0.0,-0.5", 75.0),
        "hard-1": ("0.0,-1.0", 75.0),
        "hard-2": ("0.0,-2.0", 75.0),
        "hard-1-at-22ms": ("0.0,-1.0", 22.0),
        "hard-1-at-50ms": ("0.0,-1.0", 50.0),
        "hard-1-at-100ms": ("0.0,-1.0", 100.0),
    }
    assert [name for name, _ in extended._tasks(PIXEL1, quick=True)] == ["soft-0.07", "hard-1"]


def test_targets_keep_their_ratio_on_another_device() -> None:
    own = HOST.objective.target_ms
    found = {name: task.objective.target_ms for name, task in extended._tasks(HOST, quick=False)}
    assert found["soft-0.07"] == found["hard-2"] == own
    assert found["hard-1-at-50ms"] == pytest.approx(own * 50 / 75)


def test_of_a_table_no_more_is_sampled_than_it_has() -> None:
    size = HOST.build().space.distinct
    assert extended._samples(HOST, ExperimentSetting(samples=size + 1)) == size
    assert extended._samples(HOST, ExperimentSetting(samples=size - 1)) == size - 1
    assert extended._samples(PIXEL1, ExperimentSetting()) == 1000
    assert extended._samples(PIXEL1, ExperimentSetting(quick=True)) == 150
    assert [b.name for b in extended._benchmarks()] == ["imagenet-pixel1", "mnasnet-cifar10-host"]


def test_a_row_is_a_mean_over_seeds(run_maker: MakeRun) -> None:
    runs = [
        run_maker([(0.75, 100.0, 0.5), (0.6, 80.0, 0.4), None, (0.55, 75.0, 0.4)], seed=0),
        run_maker([(0.75, 100.0, 0.5), (0.625, 75.0, 0.3)], seed=1),
        run_maker([(0.75, 100.0, 0.5)], seed=2),
        run_maker([(0.99, 10.0, 0.5)], strategy="random"),
    ]
    row = extended._row(PIXEL1, "soft", StrategySpec("ppo"), runs, PIXEL1)
    # boxes of accuracy above 0.5 and latency below 200 ms, as shares of 0.5 x 200
    volumes = (
        (0.25 * 100 + 0.1 * 20 + 0.05 * 5) / 100, (0.25 * 100 + 0.125 * 25) / 100, 0.25,
    )  # fmt: skip
    assert row == {
        "benchmark": "imagenet-pixel1@1",
        "objective": "soft",
        "target_ms": 75.0,
        "strategy": "ppo",
        "within": pytest.approx((1 / 4 + 1 / 2 + 0) / 3),
        "accuracy": pytest.approx((0.55 + 0.625) / 2),  # of those that have any
        "hypervolume": pytest.approx(sum(volumes) / 3),
    }
    none = extended._row(PIXEL1, "soft", StrategySpec("ppo"), runs[2:], PIXEL1)
    assert none["accuracy"] is None


@pytest.fixture
def covering(run_maker: MakeRun) -> Callable[..., list[Run]]:
    """Runs whose fronts cover these shares of the box: one network at 100 ms, and half of it."""

    def runs(strategy: str, shares: list[float]) -> list[Run]:
        return [
            run_maker([(0.5 + share, 100.0, 0.5)], seed=seed, strategy=strategy)
            for seed, share in enumerate(shares)
        ]

    return runs


def test_soft_covers_more_where_test_and_interval_say_so(
    covering: Callable[..., list[Run]],
) -> None:
    strategies = tuple(map(StrategySpec, ("random", "ppo", "nsga2", "reinforce")))
    low = [0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17]
    high = [0.21, 0.23, 0.25, 0.27, 0.29, 0.31, 0.33, 0.35]
    mixed = [0.30, 0.01, 0.12, 0.14, 0.13, 0.16, 0.15, 0.18]
    soft = {"random": low, "ppo": high, "nsga2": low, "reinforce": mixed}
    hard = {"random": low, "ppo": low, "nsga2": high, "reinforce": low}
    found = {
        "soft-0.07": [run for name, shares in soft.items() for run in covering(name, shares)],
        "hard-1": [run for name, shares in hard.items() for run in covering(name, shares)],
    }
    rows = {row["strategy"]: row for row in extended._answers(PIXEL1, strategies, found)}
    assert {name: row["answer"] for name, row in rows.items()} == {
        "random": "?", "ppo": "yes", "nsga2": "no", "reinforce": "?",
    }  # fmt: skip
    # eight of eight differ in one direction: p = 2 / 256, times the four tests of Holm, times three
    assert rows["ppo"]["p"] == pytest.approx(4 * 2 / 2**8)
    assert rows["nsga2"]["p"] == pytest.approx(4 * 2 / 2**8)
    assert rows["random"]["p"] == 1.0
    # the mean of 0.11 to 0.18 more, of a box of half
    assert rows["ppo"]["gain"].startswith("+0.1450 [")
    assert rows["nsga2"]["gain"].startswith("-0.1450 [")
    assert rows["ppo"]["benchmark"] == "imagenet-pixel1@1"


def test_sixteen_strategies_need_more_than_a_p_of_one_test(
    covering: Callable[..., list[Run]],
) -> None:
    low = [0.10, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17]
    high = [share + 0.1 + 0.001 * seed for seed, share in enumerate(low)]
    names = [f"s{n}" for n in range(7)]
    found = {
        "soft-0.07": [run for name in names for run in covering(name, high)],
        "hard-1": [run for name in names for run in covering(name, low)],
    }
    rows = extended._answers(PIXEL1, tuple(map(StrategySpec, names)), found)
    assert {row["answer"] for row in rows} == {"?"}  # 7 x 2 / 256 = 0.055
    assert {row["p"] for row in rows} == {7 * 2 / 2**8}


def test_answers_are_counted_in_a_sentence() -> None:
    answers: list[Any] = [{"answer": kind} for kind in ("yes", "yes", "yes", "no", "?", "?")]
    assert extended._said("a benchmark", answers) == (
        "on a benchmark soft covers more of the front than hard for 3 of 6 strategies, less for 1, "
        "not told apart for 2 (hypervolume, Wilcoxon over paired seeds with Holm, p < 0.05)"
    )


@pytest.mark.parametrize(
    ("setting", "seeds", "samples", "studies"),
    [(ExperimentSetting(), 10, 1000, 20), (ExperimentSetting(quick=True), 3, 150, 4)],
)
def test_each_benchmark_and_objective_is_a_study(
    run_maker: MakeRun, searched_instead: Callable[..., Any], tmp_path: Path,
    setting: ExperimentSetting, seeds: int, samples: int, studies: int,
) -> None:  # fmt: skip
    def answer(name: str, plan: Plan) -> list[Run]:
        accuracy = 0.7 if name == "figure6-extended/imagenet-pixel1/soft-0.07" else 0.6
        return [
            run_maker([(accuracy, 60.0 + seed, 0.5)], seed=seed, strategy=spec.name)
            for spec in plan.strategies
            for seed in plan.seeds
        ]

    plans = searched_instead(extended, answer)
    outcome = extended.run(setting, tmp_path, no_study)
    assert len(plans) == studies
    plan = plans["figure6-extended/imagenet-pixel1/hard-1"]
    assert (len(plan.seeds), plan.budget) == (seeds, samples)
    assert [spec.name for spec in plan.strategies] == list(extended.STRATEGIES)
    assert "figure6-extended/mnasnet-cifar10-host/soft-0.07" in plans
    assert len(outcome.result["rows"]) == studies * 16
    assert len(outcome.result["answers"]) == 32
    assert outcome.result["samples"]["imagenet-pixel1@1"] == samples
    assert [table.name for table in outcome.tables] == [
        "figure6-extended-answers", "figure6-extended",
    ]  # fmt: skip
    assert len(outcome.said) == 2
    assert outcome.said[1].startswith(f"on {HOST.identifier} soft")
    assert "for 0 of 16 strategies" in outcome.said[1]
    sure = 16 if seeds == 10 else 0  # 16 x 2 / 2 ** 10 = 0.03; three seeds cannot be tested
    assert f"for {sure} of 16 strategies" in outcome.said[0]
