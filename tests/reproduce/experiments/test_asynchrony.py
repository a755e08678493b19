"""What many workers cost and save, on courses whose figures are worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import asynchrony
from nasbench_mobile.reproduce.experiments.asynchrony import Course
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import StrategySpec

DAY_S = 86400.0


def course(best: list[float], days: list[float]) -> Course:
    return Course(np.array(best), DAY_S * np.array(days))


def test_a_target_is_reached_by_the_first_that_is_as_good() -> None:
    one = course([0.1, 0.4, 0.4, 0.6], [1, 3, 5, 9])
    assert one.to_target(0.4) == (2, 3 * DAY_S)
    assert one.to_target(0.41) == (4, 9 * DAY_S)
    assert one.to_target(0.61) is None


def test_a_row_says_what_is_lost_in_reward_and_gained_in_days() -> None:
    alone = [
        course([0.2, 0.5, 0.6], [10, 20, 30]),
        course([0.3, 0.3, 0.7], [12, 24, 36]),
        course([0.5, 0.8, 0.8], [20, 30, 44]),
        course([0.1, 0.1, 0.1], [11, 22, 33]),
        course([0.3, 0.4, 0.4], [13, 26, 39]),
    ]
    together = [
        course([0.2, 0.2, 0.5], [1, 2, 3]),
        course([0.3, 0.4, 0.5], [1, 3, 5]),
        course([0.5, 0.5, 0.7], [2, 4, 4]),
        course([0.1, 0.1, 0.4], [1, 1, 2]),
        course([0.2, 0.3, 0.4], [1, 2, 3]),
    ]
    row = asynchrony._row("ppo", alone, together, 0.5)
    # at the end 0.1, 0.2, 0.1, -0.3 and 0 are lost
    assert row.pop("reward_lost") == pytest.approx(0.02)
    assert row.pop("lost_low") < 0.02 < row.pop("lost_high")
    assert row == {
        "strategy": "ppo",
        "days_whole_1": pytest.approx(36),  # of 30, 36, 44, 33 and 39
        "days_whole_16": pytest.approx(3),  # of 3, 5, 4, 2 and 3
        "reached_1": 3,  # the second, third and first proposals, after 20, 36 and 20 days
        "proposals_to_target_1": 2.0,
        "days_to_target_1": pytest.approx(20.0),
        "reached_16": 3,  # the third, third and first, after 3, 5 and 2 days
        "proposals_to_target_16": 3.0,
        "days_to_target_16": pytest.approx(3.0),
    }


def test_an_interval_is_that_of_the_mean_loss() -> None:
    alone = [course([0.5], [1])] * 9 + [course([1.3], [1])]
    together = [course([0.4], [1])] * 9 + [course([0.2], [1])]
    row = asynchrony._row("ppo", alone, together, 0.0)
    assert row["reward_lost"] == pytest.approx(0.2)  # (9 x 0.1 + 1.1) / 10
    # in a resample the tenth is there 0 to 3 times (binomial), each worth a tenth
    assert (row["lost_low"], row["lost_high"]) == pytest.approx((0.1, 0.4))


def test_where_none_reached_the_target_there_are_no_figures() -> None:
    runs = [course([0.1], [1])]
    row = asynchrony._row("ppo", runs, runs, 0.5)
    assert row["reached_1"] == 0
    assert row["proposals_to_target_16"] is None
    assert (row["lost_low"], row["lost_high"]) == (None, None)  # one seed


def test_random_search_sets_the_target_and_is_always_in(tmp_path: Path) -> None:
    def run_here(study: Study) -> None:
        for task in study.tasks():
            assert perform(task).failure is None

    setting = ExperimentSetting((StrategySpec("local-search"),), seeds=2, samples=32, quick=True)
    outcome = asynchrony.run(setting, tmp_path, run_here)
    assert outcome.result["workers"] == [1, 16]
    rows = {row["strategy"]: row for row in outcome.result["strategies"]}
    assert list(rows) == ["random", "local-search"]
    # the same seed draws the same networks whatever the number of workers
    assert rows["random"]["reward_lost"] == 0.0
    assert 1 <= rows["random"]["reached_1"] <= 2  # the median of two lies between them
    assert rows["random"]["reached_1"] == rows["random"]["reached_16"]
    # 32 trainings one after another take 16 to 32 of them; sixteen at a time take 2 to 3
    faster = rows["random"]["days_whole_1"] / rows["random"]["days_whole_16"]
    assert 8 < faster <= 16
    runs = asynchrony._courses(Study.open(tmp_path / "logs" / "asynchrony" / "workers-1"))
    ends = [float(one.best[-1]) for one in runs["random"]]
    assert outcome.result["target_reward"] == pytest.approx(sum(ends) / 2)
    for one in [one for found in runs.values() for one in found]:
        assert one.best.size == one.at_s.size == 32
        assert (np.diff(one.best) >= 0).all()
        assert (np.diff(one.at_s) >= 0).all()
    assert "16 in flight against 1, 2 seeds of 32 proposals" in outcome.said[0]


@pytest.mark.parametrize(
    ("setting", "seeds", "samples"),
    [(ExperimentSetting(), 10, 1000), (ExperimentSetting(quick=True), 3, 200)],
)
def test_what_is_searched_where_nothing_is_said(
    tmp_path: Path, setting: ExperimentSetting, seeds: int, samples: int
) -> None:
    studies: list[Study] = []

    class EnoughError(Exception):
        pass

    def stop(study: Study) -> None:
        studies.append(study)
        raise EnoughError

    with pytest.raises(EnoughError):
        asynchrony.run(setting, tmp_path, stop)
    plan = studies[0].plan
    assert plan.benchmark.identifier == "imagenet-pixel1@1"
    assert [spec.label for spec in plan.strategies] == [
        "random", "regularized-evolution", "ppo", "optuna-tpe", "nevergrad-discrete",
    ]  # fmt: skip
    assert (plan.seeds, plan.budget, plan.workers) == (tuple(range(seeds)), samples, 1)
    assert not asynchrony.EXPERIMENT.in_all
    assert asynchrony.EXPERIMENT.options == {"strategies", "seeds", "samples"}
