"""Output in the forms that builds of `benchmark_model` print (written out, not recorded)."""

from __future__ import annotations

import pytest

from nasbench_mobile.evaluators.benchmark_output import (
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
