"""`lookup`: fill a table of block latencies on a device, and say how well it predicts."""

from __future__ import annotations

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
)
from nasbench_mobile.cli.latency.fill_progress import progress
from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import console, print_json, print_table

if TYPE_CHECKING:
    from nasbench_mobile.lookup.fill import RatioMeter

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Fill a table of block latencies on a device, and check how well it predicts.",
)


@app.command()
def build(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="The file of the table. One that is there already is gone on with."
        ),
    ],
    space: Annotated[str, typer.Option(help="The search space whose blocks are measured.")] = (
        "mnasnet"
    ),
    device: Device = HOST,
    runtime: Runtime = "ai-edge-litert",
    python: Python = None,
    nominal_ms: NominalMs = None,
    cores: Cores = None,
    as_json: AsJson = False,
) -> None:
    """Measure every block of a space. The same command goes on where it was stopped.

    On the host this takes minutes.

    Example: `nasbench-mobile lookup build --space mnasnet --device host -o out/host.lut`
    """
    from nasbench_mobile.catalog import build_space
    from nasbench_mobile.lookup.fill import fill_lookup

    meter = _meter(device, runtime, python, nominal_ms, cores)
    with progress(f"blocks of {space}") as listen:
        table = fill_lookup(out, build_space(space), meter, listen=listen)
    facts: dict[str, Any] = {
        "file": str(out),
        **table.made_by(),
        "date": table.date,
        "keys": len(table.entries),
        "scale": table.scale,
        "reference_ms": table.reference_ms,
    }
    if as_json:
        print_json(facts)
        return
    console().print(
        f"{out}: {len(table.entries):,} keys of {space} on {table.device}, {table.runtime} "
        f"{table.runtime_version}, scale {table.scale:.3f}. See how well it predicts: "
        f"nasbench-mobile lookup check {out}",
        soft_wrap=True,
    )


@app.command()
def check(
    table: Annotated[Path, typer.Argument(help="The file of a table that `lookup build` made.")],
    networks: Annotated[
        int, typer.Option(help="How many random networks are measured whole.", min=3)
    ] = 40,
    seed: Annotated[int, typer.Option(help="The seed that draws the networks.", min=0)] = 2,
    device: Device = HOST,
    runtime: Runtime = "ai-edge-litert",
    python: Python = None,
    cores: Cores = None,
    as_json: AsJson = False,
) -> None:
    """Compare a table's predictions with networks that are measured whole.

    There are two groups of networks, none of which the table was fitted to: some are drawn at
    random, and some within 10 % of one latency, where telling networks apart is hard. Of each group
    the mean absolute error and Kendall's tau are printed.

    Example: `nasbench-mobile lookup check out/host.lut --networks 40 --json`
    """
    from nasbench_mobile.catalog import build_space
    from nasbench_mobile.lookup.check import check_lookup
    from nasbench_mobile.lookup.latency import LookupLatency

    model = LookupLatency.from_file(table)
    space = build_space(model.table.space, dict(model.table.space_options))
    meter = _meter(device, runtime, python, model.table.reference_ms, cores)
    with progress("networks measured whole") as listen:
        result = check_lookup(model, space, meter, networks, seed, listen)
    record = result.record()
    if as_json:
        print_json({"file": str(table), **model.table.made_by(), **record})
        return
    columns = {
        "group": "networks",
        "networks": "count",
        "mape": "mean error %",
        "bias": "bias %",
        "measuring": "error of measuring %",
        "kendall_tau": "Kendall tau",
        "fastest_ms": "fastest ms",
        "slowest_ms": "slowest ms",
    }
    rows = [
        {"group": "random", **record["random"]},
        {"group": f"within 10 % of {result.near_ms:.1f} ms", **record["near"]},
    ]
    print_table(columns, rows)


def _meter(
    device: str, runtime: str, python: str | None, nominal_ms: float | None, cores: str | None
) -> RatioMeter:
    check_device(device)
    if device == HOST:
        check_no_cores(cores)
        return make_host(runtime, python, nominal_ms)
    from nasbench_mobile.devices.android.latency import android_evaluator
    from nasbench_mobile.devices.android.meter import PhoneMeter

    return PhoneMeter(android_evaluator(device, nominal_ms=nominal_ms, cores=cores))
