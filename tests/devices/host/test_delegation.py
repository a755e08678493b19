"""What ran a model, in `benchmark_model`'s own words, and what is not its words.

Lines are those that public reports quote (google/XNNPACK issue 3060; tensorflow/tensorflow issues
41977, 43541 and 56301; mozilla/DeepSpeech issue 2270; mlcommons/mobile_app_open issue 1134), put
together into outputs with figures written out.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.android.benchmark_output import (
    UnreadableOutputError,
    WrongProgramError,
    parse_benchmark_output,
)
from nasbench_mobile.devices.android.latency import AndroidLatency, android_evaluator
from nasbench_mobile.devices.android.settings import AndroidSettings
from nasbench_mobile.devices.host.delegation import BUILT_IN, XNNPACK, Delegation, read_delegation
from nasbench_mobile.errors import EvaluationError
from nasbench_mobile.networks.zoo import network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Failure, LatencyReading

REPLACED = (
    "VERBOSE: Replacing 65 out of 66 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding "
    "2 partitions for the whole graph.\n"
)
APPLIED = (
    "INFO: Explicitly applied XNNPACK delegate, and the model graph will be completely executed by "
    "the delegate.\n"
)
NOT_APPLIED = (
    "INFO: Though XNNPACK delegate is explicitly applied, the model graph will not be executed by "
    "the delegate.\n"
)
IMMUTABLE = "ERROR: ModifyGraphWithDelegate is disallowed when graph is immutable.\n"
UNKNOWN = "WARN: Unconsumed cmdline flags: --use_xnnpack=true\n"
FAILED = (
    "INFO: XNNPACK delegate created.\nERROR: Failed to apply XNNPACK delegate.\n"
    "ERROR: Benchmarking failed.\n"
)
TENSORFLOW_1 = (
    "Running benchmark for at least 10 iterations and at least 1 seconds\n"
    "count=43 first=23313 curr=23311 min=23000 max=24000 avg=23313.5 std=112\n"
    "Average inference timings in us: Warmup: 27917.4, Init: 21528106, no stats: 23313.5\n"
)
LITERT = (
    "========== BENCHMARK RESULTS ==========\n"
    "INFO: [benchmark_litert_model.h:94] Model initialization: 23744.73 ms\n"
    "INFO: [benchmark_litert_model.h:96] Warmup (first):       7441.04 ms\n"
    "INFO: [benchmark_litert_model.h:100] Inference (avg):      7430.20 ms (10 runs)\n"
)


def output(before: str = "", count: int = 10, us: float = 8000) -> str:
    return before + (
        "INFO: Running benchmark for at least 2 iterations and at least 0 seconds but terminate if "
        "exceeding 150 seconds.\n"
        "INFO: count=2 first=9000 curr=8500 min=8500 max=9000 avg=8750 std=250\n\n"
        "INFO: Running benchmark for at least 10 iterations and at least 0 seconds but terminate "
        "if exceeding 150 seconds.\n"
        f"INFO: count={count} first={us:g} curr={us:g} min={us:g} max={us:g} avg={us:g} std=0\n\n"
        "INFO: Inference timings in us: Init: 900, First inference: 9000, Warmup (avg): 8750, "
        f"Inference (avg): {us:g}\n"
    )


@pytest.mark.parametrize(
    ("text", "ran_by", "delegated", "nodes"),
    [
        ("", None, None, None),
        ("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", None, None, None),
        (APPLIED, XNNPACK, None, None),
        (REPLACED + APPLIED, XNNPACK, 65, 66),
        (APPLIED.replace("completely", "partially"), XNNPACK, None, None),
        # TensorFlow 2.2's and 2.3's words, and those from before nodes were counted.
        ("Applied XNNPACK delegate, and the model graph will be completely executed w/ the "
         "delegate.\n", XNNPACK, None, None),
        ("INFO: Replacing 117 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 2 "
         "partitions.\n", XNNPACK, 117, None),
        (REPLACED.replace("65 out", "0 out"), BUILT_IN, 0, 66),
        (NOT_APPLIED, BUILT_IN, None, None),
        (IMMUTABLE, BUILT_IN, None, None),
        (UNKNOWN, None, None, None),
        # Another delegate's nodes are not XNNPACK's.
        (REPLACED.replace("XNNPack", "Gpu"), None, None, None),
    ],
)  # fmt: skip
def test_who_ran_the_model(
    text: str, ran_by: str | None, delegated: int | None, nodes: int | None
) -> None:
    found = parse_benchmark_output(output(text)).delegation
    assert (found.ran_by, found.delegated, found.nodes) == (ran_by, delegated, nodes)


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        (REPLACED + APPLIED, True, None),
        ("", True, None),
        ("", False, None),
        (NOT_APPLIED, True, "asked for and did not run: 'INFO: Though XNNPACK delegate is"),
        (IMMUTABLE, True, "asked for and did not run: 'ERROR: ModifyGraphWithDelegate is dis"),
        (REPLACED.replace("65 out", "0 out"), True, "ran none of the model's nodes"),
        (UNKNOWN, True, "does not know --use_xnnpack=true"),
        (UNKNOWN, False, None),
        (UNKNOWN.replace("use_xnnpack=true", "warmup_min_secs=0 --use_xnnpack=false"), False,
         "does not know --warmup_min_secs=0"),
        (REPLACED, False, "was not asked for"),
    ],
)  # fmt: skip
def test_what_was_not_asked_for_is_trouble(text: str, asked: bool, said: str | None) -> None:
    trouble = read_delegation(text).trouble(asked)
    assert trouble is None if said is None else said in (trouble or "")


@pytest.mark.parametrize(
    ("text", "said"),
    [(TENSORFLOW_1, "TensorFlow 1.x's"), (LITERT, "LiteRT's newer benchmark tool")],
)
def test_other_programs_are_named_with_what_to_do(text: str, said: str) -> None:
    with pytest.raises(WrongProgramError, match=said) as caught:
        parse_benchmark_output(text)
    assert "put the one of https://ai.google.dev/edge/litert/" in str(caught.value)


def lost(text: str) -> str:
    """An output whose line of the runs proper is missing."""
    return "".join(line for line in text.splitlines(keepends=True) if "count=10" not in line)


def test_the_warm_ups_line_never_stands_for_the_runs() -> None:
    with pytest.raises(UnreadableOutputError, match="of the runs: only the warm-up's"):
        parse_benchmark_output(lost(output()))
    unannounced = "".join(
        line for line in lost(output()).splitlines(keepends=True) if "at least" not in line
    )
    with pytest.raises(UnreadableOutputError, match="line of the runs is lost"):
        parse_benchmark_output(unannounced)


def evaluator(pairs: int = 6, **more: Any) -> AndroidLatency:
    settings = AndroidSettings(pairs=pairs, **more)
    made = android_evaluator("S1", write=lambda _: b"x" * 90, settings=settings, nominal_ms=75)
    made._sleep = lambda _: None
    return made


def says(text: str, code: int = 0) -> Any:
    return lambda phone, model: (code, text)


def test_the_record_says_what_ran(fake_adb: Any) -> None:
    fake_adb.add("S1", benchmark=says(output(REPLACED + APPLIED, count=12)))
    record = evaluator().measure_network(network("mnasnet-a1")).record()
    assert (record["ran_by"], record["nodes_delegated"], record["nodes"]) == (XNNPACK, 65, 66)
    assert (record["inferences_per_run"], record["inferences_done"]) == (10, 12)
    assert record["threads"] == 1


def test_what_the_program_does_not_say_is_not_made_up(fake_adb: Any) -> None:
    fake_adb.add("S1")
    record = evaluator().measure_network(network("mnasnet-a1")).record()
    assert (record["ran_by"], record["nodes"]) == (None, None)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (output(NOT_APPLIED), 0, "phone S1: XNNPACK was asked for and did not run: 'INFO: Though"),
        (output(IMMUTABLE), 0, "ModifyGraphWithDelegate is disallowed when graph is immutable.'; "),
        (output(UNKNOWN), 0, "benchmark_model does not know --use_xnnpack=true; put the one of "),
        (FAILED, 1, "ended with 1: XNNPACK was asked for and did not run: 'ERROR: Failed to"),
        (TENSORFLOW_1, 0, "is TensorFlow 1.x's"),
        (TENSORFLOW_1, 1, "is TensorFlow 1.x's"),
        (LITERT, 0, "LiteRT's newer benchmark tool"),
        (output(APPLIED, count=3), 0, "did 3 of the 10 inferences asked for (tried 2 times)"),
        (lost(output(APPLIED)), 0, "only the warm-up's"),
        ("taskset: failed to set pid 4242's affinity: Invalid argument\n", 1,
         "holds no program to the cores of mask c (taskset: failed"),
    ],
)  # fmt: skip
def test_a_run_that_is_not_what_was_asked_for_is_a_failure(
    fake_adb: Any, text: str, code: int, said: str
) -> None:
    phone = fake_adb.add("S1", benchmark=says(text, code))
    with pytest.raises(EvaluationError) as caught:
        evaluator().measure_network(network("mnasnet-a1"))
    assert said in str(caught.value)
    assert phone.files == {}


def test_it_is_tried_again_only_where_that_can_help(fake_adb: Any) -> None:
    runs = itertools.count()

    def counted(text: str) -> Any:
        def benchmark(phone: Any, model: bytes) -> tuple[int, str]:
            next(runs)
            return 0, text

        return benchmark

    phone = fake_adb.add("S1", benchmark=counted(output(NOT_APPLIED)))
    [failure] = evaluator(attempts=4).measure([lambda: b"x"])
    assert isinstance(failure, Failure)
    assert next(runs) == 1  # the same model would not run on XNNPACK another time
    phone.benchmark = counted(output(count=3))
    evaluator(attempts=4).measure([lambda: b"x"])
    assert next(runs) == 2 + 4


def test_one_model_that_xnnpack_cannot_run_fails_alone(fake_adb: Any) -> None:
    space, rng = MnasNetSpace(), np.random.default_rng(5)
    architectures = [Architecture(space, space.sample(rng)) for _ in range(3)]
    contents = {id(a): bytes([65 + i]) * 90 for i, a in enumerate(architectures)}

    def benchmark(phone: Any, model: bytes) -> tuple[int, str]:
        return 0, output(NOT_APPLIED if model[:1] == b"B" else REPLACED)

    fake_adb.add("S1", benchmark=benchmark)
    found = evaluator().measure([partial(contents.__getitem__, id(a)) for a in architectures])
    assert [isinstance(one, Failure) for one in found] == [False, True, False]


def test_a_phone_with_another_program_leaves_its_work_to_the_others(fake_adb: Any) -> None:
    fake_adb.add("S1", benchmark=says(LITERT))
    fake_adb.add("S2", benchmark=says(output(REPLACED)))
    made = android_evaluator(
        "S1,S2",
        write=lambda _: b"x" * 90,
        settings=AndroidSettings(pairs=6),
        nominal_ms=75,
    )
    assert isinstance(made.network_latency(network("mnasnet-a1")), LatencyReading)


def test_a_reference_that_did_not_run_on_xnnpack_is_not_kept(fake_adb: Any, tmp_path: Any) -> None:
    phone = fake_adb.add("S1", benchmark=says(output(NOT_APPLIED)))
    settings = AndroidSettings(pairs=6)
    made = android_evaluator("S1", write=lambda _: b"x" * 90, settings=settings)
    with pytest.raises(EvaluationError, match="did not run"):
        made.network_latency(network("mnasnet-a1"))
    phone.benchmark = says(output(REPLACED, us=4000))
    again = android_evaluator("S1", write=lambda _: b"x" * 90, settings=settings)
    assert again.measure_network(network("mnasnet-a1")).reference_ms == 4.0


def test_without_xnnpack_is_a_setting_of_its_own(fake_adb: Any) -> None:
    fake_adb.add("S1", benchmark=says(output()))
    assert evaluator(xnnpack=False).measure_network(network("mnasnet-a1")).latency_ms == 75
    assert Delegation().trouble(xnnpack=False) is None
