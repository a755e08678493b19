"""`list`: what spaces, strategies, benchmarks and models there are."""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import print_json, print_table
from nasbench_mobile.errors import UsageError

if TYPE_CHECKING:
    from nasbench_mobile.benchmark import Benchmark


class Parts(StrEnum):
    """What can be listed."""

    SPACES = "spaces"
    STRATEGIES = "strategies"
    BENCHMARKS = "benchmarks"
    MODELS = "models"


def list_parts(
    what: Annotated[Parts, typer.Argument(help="What is listed.")],
    as_json: AsJson = False,
    page: Annotated[
        bool,
        typer.Option("--page", help="Print docs/strategies.md. This goes with `strategies` only."),
    ] = False,
) -> None:
    """List spaces, strategies, benchmarks or models.

    Example: `nasbench-mobile list spaces --json`
    """
    if page:
        _print_page(what)
        return
    rows, columns = {
        Parts.SPACES: _spaces,
        Parts.STRATEGIES: _strategies,
        Parts.BENCHMARKS: _benchmarks,
        Parts.MODELS: _models,
    }[what]()
    if as_json:
        print_json(rows)
    else:
        print_table(columns, rows)


def _spaces() -> tuple[list[dict[str, Any]], dict[str, str]]:
    from nasbench_mobile import catalog

    rows = []
    for name in catalog.names("space"):
        space = catalog.build_space(name)
        rows.append(
            {
                "name": name,
                "tokens": len(space.decisions),
                "size": space.size,
                "distinct": space.distinct,
                "options": catalog.default_options(catalog.load("space", name)),
                "summary": _first_line(type(space)),
            }
        )
    headings = {"name": "space", "tokens": "tokens", "size": "size", "distinct": "distinct"}
    return rows, {**headings, "summary": ""}


def _strategies() -> tuple[list[dict[str, Any]], dict[str, str]]:
    from nasbench_mobile.cli.shared.strategy_page import strategy_rows

    columns = {"name": "strategy", "family": "family", "library": "library", "shines": "shines"}
    return strategy_rows(), columns


def _print_page(what: Parts) -> None:
    if what is not Parts.STRATEGIES:
        raise UsageError(f"--page is for strategies only, not for {what.value}")
    from nasbench_mobile.cli.shared.strategy_page import strategy_page

    print(strategy_page(), end="")


def _benchmarks() -> tuple[list[dict[str, Any]], dict[str, str]]:
    from nasbench_mobile.benchmark import built_in_names, load_benchmark

    rows = []
    for name in built_in_names():
        benchmark = load_benchmark(name)
        rows.append(
            {
                "title": benchmark.title,
                "hash": benchmark.hash,
                **benchmark.record(),
                "card": _card(benchmark),
                **_of_table(benchmark),
            }
        )
    for row in rows:
        row["space_name"] = row["space"]["name"]
    return rows, {"name": "benchmark", "version": "version", "space_name": "space", "title": ""}


def _card(benchmark: Benchmark) -> str | None:
    """The file that says where its accuracies come from."""
    model = benchmark.accuracy.model
    path = None if model is None else model.with_suffix(".md")
    return str(path) if path is not None and path.is_file() else None


def _of_table(benchmark: Benchmark) -> dict[str, Any]:
    """The size, noise and optimum of a benchmark on a table; nothing for other benchmarks."""
    if benchmark.accuracy.name != "tabular" or benchmark.accuracy.model is None:
        return {}
    from nasbench_mobile.collecting.facts import table_facts
    from nasbench_mobile.collecting.members import members, optimum
    from nasbench_mobile.tables.table import read_table

    problem = benchmark.build()
    table = read_table(benchmark.accuracy.model)
    return {"table": table_facts(table, members(problem.space)), "optimum": optimum(problem)}


def _models() -> tuple[list[dict[str, Any]], dict[str, str]]:
    from nasbench_mobile.cli.shared.model_rows import zoo_rows

    columns = {
        "model": "model",
        "parameters": "parameters",
        "multiply_adds": "multiply-adds",
        "pixel1_ms": "Pixel 1 ms (estimate)",
    }
    return zoo_rows(), columns


def _first_line(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]
