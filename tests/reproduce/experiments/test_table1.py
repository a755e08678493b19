"""Table 1: counts, estimates and a device's milliseconds beside what is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import LatencyEvaluator
from nasbench_mobile.reproduce import devices
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce.devices import Measured
from nasbench_mobile.reproduce.experiment import ExperimentOutcome, ExperimentSetting
from nasbench_mobile.reproduce.experiments import table1
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Kind, LatencyReading


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> ExperimentOutcome:
    return table1.run(ExperimentSetting(), tmp_path_factory.mktemp("table1"), no_study)


def test_rows_show_what_is_printed_beside_ours(outcome: ExperimentOutcome) -> None:
    rows = {row["model"]: row for row in outcome.tables[0].rows}
    assert len(rows) == 17
    assert rows["MnasNet-A1"] == {
        "model": "MnasNet-A1", "params": "3.9 / 3.887", "madds": "312 / 311.6",
        "ms": f"78 / {ours.estimate_ms(zoo.network('mnasnet-a1')):.1f}", "fits": "yes",
        "top1": 75.2,
    }  # fmt: skip
    assert rows["ShuffleNetV2 (1.5x)"]["params"] == "- / 3.507"
    assert rows["ShuffleNetV2 (1.5x)"]["fits"] == "no"
    assert rows["MnasNet-A3"] == {
        "model": "MnasNet-A3", "params": "5.2 / -", "madds": "403 / -", "ms": "103 / -",
        "fits": "-", "top1": 76.7,
    }  # fmt: skip
    facts = {row["model"]: row for row in outcome.result["networks"]}
    assert facts["MnasNet-A2"] == {"model": "MnasNet-A2", "released": False}
    assert facts["MnasNet-A1"]["parameters"] == parameters(zoo.network("mnasnet-a1"))
    assert facts["MnasNet-A1"]["multiply_adds"] == multiply_adds(zoo.network("mnasnet-a1"))
    assert facts["MnasNet-A1"]["finding"] is None
    assert "6,108,776" in facts["MobileNetV2 (1.4x)"]["finding"]
    assert outcome.result["device"] is None
    assert outcome.said == [
        "10 of 15 released rows count to what is printed in every column (within 2%), 12 in "
        "multiply-adds; every other has a finding; accuracies need ImageNet"
    ]


def test_each_printed_figure_has_ours_or_the_reason(outcome: ExperimentOutcome) -> None:
    beside: dict[Any, Any] = {(n.row[0], n.column): (n.ours, n.how) for n in outcome.numbers}
    assert beside["MnasNet-A2", "top1_pct"] == (None, "the network was never released")
    assert beside["MnasNet-A1", "top5_pct"] == (None, "needs ImageNet: a full training")
    assert beside["MnasNet-A2", "params_m"] == (None, "the network was never released")
    assert beside["MnasNet-A1", "params_m"] == (pytest.approx(3.887038), "counted")
    v2 = ours.estimate_ms(zoo.network("mobilenet-v2", 1.4))
    assert beside["MobileNetV2 (1.4x)", "pixel1_latency_ms"] == (v2, "estimate pixel1-tunas")
    assert beside["NASNet-A", "pixel1_latency_ms"][1].endswith("it was not fitted to")
    # the row printed as G = C = 4 has the figures of the network with 8
    assert beside["CondenseNet (G=C=4)", "params_m"] == (
        pytest.approx(2.935416), "counted, of G = C = 8",
    )  # fmt: skip
    assert beside["CondenseNet (G=C=8)", "mult_adds_m"] == (
        pytest.approx(516.640576), "counted, of G = C = 4",
    )  # fmt: skip


def test_counts_and_estimates_have_the_published_answers(outcome: ExperimentOutcome) -> None:
    found = {v.claim: (v.status, v.detail) for v in outcome.verdicts}
    assert found["counts-mobilenet-v1"] == (
        "exact",
        "4.232M parameters, printed 4.2M (+0.8%); 568.740M multiply-adds, printed 575M (-1.1%)",
    )
    assert found["counts-shufflenet-v2-1.5x"] == (
        "exact", "298.971M multiply-adds, printed 299M (-0.0%)",
    )  # fmt: skip
    for groups, detail in (
        (4, "4.774M parameters, printed 2.9M (+64.6%); 516.641M multiply-adds, printed 274M"),
        (8, "2.935M parameters, printed 4.8M (-38.8%); 261.546M multiply-adds, printed 529M"),
    ):
        status, said = found[f"counts-condensenet-g{groups}"]
        assert status == "does not hold"
        assert said.startswith(detail)
        assert "Counted:" not in said
        assert said.endswith("to G = C = 4.")
    assert "counts-mobilenet-v2-1.4" in found
    for claim, model, multiplier, printed in (
        ("a1-latency", "mnasnet-a1", 1.0, 78), ("latency-v1", "mobilenet-v1", 1.0, 113),
        ("latency-v2", "mobilenet-v2", 1.0, 75), ("latency-v2-14", "mobilenet-v2", 1.4, 143),
    ):  # fmt: skip
        ms = ours.estimate_ms(zoo.network(model, multiplier))
        share = (ms - printed) / printed
        assert found[claim][1] == f"estimated {ms:.1f} ms, printed {printed} ms ({share:+.1%})"
    v2 = ours.estimate_ms(zoo.network("mobilenet-v2", 1.4))
    a1 = ours.estimate_ms(zoo.network("mnasnet-a1"))
    share = v2 / a1 * 78 / 143 - 1
    assert found["speed-up-estimated"] == (
        "holds on our benchmark", f"estimated {v2 / a1:.2f}x, printed 1.83x ({share:+.1%})",
    )  # fmt: skip


def test_a_speed_up_agrees_within_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    built = {label: table1.build(label) for label in table1.LATENCY_CLAIMS.values()}
    times = dict(zip(built.values(), (100.0, 100.0, 100.0, 100.0), strict=True))

    def status(ratio: float) -> str:
        times[built["MobileNetV2 (1.4x)"]] = 100.0 * ratio
        monkeypatch.setattr(ours, "estimate_ms", times.__getitem__)
        return table1._latency_verdicts(built)[-1].status

    assert status(143 / 78 * 1.09) == status(143 / 78 * 0.91) == "holds on our benchmark"
    assert status(143 / 78 * 1.11) == status(143 / 78 * 0.89) == "does not hold"


class Clock(LatencyEvaluator):
    """These milliseconds, of networks told apart by their multiply-adds; others take 100."""

    label = "a clock"
    device = "a made-up device"
    kind: Kind = "measured"

    def __init__(self, times: Mapping[str, float | None]) -> None:
        self.times = {multiply_adds(table1.build(name)): ms for name, ms in times.items()}

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading]:
        raise AssertionError("reference networks have no tokens")

    def network_latency(self, network: Network) -> LatencyReading:
        ms = self.times.get(multiply_adds(network), 100.0)
        if ms is None:
            raise EvaluationError("it crashed")
        return LatencyReading(ms, 0.5)


def measured(
    monkeypatch: pytest.MonkeyPatch, spec: str, **times: float | None
) -> dict[str, tuple[bool, str]]:
    names = {"v1": "MobileNetV1", "a1": "MnasNet-A1", "nasnet": "NASNet-A", "amoeba": "AmoebaNet-A"}
    monkeypatch.setattr(table1, "meter", lambda _: Clock({names[n]: t for n, t in times.items()}))
    built = {name: table1.build(name) for name in (*names.values(), "MobileNetV2")}
    found = table1._Device(spec, built).verdicts()
    assert all(v.benchmark in ("a made-up device", None) for v in found)
    return {v.claim: (v.status == "holds on our benchmark", v.detail) for v in found}


def test_multiply_adds_mislead_where_nasnet_is_a_fifth_slower(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(nasnet: float) -> tuple[bool, str]:
        found = measured(monkeypatch, "host", nasnet=nasnet, v1=50.0, a1=1.0)
        assert list(found) == ["multiply-adds-mislead"]
        return found["multiply-adds-mislead"]

    assert answer(60.0) == (
        True, "NASNet-A takes 1.20 times as long as MobileNetV1 (printed: 1.62)",
    )  # fmt: skip
    assert answer(59.5)[0] is False


def test_a_phones_milliseconds_are_compared_with_printed_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = measured(monkeypatch, "android:X", nasnet=200.0, amoeba=172.0, a1=80.0)
    # 200 / 80 = 2.5 is 6.6 % above 183 / 78; 200 and 172 are 9.3 and -9.5 % off 183 and 190
    assert found["speed-up-over-nasnet"] == (True, "2.50 times as fast (printed: 2.35)")
    assert found["latency-cells"] == (True, "NASNet-A 200 ms, AmoebaNet-A 172 ms")
    found = measured(monkeypatch, "android:X", nasnet=200.0, amoeba=170.0, a1=77.0)
    assert found["speed-up-over-nasnet"][0] is False  # 10.7 % more
    assert found["latency-cells"][0] is False  # 10.5 % less
    found = measured(monkeypatch, "android:X", nasnet=200.0, amoeba=210.0, a1=96.0)
    assert found["speed-up-over-nasnet"][0] is False  # 11.2 % less
    assert found["latency-cells"][0] is False  # 10.5 % more
    found = measured(monkeypatch, "android:X", nasnet=None, amoeba=190.0)
    assert found == {}
    found = measured(monkeypatch, "android:X", nasnet=183.0, amoeba=None, a1=None, v1=None)
    assert found == {}


def test_a_devices_rows_are_times_mobilenet_v2(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock({"MobileNetV2": 40.0, "MnasNet-A1": 50.0, "NASNet-A": None})
    monkeypatch.setattr(table1, "meter", lambda _: clock)
    names = ("MobileNetV2", "MnasNet-A1", "NASNet-A", "PNASNet")
    device = table1._Device("host", {name: table1.build(name) for name in names})
    rows = {row["model"]: row for row in device.rows}
    assert rows["MnasNet-A1"] == {
        "model": "MnasNet-A1", "latency_ms": 50.0, "sd_ms": 0.5, "ratio": 1.25,
        "printed_ratio": 78 / 75, "failure": None,
    }  # fmt: skip
    assert rows["NASNet-A"]["ratio"] is None
    assert rows["NASNet-A"]["printed_ratio"] == 183 / 75
    assert rows["NASNet-A"]["failure"] == "it crashed"
    assert (rows["PNASNet"]["ratio"], rows["PNASNet"]["printed_ratio"]) == (2.5, None)
    assert "failure" in device.table().columns
    assert device.table().title == "Measured on a made-up device"
    well = table1._Device("host", {name: table1.build(name) for name in names[:2]})
    assert "failure" not in well.table().columns
    said = table1._said([], [], well)
    assert said[1] == "measured on a made-up device: its milliseconds are not a Pixel 1's"


def test_without_mobilenet_v2_nothing_is_a_multiple_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table1, "meter", lambda _: Clock({"MobileNetV2": None}))
    built = {name: table1.build(name) for name in ("MobileNetV2", "MnasNet-A1")}
    assert [row["ratio"] for row in table1._Device("host", built).rows] == [None, None]


def test_a_network_that_fails_is_a_row_and_the_others_go_on() -> None:
    built = {name: table1.build(name) for name in ("MnasNet-A1", "MobileNetV1", "MobileNetV2")}
    found = devices.measure(Clock({"MobileNetV1": None, "MobileNetV2": 7.0}), built)
    assert found == [
        Measured("MnasNet-A1", 100.0, 0.5),
        Measured("MobileNetV1", None, None, "it crashed"),
        Measured("MobileNetV2", 7.0, 0.5),
    ]


def test_a_device_is_this_host_or_a_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    import nasbench_mobile.devices.android.meter as phones
    import nasbench_mobile.devices.host.latency as host

    monkeypatch.setattr(phones, "android_latency", lambda *, serial: f"phone {serial}")
    monkeypatch.setattr(host, "HostLatency", lambda: "this host")
    assert str(devices.meter("host")) == "this host"
    assert str(devices.meter("android:ab:cd")) == "phone ab:cd"
    with pytest.raises(UsageError, match="known are host"):
        devices.meter("hosts")
