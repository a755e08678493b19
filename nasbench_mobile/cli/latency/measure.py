"""`measure`: milliseconds of one network, on this machine or on a phone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.latency.device_options import (
    HOST,
    Cores,
    Device,
    NominalMs,
    Python,
    Runtime,
    check_device,
    check_no_cores,
    make_host,
    parse_fraction,
)
from nasbench_mobile.cli.shared import network_options as options
from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.network_source import Asked, source_of
from nasbench_mobile.cli.shared.output import console, print_json, print_table
from nasbench_mobile.errors import EvaluationError, UsageError

if TYPE_CHECKING:
    from nasbench_mobile.devices.android.measurement import AndroidMeasurement
    from nasbench_mobile.devices.host.latency import HostLatency, HostMeasurement
    from nasbench_mobile.networks.tflite_inputs import FileInputs


def measure(
    model: Annotated[
        str | None,
        typer.Argument(help="The network: a model's name, tokens, a block string, or FILE.tflite."),
    ] = None,
    trained: options.From = None,
    device: Device = HOST,
    pairs: Annotated[
        int | None,
        typer.Option(
            help="How many pairs of runs are made: by default 40 and at least 10, on a phone 8 "
            "and at least 6.",
            min=6,
        ),
    ] = None,
    interval: Annotated[
        str | None,
        typer.Option(help="How wide half of the 95 % interval may be; by default 3% on the host."),
    ] = None,
    max_pairs: Annotated[
        int,
        typer.Option(
            help="How many pairs are run at most where the interval is wider. This is for the "
            "host only."
        ),
    ] = 400,
    runtime: Runtime = "ai-edge-litert",
    python: Python = None,
    nominal_ms: NominalMs = None,
    cores: Cores = None,
    width: options.Width = None,
    input_size: options.InputSize = None,
    stem_stride: options.StemStride = None,
    classes: options.Classes = None,
    space: options.Space = None,
    restarts: Annotated[
        int,
        typer.Option(
            help="Say how well the measurement repeats over this many restarts of the worker "
            "process."
        ),
    ] = 0,
    repeats: Annotated[
        int, typer.Option(help="How many measurements are made after each restart.", min=1)
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Measure a network's latency on one thread, every run beside a run of MobileNetV2 1.0 224.

    The ratio of the two, multiplied by the reference's own latency, gives the milliseconds; that
    latency is measured once per device and kept. Where the machine is too noisy for the interval
    asked for, the command says so and ends with exit code 1. A file that takes several images at
    once is measured as it is, and the latency is per image. `--from` measures what `train` trained,
    with its weights.

    Example: `nasbench-mobile measure mnasnet-a1 --interval 1% --json`
    """
    asked = Asked(model, trained, space, width, input_size, stem_stride, classes)
    name, content, frame = _content(asked)
    facts: dict[str, Any] = {"model": name, "bytes": len(content), **frame}
    taken = _taken(name, content) if name.endswith(".tflite") else None
    if device != HOST:
        if restarts:
            raise UsageError("--restarts is for --device host: a phone has no worker to restart")
        found = _on_phone(device, content, pairs, interval, nominal_ms, cores)
        _show(_per_image(facts | found.record(), taken), as_json)
        return
    check_no_cores(cores)
    evaluator = make_host(runtime, python, nominal_ms, pairs or 40, interval, max_pairs)
    if restarts:
        if taken is not None and (taken.images or 1) > 1:
            raise UsageError(
                f"--restarts says how well runs repeat, and a run of {name} takes {taken.images} "
                "images; leave it out, or export the file with batch 1"
            )
        _repeat(facts, evaluator, content, restarts, repeats, as_json)
    else:
        _show(_per_image(facts | on_host(evaluator, content).record(), taken), as_json)


def on_host(evaluator: HostLatency, content: bytes) -> HostMeasurement:
    """One measurement; `EvaluationError` with its reason where it failed."""
    from nasbench_mobile.types import Failure

    found = evaluator.measure_file(content)
    if isinstance(found, Failure):
        raise EvaluationError(found.reason)
    return found


def _content(asked: Asked) -> tuple[str, bytes, dict[str, Any]]:
    """A name, a .tflite file, and what there is to say of the network's frame."""
    if asked.model is not None and asked.model.endswith(".tflite"):
        if asked != Asked(asked.model):
            raise UsageError(
                f"{asked.model} is measured as it is: --from, --space, --width, "
                "--input-size, --stem-stride and --classes are for networks that are yet to be "
                "written"
            )
        try:
            return asked.model, Path(asked.model).read_bytes(), {}
        except OSError as error:
            raise UsageError(f"cannot read {asked.model}: {error.strerror}") from error
    from nasbench_mobile.networks.tflite import to_tflite

    source = source_of(asked)
    source.say_notes()
    weights = None
    if source.weights is not None:
        from nasbench_mobile.networks.pytorch import module_weights

        weights = module_weights(source.module())
    return source.label, to_tflite(source.network(), weights), source.facts()


def _taken(name: str, content: bytes) -> FileInputs | None:
    """What a file takes; `UsageError` where that leaves open how long it takes."""
    from nasbench_mobile.networks.tflite_inputs import check_inputs, read_inputs

    taken = read_inputs(content)
    if taken is not None:
        check_inputs(taken, name)
    return taken


def _per_image(record: dict[str, Any], taken: FileInputs | None) -> dict[str, Any]:
    """The record of a file's run with what it takes, latencies and ratios per image."""
    if taken is None:
        return record
    images = taken.images or 1
    for name in ("latency_ms", "ratio_to_reference"):
        record[name] /= images
    for name in ("interval_ms", "ratio_interval"):
        record[name] = [end / images for end in record[name]]
    return record | taken.record()


def _on_phone(
    device: str,
    content: bytes,
    pairs: int | None,
    interval: str | None,
    nominal_ms: float | None,
    cores: str | None,
) -> AndroidMeasurement:
    from nasbench_mobile.devices.android.latency import android_evaluator
    from nasbench_mobile.devices.android.settings import AndroidSettings

    check_device(device)
    wanted = parse_fraction(interval) if interval else math.inf
    settings = AndroidSettings(pairs=pairs) if pairs else AndroidSettings()
    evaluator = android_evaluator(device, settings=settings, nominal_ms=nominal_ms, cores=cores)
    found = evaluator.measure_file(content)
    if found.ratio.half_width > wanted:
        raise EvaluationError(
            f"after {found.ratio.pairs} pairs the ratio is known to "
            f"+-{100 * found.ratio.half_width:.1f} %, asked were +-{100 * wanted:g} %; ask for "
            "more --pairs"
        )
    return found


def _repeat(
    facts: dict[str, Any],
    evaluator: HostLatency,
    content: bytes,
    restarts: int,
    repeats: int,
    as_json: bool,
) -> None:
    from nasbench_mobile.devices.host.repeatability import repeat

    result = repeat(evaluator, content, restarts, repeats)
    if as_json:
        print_json(facts | result.record())
        return
    console().print(
        f"{facts['model']}: {restarts} restarts x {repeats} measurements on "
        f"{result.measurements[0].device}",
        soft_wrap=True,
    )
    columns = {"protocol": "protocol", "median_ms": "median ms", "cv": "CV %"}
    columns |= {share: f"within {share}" for share in result.agreements[0].within}
    columns["within_95"] = "95 % within"
    rows = [
        {
            "protocol": one.protocol,
            "median_ms": one.median_ms,
            "cv": 100 * one.cv,
            **{share: f"{value:.0%}" for share, value in one.within.items()},
            "within_95": f"{one.within_95:.1%}",
        }
        for one in result.agreements
    ]
    print_table(columns, rows)


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    low, high = facts["interval_ms"]
    per = " per image" if (facts.get("images_per_run") or 1) > 1 else ""
    lines = [
        f"{facts['model']} on {facts['device']}",
        f"  latency    {facts['latency_ms']:.2f} ms{per}  (95 %: {low:.2f} to {high:.2f})",
        f"  ratio      {facts['ratio_to_reference']:.3f} of {facts['reference']} "
        f"({facts['reference_ms']:.2f} ms), spread {facts['spread']:.1%}",
        f"  runs       {facts['runs']} pairs in {facts['cost_s']:.1f} s, {facts['threads']} thread",
        f"  runtime    {facts['runtime']} {facts['runtime_version']}",
    ]
    if "ran_by" in facts:
        lines += _phone_lines(facts)
    lines += [f"  note       {note}" for note in facts.get("notes", ())]
    console().print("\n".join(lines), soft_wrap=True)


def _phone_lines(facts: dict[str, Any]) -> list[str]:
    """What ran the network on a phone, and on which cores."""
    ran_by = facts["ran_by"] or "benchmark_model does not say whether XNNPACK did"
    if facts["nodes"] is not None:
        ran_by += f", {facts['nodes_delegated']} of {facts['nodes']} nodes"
    cores = f"mask {facts['core_mask']} ({facts['cores_by']})" if facts["core_mask"] else "any"
    return [f"  cores      {cores}", f"  ran by     {ran_by}"]
