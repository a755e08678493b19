from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.cli.latency.device_options import make_host, parse_fraction
from nasbench_mobile.cli.latency.latency_option import choose_latency
from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.lookup.block_keys import space_pieces
from nasbench_mobile.lookup.table_file import Entry, LookupFile, read_lookup, write_lookup
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.studies.study import Study

Command = Callable[..., Any]
QUICK = ("--pairs", 10, "--interval", "100%", "--nominal-ms", 8)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table for mnasnet-anb, with multiply-adds in place of measured ratios."""
    space = MnasNetAnbSpace()
    entries = {
        key: Entry((multiply_adds(network) / 3e8,)) for key, network in space_pieces(space).items()
    }
    path = tmp_path_factory.mktemp("tables") / "paper.lut"
    plain: dict[str, Any] = {}
    about = ("mnasnet-anb", plain, "on paper", "arithmetic", "1", "mobilenet-v2", 10.0, 1)
    write_lookup(path, LookupFile(*about, date="2020-01-01", keys=170, scale=1.0, entries=entries))
    return path


def test_measure_a_model_tokens_and_a_file(command: Command, tmp_path: Path) -> None:
    small = ("--width", 0.35, "--input-size", 96)
    model = command("measure", "mnasnet-a1", *small, *QUICK, "--json").json
    assert model["model"] == "mnasnet-a1 x0.35 at 96"
    assert model["latency_ms"] == pytest.approx(8 * model["ratio_to_reference"])
    assert {"spread", "runtime", "runtime_version", "runs", "device", "bytes"} <= model.keys()
    file = tmp_path / "small.tflite"
    file.write_bytes(to_tflite(zoo.network("mnasnet-a1", 0.35, 96)))
    shown = command("measure", file, *QUICK)
    assert shown.code == 0
    assert "ai-edge-litert" in shown.out
    assert "of mobilenet-v2 (8.00 ms)" in shown.out
    tokens = command("measure", ",".join("0" * 29), "--input-size", 32, *QUICK, "--json")
    assert tokens.code == 2  # no space has 29 tokens
    tokens = command("measure", ",".join("0" * 28), "--input-size", 32, *QUICK, "--json").json
    assert tokens["model"].startswith("mnasnet-anb[0, 0")


def test_measure_says_how_well_it_repeats(command: Command) -> None:
    asked = (
        "measure",
        "mnasnet-small",
        "--input-size",
        64,
        *QUICK,
        "--restarts",
        2,
        "--repeats",
        2,
    )
    found = command(*asked, "--json").json
    assert found["protocols"][0]["protocol"] == "paired, CPU time"
    assert len(found["latency_ms"]) == 4
    shown = command(*asked)
    assert "unpaired, wall time" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["mnasnet-a9"], 2, "mnasnet-a1"),
        (["none.tflite"], 2, "cannot read none.tflite"),
        (["none.tflite", "--width", "0.5"], 2, "measured as it is"),
        (["mnasnet-a1", "--device", "gpu"], 2, "host or android:SERIAL"),
        (["mnasnet-a1", "--device", "android:x", "--restarts", "3"], 2, "no worker to restart"),
        (["mnasnet-a1", "--interval", "much"], 2, "3% or 0.03"),
        (["mnasnet-a1", "--runtime", "tensorflow"], 2, "known are ai-edge-litert"),
        (["mnasnet-a1", "--python", "/nowhere/python"], 2, "/nowhere/python"),
        (["mnasnet-small", "--nominal-ms", "8", "--pairs", "10", "--max-pairs", "10",
          "--interval", "0.0001%"], 1, "too noisy"),
    ],
)  # fmt: skip
def test_what_measure_cannot_do_it_says(
    command: Command, arguments: list[str], code: int, said: str
) -> None:
    result = command("measure", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert "Traceback" not in result.err


def test_a_corrupt_file_is_a_failed_measurement(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "bad.tflite"
    file.write_bytes(b"this is no model")
    result = command("measure", file, *QUICK)
    assert result.code == 1
    assert "ai-edge-litert cannot run the network" in result.err


@pytest.mark.parametrize(("text", "value"), [("3%", 0.03), ("0.02", 0.02), ("100%", 1.0)])
def test_fractions(text: str, value: float) -> None:
    assert parse_fraction(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "%", "0", "-3%", "101%", "nan", "3 of 100"])
def test_what_is_no_fraction_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="interval is"):
        parse_fraction(text)


def test_lookup_commands_refuse_what_they_cannot_use(
    command: Command, table: Path, tmp_path: Path
) -> None:
    assert "where it was filled" in command("lookup", "check", table, "--networks", 3).err
    partial = tmp_path / "partial.lut"
    write_lookup(partial, replace(read_lookup(table), scale=None))
    assert "is partial" in command("lookup", "check", partial).err
    assert command("lookup", "build", "--space", "mnas", "-o", tmp_path / "x.lut").code == 2
    device = command("lookup", "build", "--device", "cpu", "-o", tmp_path / "x.lut")
    assert "host or android:SERIAL" in device.err
    assert not (tmp_path / "x.lut").exists()


@pytest.mark.slow
def test_lookup_build_and_check(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real measurements, but few and as wide as they may be: minutes become seconds."""
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path))
    rough = partial(make_host, pairs=10, interval="100%")
    monkeypatch.setattr("nasbench_mobile.cli.latency.lookup.make_host", rough)
    monkeypatch.setattr("nasbench_mobile.devices.host.latency.HostLatency.passes", 2)
    monkeypatch.setattr("nasbench_mobile.devices.host.latency.NOMINAL_BURSTS", 2)
    monkeypatch.setattr("nasbench_mobile.lookup.fill.WHOLE_NETWORKS", 6)
    out = tmp_path / "host.lut"
    built = command("lookup", "build", "--space", "mnasnet-anb", "-o", out, "--json").json
    assert built["keys"] == 170
    assert built["scale"] > 0
    again = command("lookup", "build", "--space", "mnasnet-anb", "-o", out, "--json").json
    assert again == built
    checked = command("lookup", "check", out, "--networks", 5, "--json").json
    assert checked["random"]["networks"] == checked["near"]["networks"] == 5
    assert checked["random"]["kendall_tau"] > 0
    assert len(checked["rows"]) == 10


@pytest.fixture(scope="module")
def benchmark_() -> Benchmark:
    return load_benchmark("imagenet-pixel1")


def test_another_latency_is_another_task(benchmark_: Benchmark, table: Path) -> None:
    task = choose_latency(benchmark_, f"host-lookup:{table}")
    assert task.hash != benchmark_.hash
    assert task.identifier == "imagenet-pixel1+host-lookup@1"
    assert task.latency.record()["model"]["file"] == "paper.lut"
    # The target keeps its ratio to MobileNetV2: 75 ms of 73 or so on the Pixel 1, 10 ms here.
    assert task.objective.target_ms == pytest.approx(10.0, rel=0.1)
    space, latency = task.build().space, task.build_latency()
    slowest = latency.network_latency(space.network((2, 1, 2, 1) * 5 + (2, 1, 3, 1, 2, 1, 2, 1)))
    assert task.reference_point.latency_ms >= slowest.latency_ms
    assert task.reference_point.latency_ms == pytest.approx(slowest.latency_ms, rel=0.02)
    assert task.reference_point.accuracy == benchmark_.reference_point.accuracy


def test_the_benchmark_s_own_latency_changes_nothing(benchmark_: Benchmark) -> None:
    assert choose_latency(benchmark_, "pixel1") == benchmark_


def test_a_task_measured_on_the_host_says_where_and_by_what_nominal_latency(
    benchmark_: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path))
    monkeypatch.setattr("nasbench_mobile.devices.host.latency.NOMINAL_BURSTS", 2)
    task = choose_latency(benchmark_, "host")
    assert set(task.latency.options) == {"processor", "nominal_ms"}
    nominal_ms = task.latency.options["nominal_ms"]
    assert task.objective.target_ms == pytest.approx(nominal_ms, rel=0.1)
    assert task.reference_point.latency_ms > 3 * nominal_ms
    assert task.build_latency().kind == "measured"


@pytest.mark.parametrize("spec", ["gpu", "android", "host:fast", "pixel1:x", "host-lookup:no.lut"])
def test_a_latency_that_cannot_be_chosen_is_said(benchmark_: Benchmark, spec: str) -> None:
    with pytest.raises(UsageError, match=r"known are pixel1, host|cannot read|which is not a file"):
        choose_latency(benchmark_, spec)


def test_compare_on_a_table_can_be_resumed_and_is_bound_to_it(
    command: Command, table: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.lut"
    own.write_text(table.read_text())
    out = tmp_path / "study"
    arguments = ["--strategies", "random,regularized-evolution", "--seeds", 2, "--budget", 30]
    first = command(
        "compare",
        *arguments,
        "--latency",
        f"host-lookup:{own}",
        "--jobs",
        1,
        "--out",
        out,
        "--json",
    ).json
    assert first["strategies"]
    header = json.loads(next((out / "runs").rglob("*.jsonl")).read_text().splitlines()[0])
    assert "imagenet-pixel1+host-lookup" in json.dumps(header)
    assert "on paper" in json.dumps(header)
    assert f"--latency host-lookup:{own}" in Study.open(out).command
    assert command("resume", out, "--jobs", 1, "--json").json == first
    text = own.read_text()
    own.write_text(text.replace('"scale": 1.0', '"scale": 1.1'))
    with pytest.raises(LogError, match="hash"):
        Study.open(out)
    os.remove(own)
    assert "not a file" in command("resume", out).err


def test_a_toml_file_names_a_table(tmp_path: Path, table: Path, models: Path) -> None:
    text = (models / "imagenet-pixel1.toml").read_text()
    (tmp_path / "paper.lut").write_text(table.read_text())
    text = text.replace('evaluator = "pixel1"\nmodel = "pixel1-tunas.json"',
                        'evaluator = "host-lookup"\nmodel = "paper.lut"')  # fmt: skip
    text = text.replace("imagenet-anb-ridge.json", str(models / "imagenet-anb-ridge.json"))
    (tmp_path / "mine.toml").write_text(text)
    assert load_benchmark(str(tmp_path / "mine.toml")).build_latency().device == "on paper"


@pytest.fixture(scope="module")
def models() -> Path:
    import nasbench_mobile.benchmarks

    return Path(nasbench_mobile.benchmarks.__path__[0])
