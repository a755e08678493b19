"""Figure 6: which study is compared with which, and how answers become verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.report.reproduction_plots import AblationPanel, draw_ablation
from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import figure6
from nasbench_mobile.reproduce.experiments.checks import StatementCheck
from nasbench_mobile.runs.run import Run, Timing
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

MakeRun = Callable[..., Run]

HARD, SOFT = (60.0, 70.0, 74.0, 80.0), (30.0, 71.0, 90.0, 115.0, 120.0, 130.0)
"""Latencies (ms): three of four within 75 ms, and two of six."""


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


@pytest.fixture
def studies(run_maker: MakeRun) -> Callable[[str, Plan], list[Run]]:
    """Runs of every strategy and seed of a plan: those of the hard form are faster."""

    def answer(name: str, plan: Plan) -> list[Run]:
        latencies = HARD if "hard" in name else SOFT
        if "50" in name:
            latencies = (*SOFT[:3], 100.0, 101.0, 102.0)  # its median is 95 ms
        return [
            run_maker(
                [(0.5 + 0.001 * n, ms, 0.5) for n, ms in enumerate(latencies)], seed=seed,
                strategy=spec.name, timing=Timing(ask_tell_s=2.0 + seed, evaluate_s=0.5),
            )
            for seed in plan.seeds
            for spec in plan.strategies
        ]  # fmt: skip

    return answer


def test_hard_and_soft_are_compared_on_the_same_seeds(
    studies: Any, searched_instead: Callable[..., Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    drawn: list[Sequence[AblationPanel]] = []

    def watched(panels: Sequence[AblationPanel]) -> Any:
        drawn.append(panels)
        return draw_ablation(panels)

    monkeypatch.setattr(figure6, "draw_ablation", watched)
    plans = searched_instead(figure6, studies)
    outcome = figure6.run(ExperimentSetting(seeds=6, samples=40), tmp_path, no_study)
    objectives = {
        name: (plan.benchmark.objective.source, plan.benchmark.objective.target_ms)
        for name, plan in plans.items()
    }
    assert objectives == {
        "figure6/hard-75ms": ("0.0,-1.0", 75.0),
        "figure6/soft-75ms": ("-0.07,-0.07", 75.0),
        "figure6/soft-22ms": ("-0.07,-0.07", 22.0),
        "figure6/soft-50ms": ("-0.07,-0.07", 50.0),
    }
    for plan in plans.values():
        assert (plan.seeds, plan.budget) == (tuple(range(6)), 40)
        assert plan.strategies == (StrategySpec("ppo"),)
        assert plan.benchmark.identifier == "imagenet-pixel1@1"
    ppo = outcome.result["strategies"]["ppo"]
    assert ppo["checks"][0]["per_seed"] == [pytest.approx(3 / 4 - 1 / 3)] * 6
    assert ppo["cpu_s"] == {"hard": 6 * 4.5 + 3, "soft": 6 * 4.5 + 3}  # seeds 0 to 5
    [[hard, soft]] = drawn
    assert (hard.title, soft.title) == ("hard: α = 0, β = -1", "soft: α = -0.07, β = -0.07")
    assert np.array_equal(hard.latency_ms, HARD)
    assert np.array_equal(soft.latency_ms, SOFT)
    assert (hard.target_ms, hard.latency_label) == (75.0, "Pixel 1 latency (ms, estimate)")
    found = {v.claim: v for v in outcome.verdicts}
    assert found["hard-concentrates"].status == "holds on our benchmark"
    assert found["hard-concentrates"].detail == (
        "share of samples within T, hard minus soft: 0.417 (0.417 to 0.417)"
    )
    assert found["soft-mode"].status == "does not hold"  # 32.5 ms, the first of equal bins
    # 1 / 6 is faster than 40 ms, half are slower than 110
    assert found["soft-both-ends"].detail.endswith("[40, 110] ms: 0.167 (0.167 to 0.167)")
    invariance = ppo["target_invariance"]
    assert (invariance["target_ms"], invariance["median_latency_ms"]) == (75.0, 102.5)
    other = {row["target_ms"]: row for row in invariance["others"]}
    assert (other[22.0]["median_latency_ms"], other[50.0]["median_latency_ms"]) == (102.5, 95.0)
    assert (other[22.0]["runs_with_identical_proposals"], other[22.0]["runs"]) == (6, 6)
    # (latency / 22) ** -0.07 over (latency / 75) ** -0.07 is (22 / 75) ** 0.07
    assert other[22.0]["reward_ratio"]["least"] == pytest.approx((22 / 75) ** 0.07)
    assert outcome.said[1] == (
        "soft at T = 50 ms: every reward is that at 75 ms times 0.972016; median latency 95.0 ms "
        "against 102.5 ms"
    )
    assert outcome.tables[0].name == "figure6-ppo"
    assert outcome.pictures[0].file == "figure6-ppo.png"
    assert (tmp_path / "figure6-ppo.png").is_file()


@pytest.mark.parametrize(
    ("setting", "seeds", "samples"),
    [(ExperimentSetting(), 10, 3000), (ExperimentSetting(quick=True), 3, 600)],
)
def test_the_papers_strategy_judges_whoever_else_runs(
    studies: Any, searched_instead: Callable[..., Any], tmp_path: Path, setting: ExperimentSetting,
    seeds: int, samples: int,
) -> None:  # fmt: skip
    def answer(name: str, plan: Plan) -> list[Run]:
        runs = studies(name, plan)
        swapped = studies("hard" if "soft" in name else "soft", plan)
        return [a if a.header.strategy.name == "ppo" else b
                for a, b in zip(runs, swapped, strict=True)]  # fmt: skip

    plans = searched_instead(figure6, answer)
    both = (StrategySpec("random"), StrategySpec("ppo"))
    outcome = figure6.run(replace(setting, strategies=both), tmp_path, no_study)
    assert {(len(plan.seeds), plan.budget) for plan in plans.values()} == {(seeds, samples)}
    assert list(outcome.result["strategies"]) == ["random", "ppo"]
    first = outcome.verdicts[0]
    assert (first.status == "holds on our benchmark") is (seeds == 10)
    assert ("undecided, so not shown" in first.detail) is (seeds == 3)  # no interval
    assert "hard minus soft: 0.417 (" in first.detail
    alone = figure6.run(replace(setting, strategies=both[:1]), tmp_path, no_study)
    assert "hard minus soft: -0.417 (" in alone.verdicts[0].detail  # judged by what there is


def made_check(number: int, answer: Literal["yes", "no", "undecided"]) -> StatementCheck:
    return StatementCheck(number, "it is so", "share", 0.1, (0.05, 0.15), (0.1,), answer)


def test_only_yes_holds_and_undecided_is_said() -> None:
    answers: tuple[Literal["yes", "no", "undecided"], ...] = (
        "yes", "no", "undecided", "yes", "no",
    )  # fmt: skip
    record: Any = {}
    part = figure6._Part([made_check(n, a) for n, a in enumerate(answers, 1)], record)
    benchmark = load_benchmark("imagenet-pixel1")
    found = [(v.claim, v.status, v.detail) for v in figure6._verdicts(part, benchmark)]
    shown = "share: 0.1 (0.05 to 0.15)"
    on = " (on imagenet-pixel1@1)"
    assert found == [
        ("hard-concentrates", "holds on our benchmark", shown),
        ("soft-spreads", "does not hold", shown + on),
        ("soft-mode", "does not hold", f"{shown}; undecided, so not shown{on}"),
        ("soft-both-ends", "holds on our benchmark", shown),
        ("soft-several", "does not hold", shown + on),
    ]
    rows = figure6._table("ppo", part).rows
    assert [row["answer"] for row in rows] == list(answers)
    assert rows[0]["ci95"] == "0.05 to 0.15"
    assert figure6.interval_text(None) == "-"


@pytest.mark.parametrize(
    ("least", "greatest", "moves"),
    [(0.917731, 0.917731, False), (2.0, 2.0 + 1e-9, False), (2.0, 2.0 + 4e-9, True)],
)
def test_a_target_moves_the_soft_form_where_the_ratio_is_no_constant(
    least: float, greatest: float, moves: bool
) -> None:
    one = {"reward_ratio": {"least": 0.5, "greatest": 0.5}}
    other = {"reward_ratio": {"least": least, "greatest": greatest}}
    record: Any = {"target_invariance": {"others": [one, other]}}
    part = figure6._Part([], record)
    verdict = figure6._target_verdict(part)
    assert (verdict.status == "exact") is moves
    assert verdict.detail.startswith(
        "rewards at 22 and 50 ms are those at 75 ms times one constant"
    )
    assert f"to {greatest / least - 1:.0e}" in verdict.detail


def test_a_ratio_is_one_figure_where_six_digits_are_alike() -> None:
    assert figure6._ratio({"least": 0.9177311, "greatest": 0.9177314}) == "0.917731"
    assert figure6._ratio({"least": 0.9177311, "greatest": 0.91774}) == "0.917731 to 0.917740"


def test_proposals_are_compared_run_by_run(run_maker: MakeRun) -> None:
    def run(seed: int) -> Run:
        return run_maker([(0.5, 60.0, 0.5), (0.6, 90.0, 0.5)], seed=seed)

    found = figure6._invariance([run(0), run(1), run(2)], {50.0: [run(0), run(4), run(2)]})
    [row] = found["others"]  # tokens of the made-up runs hold their seeds
    assert (row["runs_with_identical_proposals"], row["runs"]) == (2, 3)
