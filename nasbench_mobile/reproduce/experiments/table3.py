"""Table 3 of MnasNet: detection on COCO, which is not built yet; every figure says so."""

from __future__ import annotations

from pathlib import Path

from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    RunStudy,
    numbers,
)


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Nothing is run; the printed figures stand beside the reason."""
    beside = numbers(paper.TABLE_3, lambda key, column: (None, ours.NEEDS_COCO))
    said = ["detection is not built yet; ratios between rows are checked by `consistency`"]
    return ExperimentOutcome({"needs": "COCO detection"}, numbers=beside, said=said)


EXPERIMENT = Experiment(
    "table3", "Table 3: COCO object detection", "A1 as the trunk of a detector", run
)
