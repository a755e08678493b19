"""Figures that stand beside printed ones, and what an experiment is asked with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import IMAGE, Conv, Network, NetworkBuilder
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.experiment import ExperimentSetting, Number, numbers, study_runs
from nasbench_mobile.reproduce.experiments.resnet50 import resnet50
from nasbench_mobile.reproduce.paper import PrintedTable
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import StrategySpec

TABLE = PrintedTable(
    "made-up", "Table 9", ("model", "size"), ("top1_pct", "latency_ms"),
    (("A", 96, 60.5, None), ("A", 224, 71.0, 78), ("B", 96, 50.5, 9)),
)  # fmt: skip


def test_a_row_is_found_by_all_of_its_keys() -> None:
    assert TABLE.value("A", 224, column="top1_pct") == 71.0
    assert TABLE.value("B", 96, column="latency_ms") == 9.0
    for key, column in ((("A", 96), "latency_ms"), (("B", 224), "top1_pct")):
        with pytest.raises(KeyError, match=f"Table 9 prints no {column}"):
            TABLE.value(*key, column=column)


def test_every_printed_figure_has_a_number_and_no_other() -> None:
    found = numbers(TABLE, lambda key, column: (float(len(column)), f"{key[0]}{key[1]}"))
    assert found == [
        Number("made-up", ("A", 96), "top1_pct", 60.5, 8.0, "A96"),
        Number("made-up", ("A", 224), "top1_pct", 71.0, 8.0, "A224"),
        Number("made-up", ("A", 224), "latency_ms", 78.0, 10.0, "A224"),
        Number("made-up", ("B", 96), "top1_pct", 50.5, 8.0, "B96"),
        Number("made-up", ("B", 96), "latency_ms", 9.0, 10.0, "B96"),
    ]
    with pytest.raises(UsageError, match="says neither how nor why not"):
        numbers(TABLE, lambda key, column: (1.0, ""))


def test_every_printed_column_has_a_heading() -> None:
    columns = {column for table in paper.TABLES for column in table.columns}
    assert columns == paper.HEADINGS.keys()


def test_a_setting_is_cut_to_what_an_experiment_heeds() -> None:
    whole = ExperimentSetting(
        (StrategySpec("ppo"),), seeds=3, samples=40, device="host", quick=True
    )
    assert whole.only(frozenset({"seeds"})) == ExperimentSetting(seeds=3)
    assert whole.only(frozenset({"samples"})) == ExperimentSetting(samples=40, quick=True)
    assert ExperimentSetting(samples=4).only(frozenset({"samples"})) == ExperimentSetting(samples=4)
    [spec] = whole.to_json()["strategies"] or []
    assert (spec["name"], spec["options"]) == ("ppo", {})


def test_a_study_is_run_under_the_logs_and_then_read(tmp_path: Path) -> None:
    plan = Plan(load_benchmark("imagenet-pixel1"), (StrategySpec("random"),), (0,), 5)
    seen: list[Study] = []
    assert study_runs(tmp_path, "table9/soft", plan, seen.append) == []
    assert [study.folder for study in seen] == [tmp_path / "logs" / "table9" / "soft"]
    assert seen[0].plan == plan


def test_resnet50_costs_what_it_is_known_to() -> None:
    # He et al. 2016: 3.8 billion; torchvision, whose stride is in the 3x3: 4.09 billion
    assert multiply_adds(resnet50(stride_in_3x3=False)) / 1e9 == pytest.approx(3.858, abs=5e-4)
    assert multiply_adds(resnet50(stride_in_3x3=True)) / 1e9 == pytest.approx(4.089, abs=5e-4)
    network = resnet50(stride_in_3x3=False)
    shapes = {node.name: node.shape for node in network}
    assert shapes["stage1/block3/add"] == (256, 56, 56)
    assert shapes["stage4/block3/add"] == (2048, 7, 7)
    strides = {
        node.name: node.operation.stride
        for stride_in_3x3 in (False, True)
        for node in resnet50(stride_in_3x3=stride_in_3x3)
        if isinstance(node.operation, Conv) and node.name.startswith("stage2/block1")
    }
    assert {name: stride for name, stride in strides.items() if stride != 1} == {
        "stage2/block1/2/conv": 2,
        "stage2/block1/shortcut/conv": 2,
    }


def convolved(groups: int = 1, dilation: int = 1, channels: int = 12) -> Network:
    """Two convolutions, the second of them with these groups and this dilation."""
    builder = NetworkBuilder((3, 32, 32))
    x = builder.add("first", Conv(channels, (3, 3)), IMAGE)
    builder.add("second", Conv(channels, (3, 3), groups=groups, dilation=dilation), x)
    return builder.build()


@pytest.mark.parametrize(
    ("network", "known"),
    [
        (convolved(), True),
        (convolved(groups=12), True),  # depthwise
        (convolved(groups=3), False),
        (convolved(groups=4), False),
        (convolved(dilation=2), False),
        (convolved(groups=12, dilation=2), False),
        (zoo.network("mnasnet-a1"), True),
        (zoo.network("shufflenet-v2-1.5x"), False),  # selects channels
        (zoo.network("pnasnet"), False),  # pools
        (resnet50(stride_in_3x3=True), False),  # pools once
    ],
)
def test_the_estimate_covers_what_it_was_fitted_to(network: Network, known: bool) -> None:
    assert ours.covered(network) is known
    value, how = ours.latency(network)
    assert value == ours.estimate_ms(network)
    assert how == "estimate pixel1-tunas" + (
        "" if known else ", with layers that it was not fitted to"
    )


def test_counts_are_in_millions() -> None:
    a1 = zoo.network("mnasnet-a1")
    assert ours.counts(a1, "params_m") == (parameters(a1) / 1e6, "counted")
    assert ours.counts(a1, "params_m")[0] == pytest.approx(3.887038)
    for column in ("mult_adds_m", "madds_m", "multi_adds_m"):
        assert ours.counts(a1, column) == (multiply_adds(a1) / 1e6, "counted")


def test_how_far_off_is_a_share_of_what_is_printed() -> None:
    assert ours.off(90.0, 80.0) == 0.125
    assert ours.off(60.0, 80.0) == -0.25


@pytest.mark.parametrize(
    ("share", "status"),
    [
        (1.099, "holds on our benchmark"), (0.901, "holds on our benchmark"),
        (1.101, "does not hold"), (0.899, "does not hold"),
    ],
)  # fmt: skip
def test_an_estimate_agrees_within_a_tenth(share: float, status: str) -> None:
    a1 = zoo.network("mnasnet-a1")
    found = ours.estimate_ms(a1)
    verdict = ours.estimated_verdict("a1-latency", a1, found / share)
    assert verdict.status == status
    assert f"estimated {found:.1f} ms, printed {found / share:g} ms ({share - 1:+.1%})" in (
        verdict.detail
    )


def test_counts_agree_where_all_of_them_do() -> None:
    def verdict(**pairs: tuple[float, float]) -> tuple[str, str]:
        found = ours.counted_verdict("counts-x", pairs, 0.02, "Why: because")
        return found.status, found.detail

    status, detail = verdict(parameters=(4.079, 4.0), madds=(490.1, 500.0))
    assert status == "exact"
    assert detail == (
        "4.079M parameters, printed 4M (+2.0%); 490.100M madds, printed 500M (-2.0%). Why: because"
    )
    assert verdict(parameters=(4.0, 4.0), madds=(489.9, 500.0))[0] == "does not hold"
    assert verdict(parameters=(4.081, 4.0), madds=(500.0, 500.0))[0] == "does not hold"
    unexplained = ours.counted_verdict("counts-x", {"parameters": (4.0, 4.0)}, 0.02)
    assert unexplained.detail == "4.000M parameters, printed 4M (+0.0%)"


Rows = list[tuple[float, float, float]]


def test_what_a_run_picks_is_truly_worth(run_maker: Callable[..., Run]) -> None:
    from nasbench_mobile.errors import EvaluationError
    from nasbench_mobile.reproduce.paired_seeds import accuracy_within, picked
    from nasbench_mobile.types import Measurement

    told: Rows = [(0.6, 50.0, 0.3), (0.7, 70.0, 0.9), (0.8, 90.0, 0.5)]
    run = run_maker(told, true=[(0.5, 51.0), (0.4, 71.0), (0.9, 91.0)])
    assert picked(run) == Measurement(0.4, 71.0)
    assert accuracy_within(run, 70.0) == 0.4  # told 0.7, the best within 70 ms
    assert accuracy_within(run, 69.9) == 0.5
    assert accuracy_within(run, 49.9) is None
    with pytest.raises(EvaluationError, match="ppo seed 4 found nothing"):
        picked(run_maker([None, None], seed=4))


def test_a_gain_is_the_mean_with_its_interval() -> None:
    from nasbench_mobile.reproduce.paired_seeds import Gain, gain

    found = gain([0.1] * 9 + [1.1])
    assert found.values == (*[0.1] * 9, 1.1)
    assert found.mean == pytest.approx(0.2)
    # The tenth is in a resample of ten 0 to 3 times (binomial: 35 % and up to 98.7 %), each of
    # which moves the mean by a tenth.
    assert found.interval == pytest.approx((0.1, 0.4))
    assert Gain((), 0.0, (0.0, 0.5)).above is False  # 0 itself is no gain
    assert Gain((), 0.0, (-0.5, 0.0)).below is False
    assert (Gain((), 0.2, (0.1, 0.3)).above, Gain((), -0.2, (-0.3, -0.1)).below) == (True, True)
    assert (Gain((), 0.2, (0.1, 0.3)).below, Gain((), -0.2, (-0.3, -0.1)).above) == (False, False)
    assert (Gain((), 0.2, None).above, Gain((), -0.2, None).below) == (False, False)
    assert Gain((), 0.0123, (0.0101, 0.0144)).words() == "+0.0123 [+0.0101, +0.0144]"
    assert Gain((), 0.0123, (-0.0101, 0.0144)).words("+.1%") == "+1.2% [-1.0%, +1.4%]"
