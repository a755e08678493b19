"""`fit`: make the fitted accuracy and latency models again from their data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench_mobile.cli.output import print_json, print_table

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Fit the accuracy surrogate or the latency model from data files.",
)

Out = Annotated[Path, typer.Option(help="Folder for the model and its card.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the quality as JSON, nothing else.")]


@app.command()
def accuracy(
    data: Annotated[Path, typer.Option(help="Accel-NASBench's networks as CSV.")],
    out: Out,
    as_json: AsJson = False,
) -> None:
    """Fit the ImageNet accuracy surrogate; hyper-parameters on val, quality on test.

    Example: `nasbench-mobile fit accuracy --data anb_dataset.csv --out out/fit --json`
    """
    from nasbench_mobile.evaluators.fit_accuracy import fit_accuracy

    _show(fit_accuracy(data, out), as_json)


@app.command()
def latency(
    data: Annotated[Path, typer.Option(help="Priced networks, one JSON per line, xz.")],
    out: Out,
    check: Annotated[
        Path | None, typer.Option(help="CSV of published latencies to check against as well.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit the Pixel 1 latency model: non-negative physical coefficients, checked on what the
    MnasNet paper and its authors' README published.

    Example: `nasbench-mobile fit latency --data priced_networks.jsonl.xz --out out/fit --json`
    """
    from nasbench_mobile.evaluators.fit_latency import fit_latency

    _show(fit_latency(data, out, check), as_json)


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    rows = [{"split": split, **figures} for split, figures in result["quality"].items()]
    print_table({key: key for key in rows[0]}, rows)
