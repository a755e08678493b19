"""Printed figures against each other: each quotient and difference worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import consistency
from nasbench_mobile.studies.study import Study

FOUND = {
    "faster-than-v2-14": (True, "143 / 78 = 1.83x, +0.5"),
    "faster-than-v2": (False, "75 / 78 = 0.96x, +3.2"),
    "faster-than-nasnet": (True, "183 / 78 = 2.35x, +1.2"),
    "over-mobilenetv2": (False, "75.2 - 72.0 = 3.2"),
    "nasnet-top5": (False, "printed 91.3, its source 91.6"),
    "v2-14-latency": (False, "printed 143, slim's 138 ms"),
    # torchvision's resnet50 has 25,557,032 parameters; 25.557 / 5.2 = 4.915
    "resnet-parameters": (False, "25.557 / 5.2 = 4.91"),
    # He et al. 2016 give 3.8 billion; with the stride in the 3x3 it is 4.09, as torchvision's
    "resnet-multiply-adds": (
        True,
        "3858 / 403 = 9.57; 4089 / 403 = 10.15 with the stride in the 3x3 convolution",
    ),
    "coco-parameters": (True, "36.1 / 4.9 = 7.37"),
    # 35.2 / 0.85 = 41.4 and 35.2 / 0.75 = 46.9
    "coco-multiply-adds": (
        False,
        "35.2 / 0.8 = 44.00; what rounds to 0.8 billion gives 41 to 47",
    ),
    "figure5-range": (False, "printed latencies are 21.4 to 143 ms"),
    "a1-128-top1": (False, "printed 69.1, the README 69.3"),
    "a1-035-latency": (False, "printed 22.8, the README 22 ms"),
    "samples": (False, "section 5 has about 8,000, Fig. 6 shows 3,000 of each form"),
    "shufflenet-v2-2x-variant": (
        False,
        "plain: 590.8M; 597M and 75.4 % are the variant with squeeze-and-excitation",
    ),
    "table5-called-figure5": (
        False,
        "Figure 5 varies depth_multiplier and input_size; rewards and spaces are the rows of "
        "Table 5",
    ),
}


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


def test_every_statement_has_its_answer_and_its_figures(tmp_path: Path) -> None:
    outcome = consistency.run(ExperimentSetting(), tmp_path, no_study)
    found = {v.claim: (v.status == "exact", v.detail) for v in outcome.verdicts}
    assert found == FOUND
    rows = outcome.tables[0].rows
    assert [row["agrees"] for row in rows].count("yes") == 4
    for row in rows:
        [(holds, detail)] = [pair for pair in FOUND.values() if pair[1] == row["found"]]
        assert row["agrees"] == ("yes" if holds else "no"), detail
    assert outcome.said == ["12 of 16 statements disagree with figures printed elsewhere"]


@pytest.mark.parametrize(
    ("top", "printed", "agrees"),
    [(7.44, "7.4", True), (7.46, "7.4", False), (41.6, "42", True), (42.6, "42", False)],
)
def test_a_quotient_agrees_to_the_printed_digits(top: float, printed: str, agrees: bool) -> None:
    verdict = consistency._ratio("coco-parameters", 2 * top, 2.0, printed, "!")
    assert (verdict.status == "exact") is agrees
    assert verdict.detail == f"{2 * top:g} / 2 = {top:.2f}!"


@pytest.mark.parametrize(
    ("v2_top1", "agrees"), [(72.1, False), (72.2, True), (72.3, False), (71.2, False)]
)
def test_three_points_more_are_three_to_a_digit(
    monkeypatch: pytest.MonkeyPatch, v2_top1: float, agrees: bool
) -> None:
    """MnasNet-A1 has 75.2 %."""
    real = consistency._table_1
    monkeypatch.setattr(
        consistency, "_table_1",
        lambda model, column: v2_top1
        if (model, column) == ("MobileNetV2", "top1_pct") else real(model, column),
    )  # fmt: skip
    [verdict] = [v for v in consistency._imagenet() if v.claim == "over-mobilenetv2"]
    assert (verdict.status == "exact") is agrees


def test_the_ranges_are_those_of_section_6_and_the_samples_those_of_the_text() -> None:
    assert consistency.RANGE_MS == (20.0, 160.0)
    assert (consistency.SAMPLES, consistency.FIGURE_6_SAMPLES) == (8000, 3000)


def test_what_agrees_elsewhere_would_be_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tolerances, seen from their other side."""
    monkeypatch.setattr(consistency, "FIGURE_6_SAMPLES", 7210)  # 9.9 % less than 8,000
    monkeypatch.setattr(consistency, "RANGE_MS", (19.5, 143.0))  # 21.4 is 9.7 % more
    monkeypatch.setattr(consistency, "NASNET_TOP5", 91.3)
    monkeypatch.setattr(consistency, "SLIM_V2_14_MS", 143.0)
    verdicts = [*consistency._others(), *consistency._scaling(), *consistency._imagenet()]
    found = {v.claim: v.status for v in verdicts}
    for claim in ("samples", "figure5-range", "nasnet-top5", "v2-14-latency"):
        assert found[claim] == "exact"


@pytest.mark.parametrize(
    ("low", "high", "agrees"),
    [(20.0, 136.5, True), (20.0, 136.0, False), (20.0, 150.4, True), (20.0, 151.0, False),
     (19.0, 143.0, False), (23.5, 143.0, True), (24.0, 143.0, False)],
)  # fmt: skip
def test_a_range_agrees_within_a_tenth_below_and_a_twentieth_above(
    monkeypatch: pytest.MonkeyPatch, low: float, high: float, agrees: bool
) -> None:
    """Printed latencies are 21.4 to 143 ms."""
    monkeypatch.setattr(consistency, "RANGE_MS", (low, high))
    [verdict] = [v for v in consistency._scaling() if v.claim == "figure5-range"]
    assert (verdict.status == "exact") is agrees


@pytest.mark.parametrize(
    ("samples", "agrees"), [(7190, False), (7210, True), (8790, True), (8810, False)]
)
def test_about_as_many_samples_is_within_a_tenth(
    monkeypatch: pytest.MonkeyPatch, samples: int, agrees: bool
) -> None:
    monkeypatch.setattr(consistency, "FIGURE_6_SAMPLES", samples)
    [verdict] = [v for v in consistency._others() if v.claim == "samples"]
    assert (verdict.status == "exact") is agrees
