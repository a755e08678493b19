"""The evaluator against a fake adb server: real adbutils, made-up phones (tests/fake_adb.py)."""

from __future__ import annotations

import itertools
import json
import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.android.adb import AdbServer, ConnectionDroppedError, PhoneLostError
from nasbench_mobile.devices.android.latency import AndroidLatency, android_evaluator
from nasbench_mobile.devices.android.measurement import AndroidMeasurement
from nasbench_mobile.devices.android.settings import AndroidSettings
from nasbench_mobile.errors import EvaluationError, InvalidNetworkError, UsageError
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.zoo import network as zoo_network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Failure, LatencyReading

QUICK = AndroidSettings(pairs=6, reconnect_s=2, cool_down_s=30)
REFERENCE_MS = 75.0


def cost_as_bytes(network: Network) -> bytes:
    """Stands for a .tflite file: the fake phone takes a microsecond for every byte."""
    return b"x" * (multiply_adds(network) // 100_000)


def evaluator(device: str, settings: AndroidSettings = QUICK, **more: Any) -> AndroidLatency:
    made = android_evaluator(
        device, write=cost_as_bytes, settings=settings, nominal_ms=REFERENCE_MS, **more
    )
    made._sleep = lambda _: None
    return made


@pytest.fixture
def architectures() -> list[Architecture]:
    space, rng = MnasNetSpace(), np.random.default_rng(5)
    return [Architecture(space, space.sample(rng)) for _ in range(3)]


def expected_ms(network: Network) -> float:
    return (
        REFERENCE_MS * len(cost_as_bytes(network)) / len(cost_as_bytes(zoo_network("mobilenet-v2")))
    )


def reason(made: AndroidLatency, architecture: Architecture) -> str:
    (found,) = made.latency([architecture])
    assert isinstance(found, Failure)
    return found.reason


def test_latency_is_ratio_times_nominal_in_order(fake_adb: Any, architectures: Any) -> None:
    phone = fake_adb.add("S1")
    made = evaluator("android:S1")
    found = made.latency(architectures)
    for architecture, reading in zip(architectures, found, strict=True):
        assert isinstance(reading, LatencyReading)
        assert reading.latency_ms == pytest.approx(expected_ms(architecture.network()))
        assert reading.sd_ms == 0.0
    assert phone.files == {}
    assert phone.folders == set()
    assert phone.mask_seen == {"c"}
    assert (made.device, made.kind) == ("Pixel", "measured")


def test_the_program_gets_its_flags(fake_adb: Any, architectures: Any) -> None:
    phone = fake_adb.add("S1")
    evaluator("android:S1@f0").latency(architectures[:1])
    line = next(line for line in phone.log if line.startswith("timeout"))
    assert line.startswith("timeout -s KILL 60 taskset f0 /data/local/tmp/benchmark_model --graph=")
    assert line.endswith(
        "--num_threads=1 --warmup_runs=2 --num_runs=10 --warmup_min_secs=0 --min_secs=0 "
        "--use_xnnpack=true 2>&1"
    )
    graphs = [line.split("--graph=")[1].split()[0] for line in phone.log if "--graph" in line]
    names = [graph.rpartition("/")[2].removesuffix(".tflite") for graph in graphs]
    assert names[:4] == ["reference", "candidate", "candidate", "reference"]
    assert len(names) == 2 * QUICK.pairs


def test_a_drifting_phone_does_not_move_the_ratio(fake_adb: Any) -> None:
    slower = itertools.count()

    def drifting(phone: Any, model: bytes) -> tuple[int, str]:
        phone.slowness = 1 + next(slower) // 4 * 0.3
        return fake_timing(len(model) * phone.slowness)

    fake_adb.add("S1", benchmark=drifting)
    network = zoo_network("mnasnet-a1")
    measured = evaluator("android:S1").measure_network(network)
    assert measured.latency_ms == pytest.approx(expected_ms(network))
    assert measured.low_ms <= measured.latency_ms <= measured.high_ms
    assert measured.raw_ms > 1.2 * len(cost_as_bytes(network)) / 1000


def fake_timing(microseconds: float) -> tuple[int, str]:
    import fake_adb as module  # type: ignore[import-not-found, unused-ignore]

    return 0, module.timing(microseconds)


def test_the_record_says_how_it_was_measured(fake_adb: Any) -> None:
    fake_adb.add("S1", screen="ON")
    record = evaluator("android:S1").measure_network(zoo_network("mnasnet-a1")).record()
    assert json.loads(json.dumps(record)) == record
    assert (record["runs"], record["spread"], record["serial"]) == (6, 0.0, "S1")
    assert record["ratio_to_reference"] * REFERENCE_MS == pytest.approx(record["latency_ms"])
    assert record["runtime"] == "benchmark_model"
    assert record["runtime_version"] == "ab" * 32
    assert record["core_mask"] == "c"
    assert record["before"]["screen_on"] is True
    assert record["before"]["battery_percent"] == 80
    assert record["before"]["cpus"][2] == {"number": 2, "governor": "schedutil", "max_mhz": 2150}


def test_nominal_is_measured_once_and_kept(fake_adb: Any) -> None:
    phone = fake_adb.add("S1")
    network = zoo_network("mnasnet-a1")
    made = android_evaluator("android:S1", write=cost_as_bytes, settings=QUICK)
    first = made.network_latency(network).latency_ms
    assert first == pytest.approx(len(cost_as_bytes(network)) / 1000)
    phone.slowness = 2.0
    again = android_evaluator("android:S1", write=cost_as_bytes, settings=QUICK)
    assert again.network_latency(network).latency_ms == pytest.approx(first)


def test_two_phones_share_the_work(fake_adb: Any, architectures: Any) -> None:
    together = threading.Barrier(2, timeout=10)
    waited: set[str] = set()

    def both(phone: Any, model: bytes) -> tuple[int, str]:
        if phone.serial not in waited:
            waited.add(phone.serial)
            together.wait()  # passes only while both phones run
        return fake_timing(len(model) * phone.slowness)

    phones = [fake_adb.add("S1", benchmark=both), fake_adb.add("S2", benchmark=both, slowness=1.7)]
    found = evaluator("android:S1,S2").latency(architectures)
    expected = [expected_ms(a.network()) for a in architectures]
    assert [r.latency_ms for r in found if isinstance(r, LatencyReading)] == pytest.approx(expected)
    assert [phone.files for phone in phones] == [{}, {}]


def test_phones_of_different_models_are_not_mixed(fake_adb: Any, architectures: Any) -> None:
    fake_adb.add("S1")
    fake_adb.add("S2", model="Pixel 2")
    found = evaluator("android:S1,S2").measure(
        [partial(cost_as_bytes, a.network()) for a in architectures]
    )
    assert len({one.serial for one in found if isinstance(one, AndroidMeasurement)}) == 1
    assert not any(isinstance(one, Failure) for one in found)


def test_a_lost_phone_leaves_its_work_to_the_other(fake_adb: Any, architectures: Any) -> None:
    def lost(phone: Any, model: bytes) -> tuple[int, str]:
        phone.state = "offline"
        raise fake_vanish()

    fake_adb.add("S1", benchmark=lost)
    good = fake_adb.add("S2")
    found = evaluator("android:S1,S2").latency(architectures)
    assert all(isinstance(one, LatencyReading) for one in found)
    assert good.files == {}


def fake_vanish() -> Exception:
    import fake_adb as module  # type: ignore[import-not-found, unused-ignore]

    vanish: Exception = module.Vanish()
    return vanish


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "offline"}, "phone S1 is offline: plug"),
        ({"state": "unauthorized"}, "phone S1 is unauthorized: unlock"),
        ({"state": "recovery"}, "phone S1 is recovery: start Android"),
        (
            {"binary": False},
            "no benchmark_model at /data/local/tmp/benchmark_model: adb -s S1 push",
        ),
        ({"executable": False}, "adb -s S1 shell chmod 755"),
        ({"battery": 9}, "battery at 9 %: charge it to 20 %"),
        ({"tenths_c": 451}, "after 30 s of waiting: hot: battery at 45.1 °C"),
        ({"thermal": 3}, "thermal status 3 .severe.: let it cool"),
        ({"free_kib": 1}, "phone S1 is full: 1 KiB free"),
        (
            {"extra": "@@battery\n  (UPDATES STOPPED -- use 'reset' to restart)\n  level: 100\n"},
            "set by hand .UPDATES STOPPED.: adb -s S1 shell dumpsys battery reset",
        ),
        (
            {"extra": "@@thermal\nIsStatusOverride: true\nThermal Status: 0\n"},
            "set by hand .IsStatusOverride: true.: adb -s S1 shell cmd thermalservice reset",
        ),
    ],
)
def test_an_unfit_phone_is_a_failure(
    fake_adb: Any, architectures: Any, fields: dict[str, Any], said: str
) -> None:
    phone = fake_adb.add("S1", **fields)
    made = evaluator("android:S1")
    found = made.latency(architectures)
    assert len(found) == len(architectures)
    assert {type(one) for one in found} == {Failure}
    with pytest.raises(EvaluationError, match=said):
        made.network_latency(zoo_network("mnasnet-a1"))
    assert phone.files == {}


def test_a_serial_nobody_has(fake_adb: Any, architectures: Any) -> None:
    fake_adb.add("S1")
    assert "phone S9 is absent: plug the phone in" in reason(evaluator("S9"), architectures[0])


def test_a_hot_phone_is_waited_for(fake_adb: Any, architectures: Any) -> None:
    phone = fake_adb.add("S1", tenths_c=410, cooling=4)
    made = evaluator("android:S1")
    pauses: list[float] = []
    made._sleep = pauses.append
    assert isinstance(made.latency(architectures[:1])[0], LatencyReading)
    assert pauses == [10.0, 10.0]
    assert phone.tenths_c <= 400


def test_a_phone_that_gets_hot_is_measured_again_when_cool(
    fake_adb: Any, architectures: Any
) -> None:
    def heating(phone: Any, model: bytes) -> tuple[int, str]:
        phone.thermal = int(len(phone.log) == 2 * QUICK.pairs + 4)
        return fake_timing(len(model))

    phone = fake_adb.add("S1", benchmark=heating)
    made = evaluator("android:S1")

    def cool(_: float) -> None:
        phone.thermal = 0

    made._sleep = cool
    assert isinstance(made.latency(architectures[:1])[0], LatencyReading)


def test_full_while_pushing(fake_adb: Any, architectures: Any) -> None:
    """The disk fills up after the state was read: the push is refused, and the reason found."""
    phone = fake_adb.add("S1")
    real, said = phone.run, itertools.count()

    def run(line: str) -> tuple[int, str]:
        if line.startswith("mkdir"):
            phone.free_kib = 0
        next(said)
        code, output = real(line)
        return code, output

    phone.run = run
    assert "phone S1 is full: 0 KiB free" in reason(evaluator("S1"), architectures[0])
    assert next(said) > 1


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (
            (1, "ERROR: Didn't find op for builtin opcode\nERROR: Failed to load graph\n"),
            "Failed to",
        ),
        ((139, "Segmentation fault\n"), "ended with 139: Segmentation fault"),
        ((137, "Killed\n"), "killed benchmark_model after"),
        ((0, "\x00\x01 nonsense"), "printed no line"),
        ((0, ""), "printed no line"),
        ((0, "count=1 curr=nan\nInference timings in us: Init: nan"), "'nan' where a time"),
    ],
)
def test_a_failing_model_is_tried_twice_and_the_rest_goes_on(
    fake_adb: Any, architectures: Any, ends: tuple[int, str], said: str
) -> None:
    bad = cost_as_bytes(architectures[1].network())
    tries: list[int] = []

    def failing(phone: Any, model: bytes) -> tuple[int, str]:
        if model == bad:
            tries.append(1)
            return ends
        return fake_timing(len(model))

    phone = fake_adb.add("S1", benchmark=failing)
    found = evaluator("android:S1").latency(architectures)
    failures = [i for i, one in enumerate(found) if isinstance(one, Failure)]
    assert failures == [1]
    [failure] = [one for one in found if isinstance(one, Failure)]
    assert said in failure.reason
    assert "tried 2 times" in failure.reason
    assert len(tries) == 2
    assert phone.files == {}


def test_a_hiccup_is_forgotten(fake_adb: Any, architectures: Any) -> None:
    calls = itertools.count()

    def hiccup(phone: Any, model: bytes) -> tuple[int, str]:
        number = next(calls)
        if number == 3:
            raise fake_vanish()  # the connection drops, and the phone is there again
        return (0, "gibberish") if number == 0 else fake_timing(len(model))

    fake_adb.add("S1", benchmark=hiccup)
    three = AndroidSettings(pairs=6, attempts=3, reconnect_s=2)
    assert isinstance(evaluator("S1", three).latency(architectures[:1])[0], LatencyReading)


def test_a_run_past_its_limit(fake_adb: Any, architectures: Any) -> None:
    def endless(phone: Any, model: bytes) -> tuple[int, str]:
        threading.Event().wait(0.1)
        return 137, "Killed\n"  # what the phone's own `timeout -s KILL` ends with

    fake_adb.add("S1", benchmark=endless)
    short = AndroidSettings(pairs=6, run_timeout_s=0.1)
    assert "ran past its limit of 0.1 s" in reason(evaluator("S1", short), architectures[0])


def test_a_phone_that_vanishes_mid_run(fake_adb: Any, architectures: Any) -> None:
    calls = itertools.count()

    def vanishing(phone: Any, model: bytes) -> tuple[int, str]:
        if next(calls) == 5:
            phone.state = "offline"
            raise fake_vanish()
        return fake_timing(len(model))

    fake_adb.add("S1", benchmark=vanishing)
    found = evaluator("android:S1").latency(architectures[:3])
    reasons = [one.reason for one in found if isinstance(one, Failure)]
    assert len(reasons) == 3
    assert "stopped answering" in reasons[0]
    assert "it is offline now" in reasons[0]


def test_a_push_that_is_cut(fake_adb: Any) -> None:
    phone = fake_adb.add("S1", cuts_pushes=True)
    connection = AdbServer().phone("S1")
    with pytest.raises(ConnectionDroppedError, match="stopped answering while pushing 1 bytes"):
        connection.push(b"x", "/data/local/tmp/x")
    assert phone.files == {}
    fake_adb.phones.clear()
    with pytest.raises(PhoneLostError, match="absent"):
        connection.check_there()


def test_a_network_that_cannot_be_written(fake_adb: Any, architectures: Any) -> None:
    fake_adb.add("S1")
    bad = architectures[0].network()

    def write(network: Network) -> bytes:
        if network == bad:
            raise InvalidNetworkError("TFLite has no operator for layer x")
        return cost_as_bytes(network)

    made = android_evaluator("S1", write=write, settings=QUICK, nominal_ms=REFERENCE_MS)
    first, second = made.latency(architectures[:2])
    assert isinstance(first, Failure)
    assert "no operator for layer x" in first.reason
    assert isinstance(second, LatencyReading)


def test_which_phone(fake_adb: Any) -> None:
    with pytest.raises(UsageError, match="no phone is; say which"):
        android_evaluator("android:")
    fake_adb.add("127.0.0.1:5555")
    assert android_evaluator("android:").phones[0].serial == "127.0.0.1:5555"
    fake_adb.add("S2")
    with pytest.raises(UsageError, match=r"2 phones are connected \(127.0.0.1:5555, S2\)"):
        android_evaluator("android:")
    both = android_evaluator("android:127.0.0.1:5555@f0,S2")
    assert [phone.serial for phone in both.phones] == ["127.0.0.1:5555", "S2"]


@pytest.mark.parametrize("device", ["android:S1,S1", "android:@f0", "android:S1@", "S1@big"])
def test_device_strings_that_mean_nothing(device: str) -> None:
    with pytest.raises(UsageError):
        android_evaluator(device)


def test_nominal_must_be_a_time(fake_adb: Any) -> None:
    with pytest.raises(UsageError, match="nominal_ms is nan"):
        android_evaluator("S1", nominal_ms=float("nan"))


def test_the_how_to_shows_the_line_that_is_run(fake_adb: Any, architectures: Any) -> None:
    page = Path(__file__).parents[3] / "docs" / "measure-on-your-phone.md"
    phone = fake_adb.add("S1")
    evaluator("android:S1", AndroidSettings()).latency(architectures[:1])
    ran = next(line for line in phone.log if line.startswith("timeout"))
    shown = re.sub(r"--graph=\S+", "--graph=FILE", ran).removesuffix(" 2>&1")
    assert shown in page.read_text(encoding="utf-8")
    assert len([line for line in phone.log if line.startswith("timeout")]) == 2 * 8
