"""Table 6: mixed layers against one type of layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.networks.graph import IMAGE, Conv, NetworkBuilder
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import our_trainings as own_table
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import table6
from nasbench_mobile.reproduce.paired_seeds import Gain, gain
from nasbench_mobile.runs.run import Run
from nasbench_mobile.search.problem import Outcome
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Measurement, StrategySpec

MakeRun = Callable[..., Run]
NO_SE = load_benchmark("imagenet-pixel1-no-se")


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


def test_networks_of_one_type_have_one_kernel_one_expansion_and_a1s_layers() -> None:
    space = NO_SE.build().space
    expected = {
        "MBConv4 (k3) only": ("3", "4"), "MBConv4 (k5) only": ("5", "4"),
        "MBConv6 (k3) only": ("3", "6"), "MBConv6 (k5) only": ("5", "6"),
    }  # fmt: skip
    assert table6.SINGLE.keys() == expected.keys()
    for name, kernel_and_expansion in expected.items():
        blocks = re.findall(r"mbconv_r(\d)_k(\d)_s\d_e(\d)", space.describe(table6.SINGLE[name]))
        assert [block[0] for block in blocks] == list("1233231")
        assert {block[1:] for block in blocks} == {kernel_and_expansion}
        assert "_se" not in space.describe(table6.SINGLE[name])


def test_singles_are_measured_in_their_order() -> None:
    found = table6._singles(NO_SE)
    problem = NO_SE.build()
    for name, tokens in table6.SINGLE.items():
        [alone] = problem.evaluate([Architecture(problem.space, tokens)])
        assert isinstance(alone, Outcome)
        assert found[name] == alone.noise_free
    assert len({one.latency_ms for one in found.values()}) == 4


def test_searches_at_a_networks_latency_gain_over_its_accuracy(
    run_maker: MakeRun, searched_instead: Callable[..., Any], tmp_path: Path
) -> None:
    def answer(name: str, plan: Plan) -> list[Run]:
        return [
            run_maker([(0.62, 60.0, 0.1), (0.66, 61.0, 0.1), (0.9, 61.1, 0.9)], seed=0),
            run_maker([(0.68, 50.0, 0.1)], seed=1),
            run_maker([(0.9, 99.0, 0.1)], seed=2),  # none within 61 ms: worth none
        ]

    plans = searched_instead(table6, answer)
    found = table6._gain(
        "MBConv4 (k3) only", Measurement(0.6, 61.0), 3, 50, tmp_path, no_study
    )  # fmt: skip
    assert found.values == pytest.approx((0.06, 0.08, -0.6))
    plan = plans["table6/mbconv4-k3-only"]
    assert (plan.benchmark.objective.source, plan.benchmark.objective.target_ms) == (
        "0.0,-1.0", 61.0,
    )  # fmt: skip
    assert plan.strategies == (StrategySpec("regularized-evolution"),)
    assert (plan.seeds, plan.budget, plan.benchmark.name) == (
        (0, 1, 2), 50, "imagenet-pixel1-no-se",
    )  # fmt: skip


def test_mixed_layers_must_gain_over_every_single_type() -> None:
    more, same = Gain((), 0.02, (0.01, 0.03)), Gain((), 0.02, (0.0, 0.03))
    holds = table6._diversity({"a": more, "b": more}, NO_SE)
    assert holds.status == "holds on our benchmark"
    assert holds.detail == "over a: +2.00% [+1.00%, +3.00%]; over b: +2.00% [+1.00%, +3.00%]"
    assert table6._diversity({"a": more, "b": same}, NO_SE).status == "does not hold"


def test_kernels_are_those_of_convolutions_behind_the_stem() -> None:
    builder = NetworkBuilder((3, 32, 32))
    x = builder.add("stem/conv", Conv(8, (7, 7)), IMAGE)
    x = builder.add("one", Conv(8, (1, 1)), x)
    x = builder.add("two", Conv(8, (1, 3)), x)
    builder.add("three", Conv(8, (5, 1)), x)
    assert table6.kernels(builder.build()) == {3, 5}


def test_kernels_of_a1_and_of_networks_made_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    own, others = table6._kernels()
    assert (own.status, own.detail) == ("exact", "kernels of A1: [3, 5]")
    assert (others.status, others.detail) == (
        "exact", "8 networks by hand, all with 3x3 alone",
    )  # fmt: skip
    real = zoo.network
    monkeypatch.setattr(
        zoo, "network", lambda name: real("mnasnet-a1" if name == "shufflenet-2x" else name)
    )
    _, odd = table6._kernels()
    assert (odd.status, odd.detail) == (
        "does not hold", "8 networks by hand, shufflenet-2x [3, 5]",
    )  # fmt: skip


def test_the_trade_off_is_the_soft_reward_of_printed_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = table6._trade_off()
    assert verdict.status == "exact"
    # 0.752 (78 / 75) ** -0.07 = 0.752 x 0.99726
    assert verdict.detail.startswith("rewards: MnasNet-A1 0.7499, MBConv3 (k3x3) only 0.7268,")
    rows = paper.TABLE_6.rows
    monkeypatch.setattr(
        paper, "TABLE_6", replace(paper.TABLE_6, rows=(*rows[:4], (rows[4][0], 80.0, 146)))
    )
    assert table6._trade_off().status == "does not hold"  # 0.8 x 0.9545 = 0.7636


def decided(
    monkeypatch: pytest.MonkeyPatch, gains: tuple[float, ...], latencies: tuple[float, ...]
) -> tuple[list[Any], list[str]]:
    """A1 has accuracy 0.5 and is at 75 ms; the others as much less, at these latencies (ms)."""
    times = dict(zip(table6._networks().values(), (75.0, *latencies), strict=True))
    monkeypatch.setattr(ours, "estimate_ms", times.__getitem__)
    table: dict[own_table.OurKey, tuple[float, ...]] = {("mnasnet-a1", 1.0, 224): (0.5,) * 4}
    for (_, name), less in zip(table6.ROWS.values(), gains, strict=True):
        table[name, 1.0, 224] = (0.5 - less,) * 4
    return table6._trained(own_table.Trained(table, seed_sd=0.01 * 2**0.5))


def test_own_trainings_decide_by_rewards_beyond_two_standard_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alike = (75.0,) * 4  # a factor of 1: the standard error of a difference is 0.01
    [most], _ = decided(monkeypatch, (0.021, 0.021, 0.021, -0.019), alike)
    assert most.status == "holds on our benchmark"
    assert most.detail == (
        "A1's reward less that of MBConv3 (k3x3) only +0.0210 (standard error 0.0100), "
        "MBConv3 (k5x5) only +0.0210 (standard error 0.0100), MBConv6 (k3x3) only +0.0210 "
        "(standard error 0.0100), MBConv6 (k5x5) only -0.0190 (standard error 0.0100)"
    )
    verdicts, said = decided(monkeypatch, (0.021, 0.021, 0.019, 0.019), alike)
    assert not verdicts  # two of four are not most
    assert said[0].endswith("mnasnet-cifar10-host does not decide it")
    [against], _ = decided(monkeypatch, (0.03, 0.03, 0.03, -0.021), alike)
    assert against.status == "does not hold"
    slow = (150.0,) * 4  # equally accurate, but 0.5 x 2 ** -0.07 = 0.4763
    [faster], _ = decided(monkeypatch, (0.0,) * 4, slow)
    assert faster.status == "holds on our benchmark"
    assert "only +0.0237 (standard error 0.0098)" in faster.detail


def test_every_single_type_is_searched_and_shown(
    run_maker: MakeRun, searched_instead: Callable[..., Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table = own_table.Trained({("mbconv6-k3-only", 1.0, 224): (0.25, 0.35)}, 0.01)
    monkeypatch.setattr(own_table, "trained_references", lambda: table)
    plans = searched_instead(
        table6, lambda name, plan: [run_maker([(0.9, 1.0, 0.5)], seed=s) for s in plan.seeds]
    )
    outcome = table6.run(ExperimentSetting(), tmp_path, no_study)
    assert list(plans) == [
        "table6/mbconv4-k3-only", "table6/mbconv4-k5-only", "table6/mbconv6-k3-only",
        "table6/mbconv6-k5-only",
    ]  # fmt: skip
    assert {(len(plan.seeds), plan.budget) for plan in plans.values()} == {(10, 1000)}
    singles = table6._singles(NO_SE)
    for row, (name, single) in zip(outcome.result["searches"], singles.items(), strict=True):
        assert row == {
            "single": name, "latency_ms": single.latency_ms, "accuracy": single.accuracy,
            "gain": gain([0.9 - single.accuracy] * 10).words("+.2%"),
        }  # fmt: skip
        assert plans["table6/" + name.lower().replace(" (", "-").replace(") ", "-")]
    found = {v.claim: v for v in outcome.verdicts}
    assert found["diversity-helps"].status == "holds on our benchmark"
    assert found["diversity-helps"].benchmark == "imagenet-pixel1-no-se@1"
    rows = {row["model"]: row for row in outcome.result["rows"]}
    assert list(rows) == [row[0] for row in paper.TABLE_6.rows]
    a1 = zoo.network("mnasnet-a1")
    assert rows["MnasNet-A1"]["parameters_m"] == parameters(a1) / 1e6
    assert rows["MnasNet-A1"]["estimate_ms"] == ours.estimate_ms(a1)
    assert (rows["MnasNet-A1"]["printed_ms"], rows["MnasNet-A1"]["top1"]) == (78.0, 75.2)
    single = rows["MBConv6 (k3x3) only"]
    assert (single["printed_ms"], single["top1"], single["own"]) == (116, 74.9, pytest.approx(0.3))
    share = single["estimate_ms"] / 116 - 1
    assert found["table6-latency-mb6-k3"].detail == (
        f"estimated {single['estimate_ms']:.1f} ms, printed 116 ms ({share:+.1%})"
    )
    assert outcome.said == [table.said()]
    beside = {(n.row[0], n.column): (n.ours, n.how) for n in outcome.numbers}
    assert beside["MBConv6 (k3x3) only", "latency_ms"][0] == single["estimate_ms"]
    assert beside["MnasNet-A1", "top1_pct"] == (None, "needs ImageNet: a full training")
    table6.run(ExperimentSetting(quick=True), tmp_path, no_study)
    assert {(len(plan.seeds), plan.budget) for plan in plans.values()} == {(3, 300)}
