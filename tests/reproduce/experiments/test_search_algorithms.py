"""Whether evolution works too: the verdict from made-up comparisons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nasbench_mobile.reproduce.claims import ClaimVerdict
from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import search_algorithms
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

LOW = [0.60, 0.61, 0.62, 0.63, 0.64, 0.65]
HIGH = [0.71, 0.73, 0.75, 0.77, 0.79, 0.81]


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


def verdict(
    p_holm: float | None, difference: float, evolution: list[float], ppo: list[float]
) -> ClaimVerdict:
    """With evolution's Holm p against random search and its median difference from it."""
    groups = {"random": LOW, "regularized-evolution": evolution, "ppo": ppo}
    comparison: Any = SimpleNamespace(
        strategies=[
            SimpleNamespace(label=label, scored=[SimpleNamespace(best_reward=v) for v in values])
            for label, values in groups.items()
        ]
    )

    def pair(strategy: str, family: str, p: float | None, median: float) -> dict[str, Any]:
        return {
            "strategy": strategy, "family": family, "p": 1e-6, "p_holm": p,
            "median_difference": median,
        }  # fmt: skip

    pairs = [
        pair("ppo", "random", 0.5, -9.0),
        pair("regularized-evolution", "leader", 0.5, -9.0),
        pair("regularized-evolution", "random", p_holm, difference),
    ]
    summary: Any = {"pairs": pairs}
    return search_algorithms._works_too(comparison, summary, "a benchmark")


@pytest.mark.parametrize(
    ("p_holm", "difference", "holds"),
    [
        (0.049, 0.01, True),
        (0.05, 0.01, False),
        (0.049, -0.01, False),  # surely worse than random search
        (0.049, 0.0, False),
        (None, 0.01, False),
    ],
)
def test_evolution_has_to_beat_random_search(
    p_holm: float | None, difference: float, holds: bool
) -> None:
    found = verdict(p_holm, difference, HIGH, HIGH)
    assert (found.status == "holds on our benchmark") is holds


def test_evolution_must_not_be_shown_worse_than_ppo() -> None:
    better = verdict(0.01, 0.123, HIGH, LOW)
    assert better.status == "holds on our benchmark"
    assert better.detail == (
        "evolution against random search +0.1230 (p = 0.01, Holm); against PPO A12 = 1.00 "
        "(p = 0.031)"
    )  # all six of six: p = 2 / 64
    worse = verdict(0.01, 0.123, LOW, HIGH)
    assert worse.status == "does not hold"
    assert "A12 = 0.00 (p = 0.031)" in worse.detail
    unsure = verdict(0.01, 0.123, [*LOW[:5], 0.9], HIGH)  # worse on five of six: p = 0.22
    assert unsure.status == "holds on our benchmark"
    untested = verdict(0.01, 0.123, LOW[:5], HIGH[:5])
    assert untested.status == "holds on our benchmark"


def test_p_against_random_is_that_of_its_family() -> None:
    pairs = [
        {"family": "leader", "strategy": "ppo", "p_holm": 0.1, "p": 0.0},
        {"family": "random", "strategy": "nsga2", "p_holm": 0.2, "p": 0.0},
        {"family": "random", "strategy": "ppo", "p_holm": 0.3, "p": 0.0},
    ]
    summary: Any = {"pairs": pairs}
    assert search_algorithms._p_random("ppo", summary) == 0.3
    assert search_algorithms._p_random("random", summary) is None


NO_PAIRS: Any = {"pairs": []}


def row(label: str, interval: list[float] | None) -> Any:
    return {
        "label": label, "best_reward": {"median": 0.5, "iqm": 0.6, "ci95": interval},
        "hypervolume": {"median": 0.7}, "ask_tell_s": 1.5,
    }  # fmt: skip


def test_a_row_has_medians_and_the_interval() -> None:
    assert search_algorithms._row(row("random", [0.12346, 0.65432]), NO_PAIRS) == {
        "strategy": "random", "best_reward": 0.5, "iqm": 0.6, "ci95": "0.1235 to 0.6543",
        "p_random": None, "hypervolume": 0.7, "cpu_s": 1.5,
    }  # fmt: skip
    assert search_algorithms._row(row("random", None), NO_PAIRS)["ci95"] == "-"


@pytest.mark.parametrize(
    ("setting", "seeds", "samples", "strategies"),
    [
        (ExperimentSetting(), 10, 3000, search_algorithms.STRATEGIES),
        (
            ExperimentSetting((StrategySpec("ppo"), StrategySpec("nsga2")), quick=True), 3, 200,
            ("random", "regularized-evolution", "ppo", "nsga2"),
        ),
    ],
)  # fmt: skip
def test_those_of_the_claim_are_always_in(
    run_maker: Callable[..., Run], searched_instead: Callable[..., Any], tmp_path: Path,
    setting: ExperimentSetting, seeds: int, samples: int, strategies: tuple[str, ...],
) -> None:  # fmt: skip
    def answer(name: str, plan: Plan) -> list[Run]:
        skill = {spec.name: n / 100 for n, spec in enumerate(plan.strategies)}
        skill["regularized-evolution"] = 0.2
        return [
            run_maker(
                [(0.5 + skill[spec.name] + 0.001 * seed, 75.0, 0.5), (0.6, 70.0 + seed, 0.1)],
                seed=seed, strategy=spec.name,
                benchmark=plan.benchmark.record(),
            )
            for spec in plan.strategies
            for seed in plan.seeds
        ]  # fmt: skip

    plans = searched_instead(search_algorithms, answer)
    outcome = search_algorithms.run(setting, tmp_path, no_study)
    plan = plans["search-algorithms/all"]
    assert plan.benchmark.identifier == "imagenet-pixel1@1"
    assert (len(plan.seeds), plan.budget) == (seeds, samples)
    assert tuple(spec.name for spec in plan.strategies) == strategies
    rows = {row["strategy"]: row for row in outcome.result["rows"]}
    assert set(rows) == set(strategies)
    middle = 0.5 + 0.001 * (seeds - 1) / 2  # random search comes first, with the skill of 0
    assert rows["random"]["best_reward"] == pytest.approx(middle)
    assert rows["random"]["p_random"] is None
    assert outcome.result["samples"] == samples
    [table] = outcome.tables
    assert (table.rows, table.title) == (
        outcome.result["rows"],
        f"{samples:,} proposals, {seeds} seeds",
    )
    assert [one.file for one in outcome.pictures] == [
        "search-algorithms-anytime.png", "search-algorithms-fronts.png",
    ]  # fmt: skip
    assert all((tmp_path / one.file).is_file() for one in outcome.pictures)
    assert not outcome.said[0].endswith(".")
    [answered] = outcome.verdicts
    assert (answered.status == "holds on our benchmark") is (seeds == 10)  # three prove nothing
