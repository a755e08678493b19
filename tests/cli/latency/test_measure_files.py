"""`measure FILE.tflite` for files that are not one image in, on the host and on a phone alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from nasbench_mobile.devices.host.latency import HostMeasurement
from nasbench_mobile.devices.pairing import PairedRatio
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.tflite_inputs import read_inputs
from nasbench_mobile.networks.zoo import network

Command = Callable[..., Any]
Shape = tuple[int, ...]
NOMINAL = ("--nominal-ms", 8)
QUICK = ("--pairs", 10, "--interval", "100%", *NOMINAL)
SIX = 1e-4
"""More than what six printed digits leave open."""
LARGER, EITHER = 55, 84
"""BuiltinOperator.MAXIMUM and LOGICAL_OR."""


def tflite(*inputs: tuple[Shape, Shape | None, str]) -> bytes:
    """A file with inputs of a shape, a shape signature and a type: their elementwise maximum."""
    graph, model, code = schema.SubGraphT(), schema.ModelT(), schema.OperatorCodeT()
    code.builtinCode = EITHER if inputs[0][2] == "BOOL" else LARGER
    code.deprecatedBuiltinCode = code.builtinCode
    code.version = 1
    graph.tensors = [tensor(*one, f"in{n}") for n, one in enumerate(inputs)]
    graph.tensors.append(tensor(*inputs[0], "out"))
    graph.inputs = np.arange(len(inputs), dtype=np.int32)
    graph.outputs = np.array([len(inputs)], np.int32)
    operator = schema.OperatorT()
    operator.opcodeIndex = 0
    operator.inputs = np.array([0, len(inputs) - 1], np.int32)
    operator.outputs = graph.outputs
    graph.operators = [operator]
    model.version = 3
    model.operatorCodes, model.subgraphs, model.buffers = [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tensor(shape: Shape, signature: Shape | None, kind: str, name: str) -> Any:
    made = schema.TensorT()
    made.name, made.type, made.buffer = name, getattr(schema.TensorType, kind), 0
    made.shape = np.array(shape, np.int32)
    if signature is not None:
        made.shapeSignature = np.array(signature, np.int32)
    return made


IMAGE = ((1, 24, 24, 3), None, "FLOAT32")
EIGHT = ((8, 24, 24, 3), None, "FLOAT32")


def saved(folder: Path, *inputs: tuple[Shape, Shape | None, str]) -> Path:
    path = folder / "model.tflite"
    path.write_bytes(tflite(*inputs))
    return path


def notes(folder: Path, *inputs: tuple[Shape, Shape | None, str]) -> str:
    taken = read_inputs(tflite(*inputs))
    assert taken is not None
    return " | ".join(taken.notes)


@pytest.mark.parametrize(
    ("inputs", "images", "per", "said"),
    [
        ([IMAGE], 1, "image", ""),
        ([EIGHT], 8, "image",
         "one run takes 8 images (8x24x24x3 float32): the latency is a run's"),
        ([((1, 3, 24, 24), None, "FLOAT32")], 1, "image", ""),
        ([((1, 24, 24, 3), None, "INT8")], 1, "image", ""),
        ([((1, 24, 24, 3), None, "UINT8")], 1, "image", ""),
        ([((1, 24, 24, 3), (-1, 24, 24, 3), "FLOAT32")], 1, "image",
         "its batch is left open (?x24x24x3 float32) and is run as stored: 1"),
        ([((1, 128), None, "INT32")], None, "run",
         "its input is no batch of images (1x128 int32): the latency is that of one run"),
        ([((8, 128), None, "FLOAT32")], None, "run", "8x128 float32"),
        ([((2,), None, "BOOL")], None, "run", "2 bool"),
        ([IMAGE, IMAGE], None, "run",
         "its inputs are several (1x24x24x3 float32, 1x24x24x3 float32): the latency is that"),
    ],
)  # fmt: skip
def test_what_a_file_takes_is_said_on_the_host(
    command: Command,
    tmp_path: Path,
    inputs: Sequence[Any],
    images: int | None,
    per: str,
    said: str,
) -> None:
    record = command("measure", saved(tmp_path, *inputs), *QUICK, "--json").json
    assert (record["images_per_run"], record["per"]) == (images, per)
    assert said in " | ".join(record["notes"])
    assert bool(record["notes"]) == bool(said)
    assert record["inputs"][0]["type"] == inputs[0][2].lower()
    assert record["latency_ms"] == pytest.approx(8 * record["ratio_to_reference"])


@pytest.mark.parametrize(("inputs", "images"), [([IMAGE], 1), ([EIGHT], 8), ([IMAGE, IMAGE], 1)])
def test_on_a_phone_it_is_the_same(
    command: Command, tmp_path: Path, fake_adb: Any, inputs: Sequence[Any], images: int
) -> None:
    """The fake phone takes a microsecond for every byte of a file."""
    fake_adb.add("S1")
    path = saved(tmp_path, *inputs)
    asked = ("measure", path, "--device", "android:S1", *NOMINAL)
    record = command(*asked, "--json").json
    run = path.stat().st_size / len(to_tflite(network("mobilenet-v2")))
    assert record["ratio_to_reference"] == pytest.approx(run / images, rel=SIX)
    assert record["latency_ms"] == pytest.approx(8 * run / images, rel=SIX)
    assert record["interval_ms"] == [pytest.approx(8 * run / images, rel=SIX)] * 2
    assert record["raw_ms"] == pytest.approx(path.stat().st_size / 1000)
    shown = command(*asked).out
    assert ("ms per image" in shown) is (images > 1)
    assert ("note" in shown) is (inputs != [IMAGE])


def test_the_host_divides_likewise(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratio = PairedRatio(2.0, 1.6, 2.4, 0.1, 10)
    measured = HostMeasurement(ratio, 2.0, 16.0, 16.0, 8.0, "here", "ai-edge-litert", "2", 1.0)
    monkeypatch.setattr("nasbench_mobile.cli.latency.measure.on_host", lambda *_: measured)
    record = command("measure", saved(tmp_path, EIGHT), *QUICK, "--json").json
    assert (record["latency_ms"], record["ratio_to_reference"]) == (2.0, 0.25)
    assert record["interval_ms"] == pytest.approx([1.6, 2.4])
    assert record["ratio_interval"] == pytest.approx([0.2, 0.3])
    assert record["cpu_ms"] == 16.0
    assert "divided by 8" in record["notes"][0]


def test_restarts_are_not_for_batches(command: Command, tmp_path: Path) -> None:
    path = saved(tmp_path, EIGHT)
    result = command("measure", path, *QUICK, "--restarts", 3)
    assert (result.code, result.out) == (2, "")
    assert f"a run of {path} takes 8 images" in result.err


@pytest.mark.parametrize(
    "one",
    [
        ((1, 1, 1, 3), (1, -1, -1, 3), "FLOAT32"),
        ((1, 1, 1, 3), (-1, -1, -1, 3), "FLOAT32"),
        ((1, 1), (1, -1), "INT32"),
        ((-1, 24, 24, 3), None, "FLOAT32"),
        ((1, 0, 24, 3), None, "FLOAT32"),
    ],
)
@pytest.mark.parametrize("device", ["host", "android:S1"])
def test_open_sizes_are_refused(
    command: Command, tmp_path: Path, fake_adb: Any, one: Any, device: str
) -> None:
    phone = fake_adb.add("S1")
    result = command("measure", saved(tmp_path, one), "--device", device, *NOMINAL)
    assert (result.code, result.out) == (2, "")
    assert "leaves sizes of its input open" in result.err
    assert "convert it with fixed sizes, for instance 1x224x224x3" in result.err
    assert phone.log == []


@pytest.mark.parametrize(
    "content", [b"", b"this is no model", b"\xff" * 4 + b"TFL3" + b"\xff" * 40]
)
def test_what_is_no_file_takes_nothing_that_is_known(content: bytes) -> None:
    assert read_inputs(content) is None


def test_a_cut_file_is_a_failed_measurement(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(to_tflite(network("mnasnet-small", 0.35, 32))[:200])
    result = command("measure", path, *QUICK)
    assert result.code == 1
    assert "Traceback" not in result.err


def test_our_own_files_take_one_image(tmp_path: Path) -> None:
    taken = read_inputs(to_tflite(network("mnasnet-a1", 0.35, 96)))
    assert taken is not None
    assert (taken.images, taken.notes) == (1, [])
    assert taken.inputs[0].text == "1x96x96x3 float32"
    assert notes(tmp_path, IMAGE) == ""


def test_a_phone_s_report_says_what_ran_and_where(command: Command, fake_adb: Any) -> None:
    phone = fake_adb.add("S1")
    asked = ("measure", "mnasnet-small", "--input-size", 32, "--device", "android:S1", *NOMINAL)
    shown = command(*asked).out
    assert "cores      mask c (highest frequency)" in shown
    assert "benchmark_model does not say whether XNNPACK did" in shown

    def benchmark(fake: Any, model: bytes) -> tuple[int, str]:
        import fake_adb as module  # type: ignore[import-not-found, unused-ignore]

        replaced = "VERBOSE: Replacing 9 out of 9 node(s) with delegate (TfLiteXNNPackDelegate)\n"
        return 0, replaced + module.timing(len(model))

    phone.benchmark = benchmark
    assert "ran by     XNNPACK, 9 of 9 nodes" in command(*asked, "--cores", "0-1").out
    assert phone.mask_seen == {"c", "3"}
    assert command("measure", "mnasnet-small", "--cores", "0").code == 2
    wrong = command(*asked, "--cores", "big")
    assert wrong.code == 2
    assert "cores is 'big'; say for instance 4-7" in wrong.err
    built = command("lookup", "build", "--cores", "1", "--out", "x.lut")
    assert "--cores is for phones" in built.err
