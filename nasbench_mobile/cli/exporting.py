"""`export`: a network as a file that needs nothing of this package."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.output import console, print_json
from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.writing import write_whole

if TYPE_CHECKING:
    from nasbench_mobile.networks.graph import Network
    from nasbench_mobile.networks.pytorch import NetworkModule


class Format(StrEnum):
    TFLITE = "tflite"
    TORCH = "torch"
    ONNX = "onnx"


class Quantization(StrEnum):
    INT8 = "int8"


Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]


def export(
    model: Annotated[str, typer.Argument(help="A model's name, tokens, or a block string.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    form: Annotated[
        Format, typer.Option("--format", help="LiteRT, torch.export (.pt2) or ONNX.")
    ] = Format.TFLITE,
    depth_multiplier: Annotated[float, typer.Option(help="Scales the filters.")] = 1.0,
    input_size: Annotated[int, typer.Option(help="Image side in pixels.", min=32)] = 224,
    classes: Annotated[int, typer.Option(help="Number of classes.", min=1)] = 1000,
    space: Annotated[
        str | None, typer.Option(help="Space of the tokens; default: the one with as many tokens.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Trained weights: a state_dict saved by torch.save.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the untrained weights used without it.", min=0)] = 0,
    quantize: Annotated[
        Quantization | None, typer.Option(help="Quantise a .tflite file; needs --calibration.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Folder of images that show the range of activations.")
    ] = None,
    force: Force = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False,
) -> None:
    """Write a network as a .tflite, torch.export (.pt2) or ONNX file.

    Without `--weights` the weights are untrained: good for latency, not for answers.

    Example: `nasbench-mobile export mnasnet-a1 --format tflite -o a1.tflite`
    """
    from nasbench_mobile.cli.describing import counts
    from nasbench_mobile.cli.subject import parse_subject

    _check_options(form, quantize, calibration)
    refuse_overwriting(out, force=force)
    subject = parse_subject(model, space)
    network = subject.network(depth_multiplier, input_size, classes)
    # One module for every format, so that files of one seed hold one network.
    module = _module(network, weights, seed)
    content = _tflite(module, calibration) if form is Format.TFLITE else _from_module(form, module)
    write_file(out, content)
    facts = {
        "model": subject.name,
        "format": form.value,
        "path": str(out),
        "bytes": len(content),
        "weights": str(weights) if weights else f"untrained, seed {seed}",
        "quantization": quantize.value if quantize else None,
        "depth_multiplier": depth_multiplier,
        "input_size": input_size,
        "classes": classes,
        **counts(network),
    }
    if as_json:
        print_json(facts)
    else:
        _print_facts(facts)


def refuse_overwriting(*paths: Path, force: bool) -> None:
    """`UsageError` where one of the files to be written is there already."""
    there = [] if force else [path for path in paths if path.is_file()]
    if there:
        raise UsageError(f"{there[0]} is there already; name another place, or add --force")


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all; its folder is made where it is not there."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise NasbenchError(
            f"cannot write {path}: {error.strerror or error}; nothing was written there"
        ) from error


def _check_options(form: Format, quantize: Quantization | None, calibration: Path | None) -> None:
    if quantize and form is not Format.TFLITE:
        raise UsageError(
            f"--quantize is for .tflite files; with --format {form.value} leave it out"
        )
    if quantize and calibration is None:
        raise UsageError("--quantize int8 needs --calibration DIR, a folder of some 100 images")
    if calibration and not quantize:
        raise UsageError("--calibration is read for --quantize int8 alone; give both or none")
    if calibration and not calibration.is_dir():
        raise UsageError(f"--calibration {calibration} is no folder")


def _module(network: Network, weights: Path | None, seed: int) -> NetworkModule:
    from nasbench_mobile.networks.pytorch import load_weights, to_module

    module = to_module(network, seed=seed)
    if weights is not None:
        load_weights(module, weights)
    return module.eval()


def _tflite(module: NetworkModule, calibration: Path | None) -> bytes:
    from nasbench_mobile.networks.pytorch import module_weights
    from nasbench_mobile.networks.tflite import to_tflite

    content = to_tflite(module.network, module_weights(module))
    if calibration is None:
        return content
    from nasbench_mobile.networks.quantization import quantize_int8, read_images

    return quantize_int8(content, read_images(calibration, module.network.input_shape[1]))


def _from_module(form: Format, module: NetworkModule) -> bytes:
    from nasbench_mobile.networks.torch_export import to_onnx, to_pt2

    return to_onnx(module) if form is Format.ONNX else to_pt2(module)


def _print_facts(facts: dict[str, Any]) -> None:
    kind = f" in {facts['quantization']}" if facts["quantization"] else ""
    console().print(
        f"wrote {facts['path']}: {facts['model']}{kind} as {facts['format']}, "
        f"{facts['bytes'] / 1e6:.1f} MB, weights {facts['weights']}",
        soft_wrap=True,
    )
