"""`describe` and `explain`: what a network is and costs, and how two of them differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.shared import network_options as options
from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.model_rows import _latencies, _published
from nasbench_mobile.cli.shared.output import console, print_json, print_table
from nasbench_mobile.errors import UsageError

if TYPE_CHECKING:
    from nasbench_mobile.cli.shared.model_argument import NamedModel
    from nasbench_mobile.training.record import TrainingRecord


def describe(
    model: Annotated[
        str | None,
        typer.Argument(help="The network: a model's name, tokens, a block string or cells."),
    ] = None,
    trained: options.From = None,
    width: options.Width = None,
    input_size: options.InputSize = None,
    stem_stride: options.StemStride = None,
    classes: options.Classes = None,
    space: options.Space = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            help="Draw the network as in the paper's Fig. 7, into FILE, written over if there."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Describe a network by its block string or cells, parameters, multiply-adds and latency.

    `--from` describes a network that `train` trained, with the accuracy that it has.

    Example: `nasbench-mobile describe mnasnet-a1 --json`
    """
    from nasbench_mobile.cli.shared.network_source import Asked, source_of
    from nasbench_mobile.networks.blockstring import format_spec
    from nasbench_mobile.networks.cost import counts

    source = source_of(Asked(model, trained, space, width, input_size, stem_stride, classes))
    source.say_notes()
    subject, network, record = source.subject, source.network(), source.record
    frame = source.facts()
    spec = subject.scaled(source.width)
    if svg is not None:
        from nasbench_mobile.networks.drawing import architecture_svg

        if spec is None:
            raise UsageError(
                f"{subject.name} is no chain of mobile blocks, so there is no drawing of it as in "
                "Fig. 7; leave --svg out"
            )
        svg.parent.mkdir(parents=True, exist_ok=True)
        drawing = architecture_svg(
            spec, input_size=source.input_size, classes=source.classes,
            stem_stride=frame["stem_stride"],
        )  # fmt: skip
        svg.write_text(drawing, "utf-8")
    facts: dict[str, Any] = {
        "model": subject.name,
        "block_string": None if spec is None else format_spec(spec),
        "cells": subject.cells,
        **frame,
        **counts(network),
        "latency_ms": _latencies(network),
        "accuracy": _accuracy(subject) if record is None else _trained_accuracy(record),
        "published": _published(subject.name),
    }
    if as_json:
        print_json(facts)
    else:
        _print_facts(facts, svg)


def explain(
    first: Annotated[
        str, typer.Argument(help="The first network: a model's name, tokens or a block string.")
    ],
    second: Annotated[str, typer.Argument(help="The second network, in the same forms.")],
    space: options.Space = None,
    as_json: AsJson = False,
) -> None:
    """Say which tokens differ between two architectures, and what each costs and gains.

    Each difference alone is applied to the first architecture: the change in Pixel 1 milliseconds
    (estimate) and, where a surrogate knows the space, in accuracy. What is left over is where
    differences act together.

    Example: `nasbench-mobile explain mnasnet-a1 mnasnet-b1`
    """
    from nasbench_mobile.surrogates.explain import explain_difference

    result = explain_difference(*_encoded(first, second, space))
    if as_json:
        print_json(result)
        return
    columns = {
        "decision": "decision",
        "first": first if len(first) < 16 else "first",
        "second": second if len(second) < 16 else "second",
        "latency_ms": "Δ ms (Pixel 1 estimate)",
    }
    if result["no_accuracy"] is None:
        columns["accuracy_points"] = "Δ top-1 (points, surrogate)"
    sums = ({"decision": name, **result[name]} for name in ("together", "total"))
    shown = [*result["differences"], *sums]
    print_table(columns, [{**row, "first": row.get("first", "")} for row in shown])
    if result["no_accuracy"] is not None:
        console().print(result["no_accuracy"], soft_wrap=True)


def _encoded(first: str, second: str, space_name: str | None) -> tuple[Any, Any, Any]:
    """Both architectures as tokens of one space: that of the tokens given, else `mnasnet`."""
    from nasbench_mobile import catalog
    from nasbench_mobile.cli.shared.model_argument import parse_subject

    subjects = [parse_subject(text, space_name) for text in (first, second)]
    spaces = {s.space.name: s.space for s in subjects if s.space is not None}
    if len(spaces) > 1:
        raise UsageError(f"the two are tokens of different spaces: {' and '.join(spaces)}")
    for subject in subjects:
        if subject.spec is None:
            raise UsageError(
                f"{subject.name} is no chain of blocks; explain compares networks of one space of "
                "blocks"
            )
    space = next(iter(spaces.values()), None) or catalog.build_space(space_name or "mnasnet")
    tokens = [
        s.tokens if s.tokens is not None else space.encode(s.network(1.0, 224, 1000))
        for s in subjects
    ]
    return space, tokens[0], tokens[1]


def _accuracy(subject: NamedModel) -> dict[str, Any] | None:
    """The surrogate's top-1 where the network is of the surrogate's space, else None."""
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.surrogates.explain import surrogate_for
    from nasbench_mobile.types import Failure

    if subject.space is None or subject.tokens is None:
        return None
    surrogate = surrogate_for(subject.space.name)
    if surrogate is None:
        return None
    reading = surrogate.accuracy([Architecture(subject.space, subject.tokens)])[0]
    if isinstance(reading, Failure):
        return None
    return {
        "top1": reading.accuracy,
        "kind": "estimate",
        "source": surrogate.label,
        "extrapolated": reading.extrapolated,
    }


def _trained_accuracy(record: TrainingRecord) -> dict[str, Any]:
    """What the training came to on images that were held out of it."""
    return {
        "top1": record.accuracy,
        "kind": "trained",
        "source": f"validation images of {record.data}",
        "extrapolated": False,
        "test_top1": record.test_accuracy,
    }


def _print_facts(facts: dict[str, Any], svg: Path | None) -> None:
    screen = console()
    screen.print(facts["model"], style="bold", soft_wrap=True)
    for line in (facts["block_string"], facts["cells"]):
        if line:
            screen.print(f"  {line}")
    scale = f"width {facts['width']:g}, {facts['input_size']} px"
    stride = f"stem stride {facts['stem_stride']}"
    screen.print(f"  {scale}, {stride}, {facts['classes']} classes")
    screen.print(f"  parameters     {facts['parameters']:,}")
    screen.print(f"  multiply-adds  {facts['multiply_adds']:,}")
    for device, latency in facts["latency_ms"].items():
        screen.print(f"  {device} latency  {latency['value']:.1f} ms ({latency['kind']})")
    if facts["accuracy"]:
        accuracy = facts["accuracy"]
        screen.print(f"  top-1          {100 * accuracy['top1']:.2f} % ({accuracy['source']})")
    for row in facts["published"]:
        figures = {
            "M parameters": row["parameters_m"],
            "M multiply-adds": row["multiply_adds_m"],
            "% top-1": row["top1"] and 100 * row["top1"],
            "ms": row["pixel1_latency_ms"],
        }
        said = ", ".join(f"{value:g} {unit}" for unit, value in figures.items() if value)
        size = "" if row["width"] == 1 else f" at x{row['width']:g}"
        if row["input_size"] != 224:
            size += f" at {row['input_size']} px"
        screen.print(f"  published{size}: {said} ({row['source']})")
        if row["finding"]:
            screen.print(f"    {row['finding']}")
    if svg is not None:
        screen.print(f"  drawn in {svg}", soft_wrap=True)
