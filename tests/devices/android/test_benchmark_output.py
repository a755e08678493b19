"""Output in the forms that builds of `benchmark_model` print: written out, and recorded by others.

The recorded ones are what people pasted into public reports, shortened: a phone with the GPU
delegate (tensorflow/tensorflow issue 43541), a phone's log with NNAPI (issue 56301), and a
Raspberry Pi 4 (ARM-software/armnn issue 541).
"""

from __future__ import annotations

import pytest

from nasbench_mobile.devices.android.benchmark_output import (
    UnreadableOutputError,
    parse_benchmark_output,
)

OLD = """\
STARTING!
Loaded model /data/local/tmp/m.tflite
Running benchmark for at least 5 iterations and at least 0 seconds.
count=5 first=101234 curr=80011 min=79800 max=101234 avg=84321.5 std=8400

Running benchmark for at least 30 iterations and at least 0 seconds.
count=30 first=80100 curr=79900 min=79012 max=83210 avg=80012.4 std=712

Inference timings in us: Init: 1203, First inference: 101234, \
Warmup (avg): 84321.5, Inference (avg): 80012.4
"""
PREFIXED = "\n".join(f"INFO: {line}" for line in OLD.splitlines())
NEW = PREFIXED.replace("std=712", "std=712 p5=79100 median=79900 p95=81900")
SINGLE = """\
INFO: count=1 curr=101234
INFO: count=1 curr=123
INFO: Inference timings in us: Init: 1203, First inference: 101234, \
Warmup (avg): 101234, Inference (avg): 123
INFO: Memory footprint delta: count=99 is not a time
"""


GPU_PHONE = """\
STARTING!
Min num runs: [50]
Num threads: [4]
#threads used for CPU inference: [4]
Use gpu: [1]
INFO: Initialized TensorFlow Lite runtime.
INFO: Created TensorFlow Lite delegate for GPU.
INFO: Created 1 GPU delegate kernels.
Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.
The input model file size (MB): 7.07479
Initialized session in 870.557ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding \
150 seconds.
count=4 first=130565 curr=120829 min=117370 max=130565 avg=122373 std=4930

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding \
150 seconds.
count=50 first=119212 curr=118055 min=113737 max=124776 avg=119375 std=1948

Inference timings in us: Init: 870557, First inference: 130565, Warmup (avg): 122373, \
Inference (avg): 119375
"""
AT = "05-30 15:16:45.362  3380  3380 I tflite  : "
LOGGED = f"""\
{AT}Explicitly applied NNAPI delegate, and the model graph will be partially executed by the \
delegate w/ 44 delegate kernels.
{AT}Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if \
exceeding 150 seconds.
{AT}count=40 first=32942 curr=12594 min=11340 max=32942 avg=12581.9 std=3331
{AT}Running benchmark for at least 50 iterations and at least 1 seconds but terminate if \
exceeding 150 seconds.
{AT}count=75 first=12840 curr=11853 min=11787 max=13649 avg=12167.6 std=325
{AT}Inference timings in us: Init: 126059, First inference: 32942, Warmup (avg): 12581.9, \
Inference (avg): 12167.6
"""
RASPBERRY_PI = """\
Going to apply 0 delegates one after another.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding \
150 seconds.
count=7028 first=2071 curr=69 min=68 max=2071 avg=70.3736 std=24

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding \
150 seconds.
count=14192 first=93 curr=70 min=68 max=249 avg=69.691 std=5

Inference timings in us: Init: 1304, First inference: 2071, Warmup (avg): 70.3736, \
Inference (avg): 69.691
"""


@pytest.mark.parametrize(
    ("text", "runs", "mean_ms", "sd_ms"),
    [
        (GPU_PHONE, 50, 119.375, 1.948),
        (LOGGED, 75, 12.1676, 0.325),
        (RASPBERRY_PI, 14192, 0.069691, 0.005),
    ],
)
def test_recorded_outputs(text: str, runs: int, mean_ms: float, sd_ms: float) -> None:
    timing = parse_benchmark_output(text)
    assert timing.runs == runs
    assert timing.mean_ms == pytest.approx(mean_ms)
    assert timing.sd_ms == pytest.approx(sd_ms)
    # None of them ran XNNPACK, and none says that it did.
    assert timing.delegation.ran_by is None


@pytest.mark.parametrize(
    "text", [OLD, PREFIXED, "WARNING: unknown\n" + PREFIXED.replace("\n", "\r\n")]
)
def test_the_last_count_line_is_the_runs(text: str) -> None:
    timing = parse_benchmark_output(text)
    assert (timing.runs, timing.mean_ms, timing.sd_ms) == (30, 80.0124, 0.712)
    assert (timing.min_ms, timing.max_ms) == (79.012, 83.21)
    assert timing.median_ms is None
    assert timing.typical_ms == 80.0124


def test_newer_builds_say_the_median() -> None:
    timing = parse_benchmark_output(NEW)
    assert timing.typical_ms == timing.median_ms == 79.9


def test_one_run_is_its_own_mean() -> None:
    timing = parse_benchmark_output(SINGLE)
    assert (timing.runs, timing.typical_ms, timing.sd_ms) == (1, 0.123, None)


def test_numbers_from_a_million_microseconds_have_an_exponent() -> None:
    assert parse_benchmark_output(OLD.replace("80012.4", "1.2e+06")).mean_ms == 1200.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line 'Inference timings"),
        ("Segmentation fault\n", "Segmentation fault"),
        (OLD.partition("Inference timings")[0], "did not finish"),
        ("\x00\xff garbage \n" * 50, "garbage"),
        ("Inference timings in us: Init: 1", "no line with count="),
        (OLD.replace("avg=80012.4", "avg=nan"), "'nan' where a time"),
        (OLD.replace("avg=80012.4", "avg=-nan"), "'-nan'"),
        (OLD.replace("avg=80012.4", "avg=inf"), "'inf'"),
        (OLD.replace("avg=80012.4", "avg=0"), "'0'"),
        (OLD.replace("avg=80012.4", "avg=-3"), "'-3'"),
        (OLD.replace("avg=80012.4", "avg=soon"), "'soon'"),
        (OLD.replace("avg=80012.4 std", "std").replace("curr=79900", ""), "no avg= and no curr="),
        (NEW.replace("median=79900", "median=nan"), "'nan'"),
    ],
)
def test_what_is_no_time_is_refused(text: str, said: str) -> None:
    with pytest.raises(UnreadableOutputError, match=said):
        parse_benchmark_output(text)
