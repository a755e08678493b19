"""Does the paper agree with itself and with its sources? Arithmetic on printed figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import ClaimVerdict, claims_of, exactly
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    ResultTable,
    RunStudy,
)
from nasbench_mobile.reproduce.experiments.resnet50 import resnet50
from nasbench_mobile.reproduce.our_figures import off

NAME = "consistency"

NASNET_TOP5 = 91.6
"""Zoph et al. 2018, Table 2, NASNet-A (4 @ 1056)."""

SLIM_V2_14_MS = 138.0
"""MobileNetV2 1.4 on a Pixel 1: tensorflow/models, research/slim/nets/mobilenet/README.md."""

SAMPLES, FIGURE_6_SAMPLES = 8000, 3000
"""Models sampled by a search: section 5, and Fig. 6."""

RANGE_MS = (20.0, 160.0)
"""Section 6.2's range of latencies between width multipliers 0.35 and 1.4."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """No searches: every check is arithmetic, and takes no setting."""
    verdicts = [*_imagenet(), *_resnet(), *_coco(), *_scaling(), *_others()]
    by_id = {verdict.claim: verdict for verdict in verdicts}
    rows = [
        {
            "statement": claim.statement,
            "paper": claim.paper,
            "found": by_id[claim.id].detail,
            "agrees": "yes" if by_id[claim.id].status == "exact" else "no",
        }
        for claim in claims_of(NAME)
    ]
    headings = {"statement": "statement", "paper": "printed", "agrees": "agrees", "found": "found"}
    disagree = sum(row["agrees"] == "no" for row in rows)
    return ExperimentOutcome(
        {"statements": rows},
        verdicts,
        tables=[ResultTable("consistency", "Printed figures against each other", headings, rows)],
        said=[f"{disagree} of {len(rows)} statements disagree with figures printed elsewhere"],
    )


def _table_1(model: str, column: str) -> float:
    return paper.TABLE_1.value(model, column=column)


def _ratio(claim: str, top: float, bottom: float, printed: str, more: str = "") -> ClaimVerdict:
    """Whether a quotient has the printed digits."""
    value = top / bottom
    digits = len(printed.partition(".")[2])
    detail = f"{top:g} / {bottom:g} = {value:.2f}{more}"
    return exactly(claim, f"{value:.{digits}f}" == printed, detail)


def _imagenet() -> Iterator[ClaimVerdict]:
    a1_ms = _table_1("MnasNet-A1", "pixel1_latency_ms")
    for claim, other, ratio, points in (
        ("faster-than-v2-14", "MobileNetV2 (1.4x)", "1.8", 0.5),
        ("faster-than-v2", "MobileNetV2", "1.8", 0.5),
        ("faster-than-nasnet", "NASNet-A", "2.3", 1.2),
    ):
        other_ms = _table_1(other, "pixel1_latency_ms")
        faster = other_ms / a1_ms
        better = _table_1("MnasNet-A1", "top1_pct") - _table_1(other, "top1_pct")
        holds = f"{faster:.1f}" == ratio and round(better, 1) == points
        yield exactly(claim, holds, f"{other_ms:g} / {a1_ms:g} = {faster:.2f}x, {better:+.1f}")
    better = _table_1("MnasNet-A1", "top1_pct") - _table_1("MobileNetV2", "top1_pct")
    yield exactly("over-mobilenetv2", round(better, 1) == 3.0, f"75.2 - 72.0 = {better:.1f}")
    printed = _table_1("NASNet-A", "top5_pct")
    yield exactly(
        "nasnet-top5", printed == NASNET_TOP5, f"printed {printed:g}, its source {NASNET_TOP5:g}"
    )
    slim = _table_1("MobileNetV2 (1.4x)", "pixel1_latency_ms")
    yield exactly(
        "v2-14-latency", slim == SLIM_V2_14_MS, f"printed {slim:g}, slim's {SLIM_V2_14_MS:g} ms"
    )


def _resnet() -> Iterator[ClaimVerdict]:
    networks = [resnet50(stride_in_3x3=later) for later in (False, True)]
    yield _ratio(
        "resnet-parameters",
        round(parameters(networks[0]) / 1e6, 3),
        _table_1("MnasNet-A3", "params_m"),
        "4.8",
    )
    a3 = _table_1("MnasNet-A3", "mult_adds_m")
    first, later = (multiply_adds(network) / 1e6 for network in networks)
    more = f"; {later:.0f} / {a3:g} = {later / a3:.2f} with the stride in the 3x3 convolution"
    yield _ratio("resnet-multiply-adds", round(first), a3, "10", more)


def _coco() -> Iterator[ClaimVerdict]:
    def value(network: str, column: str) -> float:
        return paper.TABLE_3.value(network, column=column)

    ours, ssd = "MnasNet-A1 + SSDLite", "SSD300"
    yield _ratio("coco-parameters", value(ssd, "params_m"), value(ours, "params_m"), "7.4")
    top, bottom = value(ssd, "mult_adds_b"), value(ours, "mult_adds_b")
    low, high = top / (bottom + 0.05), top / (bottom - 0.05)
    more = f"; what rounds to {bottom:g} billion gives {low:.0f} to {high:.0f}"
    yield _ratio("coco-multiply-adds", top, bottom, "42", more)


def _scaling() -> Iterator[ClaimVerdict]:
    rows = paper.FIGURE_5A.rows
    printed = [float(row[3]) for row in rows if isinstance(row[3], int | float)]
    low, high = min(printed), max(printed)
    within = abs(off(low, RANGE_MS[0])) <= 0.1 and abs(off(high, RANGE_MS[1])) <= 0.05
    yield exactly("figure5-range", within, f"printed latencies are {low:g} to {high:g} ms")
    here = paper.FIGURE_5B.value("MnasNet-A1", 128, column="top1_pct")
    there = paper.README_A1.value(128, 1.0, column="top1_pct")
    yield exactly("a1-128-top1", here == there, f"printed {here:g}, the README {there:g}")
    table = paper.TABLE_4.value("MnasNet-A1 (0.35x)", column="latency_ms")
    readme = paper.README_A1.value(224, 0.35, column="pixel1_latency_ms")
    yield exactly(
        "a1-035-latency", round(table) == readme, f"printed {table:g}, the README {readme:g} ms"
    )


def _others() -> Iterator[ClaimVerdict]:
    share = off(FIGURE_6_SAMPLES, SAMPLES)
    yield exactly(
        "samples",
        abs(share) <= 0.1,
        f"section 5 has about {SAMPLES:,}, Fig. 6 shows {FIGURE_6_SAMPLES:,} of each form",
    )
    count = multiply_adds(zoo.network("shufflenet-v2-2x")) / 1e6
    printed = _table_1("ShuffleNetV2 (2x)", "mult_adds_m")
    yield exactly(
        "shufflenet-v2-2x-variant",
        abs(off(count, printed)) <= 0.005,
        f"plain: {count:.1f}M; 597M and 75.4 % are the variant with squeeze-and-excitation",
    )
    figure_5 = [key for table in (paper.FIGURE_5A, paper.FIGURE_5B) for key in table.keys]
    yield exactly(
        "table5-called-figure5",
        "reward" in figure_5,
        f"Figure 5 varies {' and '.join(k for k in figure_5 if k != 'series')}; rewards and spaces "
        f"are the rows of {paper.TABLE_5.title.partition(':')[0]}",
    )


EXPERIMENT = Experiment(
    NAME,
    "Printed figures against each other",
    "where the paper disagrees with itself or with its sources; nothing is mended",
    run,
)
