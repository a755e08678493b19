"""`collect merge`, `price`, `noise`, `card`, `retrained`: what is done with tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.collect.picks_option import Picks, picks_of
from nasbench_mobile.cli.latency.latency_option import latency_evaluators
from nasbench_mobile.cli.shared.common_options import AsJson, Force
from nasbench_mobile.cli.shared.output import console, print_json, print_table
from nasbench_mobile.cli.shared.output_files import refuse_overwriting
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_result

if TYPE_CHECKING:
    from collections.abc import Collection

    from nasbench_mobile.protocols import SearchSpace
    from nasbench_mobile.tables.table import Table
    from nasbench_mobile.types import Tokens

Place = Annotated[Path, typer.Argument(help="The folder or file of a table.")]
Part = Annotated[
    str | None,
    typer.Option(
        "--space", help="The name of a part of the space, whose architectures alone are counted."
    ),
]

SHORT = {
    "table_reward": "in table", "reward": "anew", "gain": "gain on random", "gain_interval": "95 %",
    "p": "p (Holm)",
}  # fmt: skip
"""Headings of strategies that fit 100 columns, which a file or pipe has."""


def merge(
    tables: Annotated[list[Path], typer.Argument(help="The folders or files of the tables.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the merged table.")],
    as_json: AsJson = False,
) -> None:
    """Make one table of several that were collected with the same recipe.

    Example: `nasbench-mobile collect merge out/one out/two -o out/both`
    """
    from nasbench_mobile.tables.merging import merge_tables
    from nasbench_mobile.tables.table import FILE, table_file
    from nasbench_mobile.tables.writing import write_table

    target = out / FILE
    if target.exists() and target.resolve() not in {table_file(one).resolve() for one in tables}:
        raise UsageError(
            f"{target} is there already; merge it too, or give a folder without a table"
        )
    table = merge_tables(tables)
    if "data_content" not in table.header.training and not as_json:
        console(stderr=True).print(
            "the tables' images were matched by their names alone, as one of them says nothing of "
            "what was in them", soft_wrap=True,
        )  # fmt: skip
    write_table(target, table)
    _show(target, table, as_json)


def price(
    table: Place,
    latency: Annotated[
        list[str],
        typer.Option(
            help="Where latency comes from: `pixel1`, `host` or `host-lookup[:FILE]`. It may be "
            "given several times."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Add a latency to every row of a table, without training anything.

    Example: `nasbench-mobile collect price out/table --latency host-lookup:out/host.lut`
    """
    from nasbench_mobile.collecting.pricing import priced
    from nasbench_mobile.tables.table import table_file
    from nasbench_mobile.tables.writing import rewritten

    with rewritten(table_file(table)) as (known, write):
        space = _space(known)
        changed = priced(known, space, latency_evaluators(latency, space))
        write(changed)
    _show(table_file(table), changed, as_json)


def noise(table: Place, part: Part = None, as_json: AsJson = False) -> None:
    """Say how much of a table is noise: the spread between seeds beside that between architectures.

    Example: `nasbench-mobile collect noise out/table --json`
    """
    from nasbench_mobile.collecting.card import noise_lines
    from nasbench_mobile.tables.noise_study import noise_study
    from nasbench_mobile.tables.table import read_table

    rows = read_table(table).architectures(_members(part)).values()
    study = noise_study([[r.accuracy for r in g if r.accuracy is not None] for g in rows])
    if as_json:
        print_json(study.record())
        return
    for line in noise_lines(study.record()):
        console().print(line, soft_wrap=True)


def card(
    table: Place,
    name: Annotated[str, typer.Option(help="What the table is called.")] = "table",
    part: Part = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The folder in which NAME.jsonl and NAME.md are written."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say what a table is, where its numbers come from and how far to trust them.

    With --out the table and its card are written side by side, as a benchmark has them.

    Example: `nasbench-mobile collect card out/table --name mine --out out/benchmark`
    """
    from nasbench_mobile.collecting.card import table_card
    from nasbench_mobile.collecting.facts import table_facts
    from nasbench_mobile.tables.table import read_table
    from nasbench_mobile.tables.writing import write_table

    files = () if out is None else (out / f"{name}.jsonl", out / f"{name}.md")
    refuse_overwriting(*files, force=force)
    known, among = read_table(table), _members(part)
    text = table_card(known, name, part, among)
    if out is not None:
        write_table(out / f"{name}.jsonl", known)
        write_result(out / f"{name}.md", text)
    if as_json:
        print_json(table_facts(known, among))
    elif out is None:
        print(text, end="")
    else:
        console().print(f"wrote {out / name}.jsonl and its card {name}.md", soft_wrap=True)


def retrained(
    table: Annotated[
        Path,
        typer.Argument(
            help="The folder or file of a table of architectures that were trained again, with "
            "new seeds."
        ),
    ],
    benchmark: Annotated[str, typer.Option(help="The benchmark on a table that was searched.")],
    picks: Picks = None,
    as_json: AsJson = False,
) -> None:
    """Say where the best of a search lies in the benchmark's table once it is trained anew.

    With --picks also what each strategy's picks are then worth, beside random search's.

    Example: `nasbench-mobile collect retrained out/again --benchmark mnasnet-cifar10-host`
    """
    from nasbench_mobile.benchmark import load_benchmark
    from nasbench_mobile.collecting.picks import retrained_strategies
    from nasbench_mobile.collecting.retrained import retrained_ranks
    from nasbench_mobile.tables.table import read_table

    found = load_benchmark(benchmark)
    if found.accuracy.name != "tabular" or found.accuracy.model is None:
        raise UsageError(f"{benchmark} has no table of trained architectures")
    problem = found.build()
    ranks = retrained_ranks(problem, read_table(found.accuracy.model), read_table(table))
    verdict = None
    if picks is not None:
        verdict = retrained_strategies(picks_of(picks, problem.space), ranks)
    if as_json:
        print_json({"architectures": ranks, "strategies": verdict})
        return
    shown = [
        {**row, "tokens": ",".join(map(str, row["tokens"]))}
        for row in sorted(ranks, key=lambda row: -row["reward"])
    ]
    print_table({key: key.replace("_", " ") for key in ranks[0]}, shown)
    if verdict is not None:
        rows = [{**row, "gain_interval": _interval(row["gain_interval"])} for row in verdict]
        headings = {key: key.replace("_", " ") for key in verdict[0]}
        print_table(headings | SHORT, rows)


def _interval(ends: list[float] | None) -> str | None:
    return None if ends is None else f"{ends[0]:+.4f} to {ends[1]:+.4f}"


def _members(part: str | None) -> Collection[Tokens] | None:
    from nasbench_mobile import catalog
    from nasbench_mobile.collecting.members import members

    return None if part is None else members(catalog.build_space(part))


def _space(table: Table) -> SearchSpace:
    from nasbench_mobile import catalog

    space = table.header.space
    return catalog.build_space(space["name"], space["options"])


def _show(path: Path, table: Table, as_json: bool) -> None:
    facts: dict[str, Any] = {
        "table": str(path),
        "networks": len(table.trained()),
        "trainings": len(table.rows),
        "failed": len(table.failures),
        "latency": list(table.header.latency),
    }
    if as_json:
        print_json(facts)
        return
    console().print(
        f"{path}: {facts['trainings']:,} trainings of {facts['networks']:,} networks, "
        f"{facts['failed']} failed; latency {', '.join(facts['latency'])}", soft_wrap=True,
    )  # fmt: skip
