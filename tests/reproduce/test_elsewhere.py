"""What a device and a table of own trainings add to the claims that need them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.reproduce import our_trainings as own_table
from nasbench_mobile.reproduce.claims import ClaimVerdict
from nasbench_mobile.reproduce.devices import check_device
from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import figure5, table1, table4, table6
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Kind, LatencyReading


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


class Stopwatch:
    """Milliseconds by multiply-adds, but networks of cells take twice as long; DARTS crashes."""

    label = "a stopwatch"
    device = "a made-up device"
    kind: Kind = "measured"

    def network_latency(self, network: Network) -> LatencyReading:
        millions = multiply_adds(network) / 1e6
        if 529 < millions < 530.5:  # DARTS
            raise EvaluationError("the runtime crashed")
        cells = any(node.name.startswith("cell") for node in network)
        return LatencyReading(millions * (2 if cells else 1) / 10)


def by_claim(verdicts: list[ClaimVerdict]) -> dict[str, ClaimVerdict]:
    return {verdict.claim: verdict for verdict in verdicts}


def test_a_device_measures_all_of_table_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(table1, "meter", lambda spec: Stopwatch())
    outcome = table1.run(ExperimentSetting(device="host"), tmp_path, no_study)
    rows = {row["model"]: row for row in outcome.result["device"]["rows"]}
    assert len(rows) == 15
    assert rows["DARTS"]["failure"] == "the runtime crashed"
    assert rows["MobileNetV2"]["ratio"] == 1.0
    found = by_claim(list(outcome.verdicts))
    assert found["multiply-adds-mislead"].status == "holds on our benchmark"
    assert found["multiply-adds-mislead"].benchmark == "a made-up device"
    # a host says nothing of a phone's milliseconds
    assert "latency-cells" not in found
    assert "speed-up-over-nasnet" not in found
    phone = by_claim(
        list(table1.run(ExperimentSetting(device="android:X"), tmp_path, no_study).verdicts)
    )
    assert phone["latency-cells"].status == "does not hold"


@pytest.mark.parametrize(
    ("spec", "said"), [("phone", "known are host"), ("android:", "without a serial")]
)
def test_devices_are_named_rightly(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_device(spec)


def trained(a1: float, other: float) -> own_table.Trained:
    """A1 and every other reference at every scale, two seeds each."""
    scales = {figure5._scale(t, row[1]) for t in figure5._FIGURES for row in t.rows}
    names = {"mnasnet-a1": a1, "mobilenet-v2": other}
    table = {
        (name, *scale): (value, value + 0.001) for name, value in names.items() for scale in scales
    }
    singles = {(name, 1.0, 224): (other, other + 0.001) for _, name in table6.ROWS.values()}
    small = {("mnasnet-small", 1.0, 224): (a1 + 0.05, a1 + 0.051)}
    return own_table.Trained({**table, **singles, **small}, seed_sd=0.001)


def test_own_trainings_decide_what_else_needs_imagenet() -> None:
    better, worse = trained(0.6, 0.5), trained(0.4, 0.5)
    for table, status in ((better, "holds on our benchmark"), (worse, "does not hold")):
        [scaled], _ = figure5._trained(table)
        [diverse], _ = table6._trained(table)
        assert (scaled.claim, scaled.status) == ("figure5-behaviour", status)
        assert (diverse.claim, diverse.status) == ("diversity-trained", status)
    [searched], _ = table4._trained(better)
    assert searched.benchmark == own_table.NAME
    assert "+5.00%" in searched.detail
    for unsure in (table4._trained, figure5._trained, table6._trained):
        assert unsure(own_table.Trained()) == ([], [])  # nothing trained
        verdicts, said = unsure(replace(better, seed_sd=1.0))
        assert not verdicts
        assert "does not decide it" in said[0]
