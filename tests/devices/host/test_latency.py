from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.host import worker_process
from nasbench_mobile.devices.host.latency import BURST, HostLatency, HostMeasurement
from nasbench_mobile.devices.host.repeatability import agreement, repeat
from nasbench_mobile.devices.host.worker_process import WorkerFailure, WorkerProcess
from nasbench_mobile.errors import EvaluationError, MissingExtraError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import IMAGE, Conv, NetworkBuilder
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.weights import Weights
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Failure, LatencyReading

SMALL = zoo.network("mnasnet-a1", 0.35, 96)
ANY = 10.0
"""An interval that any machine keeps: these tests say nothing of speed or noise."""


@pytest.fixture(scope="module")
def host() -> Iterator[HostLatency]:
    evaluator = HostLatency(pairs=2 * BURST, interval=ANY, nominal_ms=8.0)
    yield evaluator
    evaluator.close()


def worker(evaluator: HostLatency) -> WorkerProcess:
    return evaluator._worker


def pid(evaluator: HostLatency) -> int:
    worker(evaluator).start()
    process = worker(evaluator)._process
    assert process is not None
    return process.pid


def measured(found: HostMeasurement | Failure) -> HostMeasurement:
    assert isinstance(found, HostMeasurement), found
    return found


def test_a_measurement_says_how_it_was_made(host: HostLatency) -> None:
    found = measured(host.measure_network(SMALL))
    record = found.record()
    assert record["latency_ms"] == pytest.approx(8.0 * record["ratio_to_reference"])
    assert 0 < record["latency_ms"] < 8.0  # twenty times fewer multiply-adds than the reference
    assert record["interval_ms"][0] <= record["latency_ms"] <= record["interval_ms"][1]
    assert record["runs"] == 2 * BURST
    assert record["threads"] == 1
    assert (record["runtime"], record["reference"]) == ("ai-edge-litert", "mobilenet-v2")
    assert record["runtime_version"][0].isdigit()
    assert record["device"] == host.device
    assert min(record["cpu_ms"], record["wall_ms"], record["wall_ratio"], record["cost_s"]) > 0


def test_readings_of_a_batch_come_in_order(host: HostLatency) -> None:
    space = MnasNetSpace()
    small, large = (0, 0, 0, 2, 0, 0) * 7, (0, 1, 0, 2, 2, 2) * 7  # 3x3 and wide, deep 5x5 convs
    found = host.latency([Architecture(space, small), Architecture(space, large)])
    assert [type(one) for one in found] == [LatencyReading, LatencyReading]
    first, second = found
    assert isinstance(first, LatencyReading)
    assert isinstance(second, LatencyReading)
    assert second.latency_ms > first.latency_ms
    assert first.sd_ms is not None
    assert host.kind == "measured"


def test_one_worker_serves_many_candidates(host: HostLatency) -> None:
    before = pid(host)
    measured(host.measure_network(SMALL))
    measured(host.measure_network(SMALL))
    assert pid(host) == before


def test_a_worker_that_died_between_measurements_is_replaced(host: HostLatency) -> None:
    before = pid(host)
    os.kill(before, signal.SIGKILL)
    process = worker(host)._process
    assert process is not None
    process.wait()
    assert measured(host.measure_network(SMALL)).ratio.value > 0
    assert pid(host) != before


def test_a_worker_that_dies_in_a_run_fails_that_run_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is killed once it was told to run, and before it answers."""
    evaluator = HostLatency(pairs=2 * BURST, interval=ANY, nominal_ms=8.0)
    victim = pid(evaluator)
    exchange = worker_process._write_and_read

    def killed_in_a_run(process: subprocess.Popen[bytes], parts: Sequence[bytes]) -> bytes:
        if not any(b'"burst"' in part for part in parts[:1]):
            return exchange(process, parts)
        process.send_signal(signal.SIGSTOP)  # so that it cannot have answered
        assert process.stdin is not None
        process.stdin.writelines(parts)
        process.stdin.flush()
        process.kill()
        return exchange(process, [])

    with monkeypatch.context() as patched:
        patched.setattr(worker_process, "_write_and_read", killed_in_a_run)
        found = evaluator.measure_network(SMALL)
    assert isinstance(found, Failure)
    assert "SIGKILL" in found.reason
    assert measured(evaluator.measure_network(SMALL)).ratio.value > 0
    assert pid(evaluator) != victim
    evaluator.close()


def test_a_worker_that_dies_between_two_bursts_fails_that_run_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evaluator = HostLatency(pairs=2 * BURST, interval=ANY, nominal_ms=8.0)
    victim = pid(evaluator)

    def kill_in_the_pause(_: float) -> None:
        os.kill(victim, signal.SIGKILL)
        process = worker(evaluator)._process
        assert process is not None
        process.wait()

    with monkeypatch.context() as patched:
        patched.setattr("nasbench_mobile.devices.host.latency.time.sleep", kill_in_the_pause)
        found = evaluator.measure_network(SMALL)
    assert isinstance(found, Failure)
    assert "SIGKILL" in found.reason
    assert measured(evaluator.measure_network(SMALL)).ratio.value > 0
    evaluator.close()


def test_a_run_past_its_limit_fails_and_the_next_one_works() -> None:
    evaluator = HostLatency(pairs=2000, max_pairs=2000, interval=ANY, nominal_ms=8.0, limit_s=0.5)
    worker(evaluator).start()
    found = evaluator.measure_network(SMALL)
    assert isinstance(found, Failure)
    assert "limit" in found.reason
    patient = HostLatency(pairs=2 * BURST, interval=ANY, nominal_ms=8.0)
    patient._worker = worker(evaluator)  # the same worker, which was killed
    assert measured(patient.measure_network(SMALL)).ratio.value > 0
    patient.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model", b"\x1c\x00\x00\x00TFL3" + bytes(200), to_tflite(SMALL)[:5000]],
    ids=["empty", "text", "zeros", "torn"],
)
def test_a_corrupt_or_foreign_file_is_a_failure(host: HostLatency, content: bytes) -> None:
    found = host.measure_file(content)
    assert isinstance(found, Failure)
    assert "ai-edge-litert" in found.reason
    assert measured(host.measure_network(SMALL)).ratio.value > 0


def test_an_output_that_is_no_number_is_a_failure(host: HostLatency) -> None:
    builder = NetworkBuilder((3, 8, 8))
    builder.add("conv", Conv(4, (3, 3)), IMAGE)
    weights = Weights({"conv.weight": np.full((4, 3, 3, 3), np.inf)})
    found = host.measure_file(to_tflite(builder.build(), weights))
    assert isinstance(found, Failure)
    assert "not finite" in found.reason


def test_a_failed_measurement_of_a_reference_model_is_an_error(
    host: HostLatency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_max_pairs", 2 * BURST)
    monkeypatch.setattr(host, "_interval", 1e-9)
    with pytest.raises(EvaluationError, match="too noisy"):
        host.network_latency(SMALL)


def test_a_machine_too_noisy_for_the_interval_gives_no_number() -> None:
    evaluator = HostLatency(pairs=10, max_pairs=20, interval=1e-9, nominal_ms=8.0)
    found = evaluator.measure_network(SMALL)
    assert isinstance(found, Failure)
    assert "too noisy" in found.reason
    assert "20 pairs" in found.reason
    evaluator.close()


def test_pairs_are_added_until_the_interval_is_narrow_enough() -> None:
    evaluator = HostLatency(pairs=10, max_pairs=60, interval=1e-9, nominal_ms=8.0)
    content = to_tflite(SMALL)
    first = replace_interval(evaluator, ANY).measure_file(content)
    assert measured(first).ratio.pairs == 10
    found = replace_interval(evaluator, 1e-9).measure_file(content)
    assert isinstance(found, Failure)
    assert "after 60 pairs" in found.reason
    evaluator.close()


def replace_interval(evaluator: HostLatency, interval: float) -> HostLatency:
    evaluator._interval = interval
    return evaluator


def test_pieces_are_looked_at_together_and_fail_alone(host: HostLatency) -> None:
    larger = zoo.network("mnasnet-a1", 1.0, 160)
    small, large = host.piece_ratios([SMALL, larger])
    assert isinstance(small, float)
    assert isinstance(large, float)
    assert small < large


def test_the_reference_is_measured_once_and_kept(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path))
    monkeypatch.setattr("nasbench_mobile.devices.host.latency.NOMINAL_BURSTS", 2)
    first = HostLatency()
    kept = first.reference_ms()
    first.close()
    assert kept > 0
    second = HostLatency()
    assert second.reference_ms() == kept
    second.close()


def test_a_missing_runtime_names_what_to_install() -> None:
    evaluator = HostLatency(runtime="tflite-runtime", nominal_ms=8.0)
    if not isinstance(_started(evaluator), MissingExtraError):
        pytest.skip("tflite-runtime is installed here")
    with pytest.raises(MissingExtraError, match=r"pip install tflite-runtime 'numpy<2'"):
        evaluator.measure_network(SMALL)


def _started(evaluator: HostLatency) -> MissingExtraError | None:
    try:
        worker(evaluator).start()
    except MissingExtraError as error:
        return error
    return None


def test_an_interpreter_that_is_not_there_is_said() -> None:
    evaluator = HostLatency(python="/nowhere/bin/python", nominal_ms=8.0)
    with pytest.raises(MissingExtraError, match=r"/nowhere/bin/python"):
        evaluator.measure_network(SMALL)


def test_a_named_interpreter_is_used() -> None:
    evaluator = HostLatency(python=sys.executable, pairs=10, interval=ANY, nominal_ms=8.0)
    assert measured(evaluator.measure_network(SMALL)).ratio.value > 0
    evaluator.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runtime": "tensorflow"}, "known are ai-edge-litert"),
        ({"pairs": 5}, "at least 10"),
        ({"pairs": 50, "max_pairs": 40}, "at most max_pairs"),
        ({"interval": 0.0}, "interval is 0.0"),
        ({"limit_s": -1.0}, "limit_s is -1.0"),
        ({"nominal_ms": 0.0}, "nominal_ms is 0.0"),
        ({"processor": "Snapdragon 821"}, "another task"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        HostLatency(**options)  # type: ignore[arg-type]


def test_the_worker_says_what_it_cannot_do() -> None:
    process = WorkerProcess("ai-edge-litert")
    with pytest.raises(WorkerFailure, match="not running"):
        process.request({"do": "dance"}, limit_s=30.0)
    process.start()
    with pytest.raises(WorkerFailure, match="do_dance"):
        process.request({"do": "dance"}, limit_s=30.0)
    process.close()


def test_how_well_measurements_repeat(host: HostLatency) -> None:
    before = worker(host).started
    found = repeat(host, to_tflite(SMALL), restarts=2, repeats=2)
    assert worker(host).started == before + 2
    assert [one.protocol for one in found.agreements] == [
        "paired, CPU time", "unpaired, CPU time", "unpaired, wall time",
    ]  # fmt: skip
    record = found.record()
    assert len(record["latency_ms"]) == 4
    assert record["restarts"] == 2
    with pytest.raises(UsageError, match="too few"):
        repeat(host, to_tflite(SMALL), restarts=1, repeats=2)


def test_agreement_counts_what_is_near_the_median() -> None:
    values = [100.0] * 17 + [102.5, 104.0, 90.0]
    found = agreement("made up", values)
    assert found.median_ms == 100.0
    assert found.within == {"1%": 0.85, "2%": 0.85, "3%": 0.9, "5%": 0.95}
    assert found.within_95 == pytest.approx(0.04)
