"""`check`: the laws of the kit for authors, judged without pytest."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import console, print_json

if TYPE_CHECKING:
    from nasbench_mobile.testing.law import LawVerdict

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Check a strategy, space or evaluator against the laws that its kind must keep.",
)

Limit = Annotated[
    float, typer.Option("--limit", help="After how many seconds a call is taken to hang.", min=0.1)
]
LIMIT_S = 60.0


class Gives(StrEnum):
    """What an evaluator gives."""

    ACCURACY = "accuracy"
    LATENCY = "latency"


@app.command()
def strategy(
    name: Annotated[
        str,
        typer.Argument(
            help="The strategy: a name, or `path/to/file.py:Class`, with its options after a colon."
        ),
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the laws that are slow to check.")
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(
            help="How many proposals each run has. Give fewer for a slow strategy.", min=8
        ),
    ] = None,
    limit_s: Limit = LIMIT_S,
    as_json: AsJson = False,
) -> None:
    """Check a strategy against its laws, and exit with 1 where one is broken.

    Example: `nasbench-mobile check strategy my_idea.py:MyIdea`
    """
    from nasbench_mobile import catalog
    from nasbench_mobile.errors import UsageError
    from nasbench_mobile.testing.checked_strategy import StrategySubject
    from nasbench_mobile.testing.law import judge
    from nasbench_mobile.testing.strategy_laws import STRATEGY_LAWS

    specs = catalog.parse_strategies(name)
    if len(specs) != 1:
        raise UsageError(f"{name!r} names {len(specs)} strategies; check one at a time")
    spec = specs[0]
    factory = catalog.load("strategy", spec.name)
    catalog.check_options(factory, "strategy", spec.name, spec.options)
    subject = StrategySubject(factory, spec.options)
    if budget is not None:
        subject = replace(subject, budget=budget, learning_budget=3 * budget, learning_seeds=6)
    _show("strategy", name, judge(STRATEGY_LAWS, subject, limit_s, slow=not quick), as_json)


@app.command()
def space(
    name: Annotated[str, typer.Argument(help="Its name, or `path/to/file.py:Class`.")],
    limit_s: Limit = LIMIT_S,
    as_json: AsJson = False,
) -> None:
    """Check a search space against its laws, and exit with 1 where one is broken.

    Example: `nasbench-mobile check space mnasnet-anb`
    """
    from nasbench_mobile import catalog
    from nasbench_mobile.testing.law import judge
    from nasbench_mobile.testing.space_laws import SPACE_LAWS, SpaceSubject

    subject = SpaceSubject(catalog.load("space", name))
    _show("space", name, judge(SPACE_LAWS, subject, limit_s), as_json)


@app.command()
def evaluator(
    gives: Annotated[
        Gives, typer.Argument(help="Whether the evaluator gives accuracies or latencies.")
    ],
    name: Annotated[str, typer.Argument(help="Its name, or `path/to/file.py:Class`.")],
    model: Annotated[
        Path | None, typer.Option(help="The file that the evaluator is made from.")
    ] = None,
    space_name: Annotated[
        str,
        typer.Option(
            "--space", help="The search space of the architectures on which the evaluator is tried."
        ),
    ] = "mnasnet-anb",
    measures: Annotated[
        bool,
        typer.Option(
            "--measures",
            help="Say that the evaluator measures, so that no two of its readings are the same.",
        ),
    ] = False,
    limit_s: Limit = LIMIT_S,
    as_json: AsJson = False,
) -> None:
    """Check an evaluator against the laws of its kind, and exit with 1 where one is broken.

    Example: `nasbench-mobile check evaluator latency my_device.py:MyDevice --measures`
    """
    from nasbench_mobile import catalog
    from nasbench_mobile.errors import UsageError
    from nasbench_mobile.testing.evaluator_laws import EVALUATOR_LAWS, EvaluatorSubject
    from nasbench_mobile.testing.law import judge

    kind: catalog.CatalogKind = (
        "accuracy evaluator" if gives is Gives.ACCURACY else "latency evaluator"
    )
    factory = catalog.load(kind, name)
    if model is not None and not hasattr(factory, "from_file"):
        raise UsageError(
            f"{kind} {name!r} is not made from files: it has no class method `from_file`; leave "
            "--model out, or write one"
        )
    subject = EvaluatorSubject(
        functools.partial(catalog.call, factory, kind, name)
        if model is None
        else functools.partial(catalog.call, factory.from_file, kind, name, model),
        functools.partial(catalog.build_space, space_name),
        repeatable=not measures,
    )
    _show(kind, name, judge(EVALUATOR_LAWS, subject, limit_s), as_json)


def _show(kind: str, name: str, verdicts: list[LawVerdict], as_json: bool) -> None:
    """Print the verdict; exit with 1 where a law is broken."""
    counts = Counter(verdict.result for verdict in verdicts)
    if as_json:
        print_json(_record(kind, name, verdicts))
    else:
        screen = console()
        for verdict in verdicts:
            style = {"kept": "green", "broken": "bold red", "not judged": "yellow"}[verdict.result]
            screen.print(f"{verdict.result:>10}", style=style, end="  ")
            screen.print(verdict.says)
            screen.print(f"{'':12}{verdict.seen}", style="dim",
                         soft_wrap=True)  # fmt: skip
        closing = ", ".join(f"{count} {result}" for result, count in counts.items())
        word = "breaks its laws" if counts["broken"] else "keeps its laws"
        screen.print(f"\n{kind} {name} {word}: {closing}", soft_wrap=True)
    if counts["broken"]:
        raise typer.Exit(1)


def _record(kind: str, name: str, verdicts: list[LawVerdict]) -> dict[str, Any]:
    broken = any(verdict.result == "broken" for verdict in verdicts)
    return {
        "kind": kind,
        "name": name,
        "result": "broken" if broken else "kept",
        "laws": [
            {
                "law": verdict.law,
                "says": verdict.says,
                "result": verdict.result,
                "seen": verdict.seen,
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in verdicts
        ],
    }
