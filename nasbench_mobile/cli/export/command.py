"""`export`: a network as a file that needs nothing of this package."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench_mobile.cli.export.calibration import calibrating_data
from nasbench_mobile.cli.shared import network_options as options
from nasbench_mobile.cli.shared.common_options import AsJson, Force
from nasbench_mobile.cli.shared.output import console, print_json
from nasbench_mobile.cli.shared.output_files import refuse_overwriting
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_result


class Format(StrEnum):
    TFLITE = "tflite"
    TORCH = "torch"
    ONNX = "onnx"


class Quantization(StrEnum):
    INT8 = "int8"


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file that is written.")],
    model: Annotated[
        str | None, typer.Argument(help="The network: a model's name, tokens, or a block string.")
    ] = None,
    trained: options.From = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="The format: `tflite` for LiteRT, `torch` for torch.export (.pt2), or `onnx`.",
        ),
    ] = Format.TFLITE,
    width: options.Width = None,
    input_size: options.InputSize = None,
    stem_stride: options.StemStride = None,
    classes: options.Classes = None,
    space: options.Space = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="The file of trained weights, a state_dict that torch.save saved."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="The seed of the weights where they are untrained; by default 0.", min=0),
    ] = None,
    quantize: Annotated[
        Quantization | None,
        typer.Option(help="Quantise a .tflite file. Images show the ranges that its values have."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            help="The images for --quantize: any folder of images, or what `train` takes as "
            "--data. By default these are the images that the network of --from was trained on."
        ),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a network as a .tflite, torch.export (.pt2) or ONNX file.

    `--from` takes a network that `train` trained, with all that its record says; options that say
    something else are refused. A MODEL without `--weights` is untrained: good for latency, not for
    answers.

    Example: `nasbench-mobile export --from out/t -o trained.tflite`
    """
    from nasbench_mobile.cli.export.exported import axes_of, exported, file_facts
    from nasbench_mobile.cli.shared.network_source import Asked, source_of
    from nasbench_mobile.networks.cost import counts

    _check_options(form, quantize, calibration)
    refuse_overwriting(out, force=force)
    source = source_of(Asked(
        model, trained, space, width, input_size, stem_stride, classes, weights, seed,
    ))  # fmt: skip
    shown = None
    if quantize:
        shown, replaced = calibrating_data(source, calibration)
        source = source.noting(*replaced)
    source.say_notes()
    # One module for every format, so that files of one seed hold one network.
    module = source.module(seed or 0)
    told = file_facts(source)
    file = exported(module, told, form.value, shown)
    write_result(out, file.content)
    said = told.record(axes_of(form.value), int8=quantize is not None)
    facts = {
        "model": source.subject.name,
        "format": form.value,
        "path": str(out),
        "bytes": len(file.content),
        "weights": str(source.weights) if source.weights else f"untrained, seed {seed or 0}",
        "quantization": quantize.value if quantize else None,
        "calibration": file.calibration,
        **source.facts(),
        **{key: said[key] for key in ("preparation", "preparation_source", "prepare")},
        **counts(module.network),
    }
    if as_json:
        print_json(facts)
    else:
        _print_facts(facts)
        if source.weights is not None:
            _print_preparation(facts)


def _check_options(form: Format, quantize: Quantization | None, calibration: Path | None) -> None:
    if quantize and form is not Format.TFLITE:
        raise UsageError(
            f"--quantize is for .tflite files; with --format {form.value} leave it out"
        )
    if calibration and not quantize:
        raise UsageError("--calibration is read for --quantize int8 alone; give both or none")


def _print_facts(facts: dict[str, Any]) -> None:
    kind = f" in {facts['quantization']}" if facts["quantization"] else ""
    console().print(
        f"wrote {facts['path']}: {facts['model']}{kind} as {facts['format']}, "
        f"{facts['bytes'] / 1e6:.1f} MB, weights {facts['weights']}",
        soft_wrap=True,
    )
    if facts["calibration"]:
        _say(f"calibrated with {facts['calibration']}")


def _print_preparation(facts: dict[str, Any]) -> None:
    from nasbench_mobile.training.file_facts import ENTRY

    _say(
        f"Prepare an image with these lines, which the file holds too ({ENTRY}); "
        f"{facts['preparation_source']}.\n"
    )
    _say(facts["prepare"])


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)
