"""`fit`: make the fitted accuracy and latency models again from their data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench_mobile.cli.shared.common_options import AsJson, Force
from nasbench_mobile.cli.shared.output import print_json, print_table
from nasbench_mobile.cli.shared.output_files import refuse_overwriting
from nasbench_mobile.errors import NasbenchError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help=(
        "Fit the accuracy surrogate or the latency model from data files. A model that other data "
        "gave is written over only with `--force`."
    ),
)

Out = Annotated[Path, typer.Option(help="The folder for the model and its card.")]


@app.command()
def accuracy(
    data: Annotated[Path, typer.Option(help="The CSV file of Accel-NASBench's networks.")],
    out: Out,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit the ImageNet accuracy surrogate; a validation split chooses its hyper-parameters.

    Example: `nasbench-mobile fit accuracy --data anb_dataset.csv --out out/fit --json`
    """
    from nasbench_mobile.surrogates.fit_accuracy import NAME, fit_accuracy

    _refuse_losing(out / f"{NAME}.json", data, force=force)
    _show(fit_accuracy(data, out), as_json)


@app.command()
def latency(
    data: Annotated[
        Path,
        typer.Option(help="The file of networks with their latencies: JSON lines, packed with xz."),
    ],
    out: Out,
    check: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file of published latencies, with which the model is compared as well."
        ),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit the Pixel 1 latency model, whose coefficients are physical and never negative.

    It is compared with the latencies that the MnasNet paper and its authors' README published.

    Example: `nasbench-mobile fit latency --data priced_networks.jsonl.xz --out out/fit --json`
    """
    from nasbench_mobile.surrogates.fit_latency import NAME, fit_latency

    _refuse_losing(out / f"{NAME}.json", data, force=force)
    _show(fit_latency(data, out, check), as_json)


@app.command()
def table(
    place: Annotated[
        Path, typer.Argument(help="The folder or file of a table that `collect` made.")
    ],
    out: Out,
    name: Annotated[str, typer.Option(help="The name of the surrogate.")] = "surrogate",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit an accuracy surrogate to architectures that you trained, and judge it on held-out ones.

    The command ends with 1 where the surrogate is not good, for instance where it ranks no better
    than multiply-adds alone.

    Example: `nasbench-mobile fit table out/table --name mine --out out/fit --json`
    """
    from nasbench_mobile import catalog
    from nasbench_mobile.surrogates.fit_table import fit_table
    from nasbench_mobile.tables.table import read_table, table_file

    space = read_table(place).header.space
    _refuse_losing(out / f"{name}.json", table_file(place), force=force)
    result = fit_table(place, catalog.build_space(space["name"], space["options"]), out, name)
    if as_json:
        print_json(result)
    else:
        rows = [{"group": group, **figures} for group, figures in result["ranks"].items()]
        print_table({key: key for key in rows[0]}, rows)
    if not result["good"]:
        raise NasbenchError(
            f"{result['files'][0]} is not a good surrogate: {result['why_not']}; its card says so"
        )


def _refuse_losing(model: Path, data: Path, *, force: bool) -> None:
    """`UsageError` where a file would be lost that the same data do not give again."""
    from nasbench_mobile.surrogates.model_files import fitted_to

    if not fitted_to(model, data):
        refuse_overwriting(model, model.with_suffix(".md"), force=force)


def _show(result: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    rows = [{"split": split, **figures} for split, figures in result["quality"].items()]
    print_table({key: key for key in rows[0]}, rows)
