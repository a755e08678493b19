"""The command line: `nasbench-mobile COMMAND`. Each command's work is imported when it runs."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import typer

from nasbench_mobile.cli import (
    checking,
    collecting,
    comparing,
    describing,
    devices,
    exporting,
    fitting,
    listing,
    lookup,
    measuring,
    reproducing,
    searching,
    starting,
    training,
)
from nasbench_mobile.cli.choices import SuggestingGroup
from nasbench_mobile.cli.output import result_alone
from nasbench_mobile.cli.terminating import terminable
from nasbench_mobile.errors import NasbenchError

app = typer.Typer(
    name="nasbench-mobile",
    cls=SuggestingGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "Compare search strategies for mobile neural architecture search and say which is better, "
        "with its uncertainty. Start with `nasbench-mobile compare`."
    ),
)

app.command("compare")(comparing.compare)
app.command("resume")(comparing.resume)
app.command("report")(comparing.report)
app.command("reproduce")(reproducing.reproduce)
app.command("list")(listing.list_parts)
app.command("describe")(describing.describe)
app.command("explain")(describing.explain)
app.command("export")(exporting.export)
app.command("devices")(devices.devices)
app.command("measure")(measuring.measure)
app.command("search")(searching.search)
app.command("train")(training.train)
app.add_typer(lookup.app, name="lookup")
app.add_typer(collecting.app, name="collect")
app.add_typer(fitting.app, name="fit")
app.add_typer(checking.app, name="check")
app.add_typer(starting.app, name="new")


def main() -> None:
    """Run a command; a user's mistake ends with one line and exit code 2, a failure with 1.

    Ctrl-C ends it with 130 and SIGTERM with 143; a command says how it is gone on with.
    """
    alone = result_alone() if "--json" in sys.argv[1:] else nullcontext()
    with terminable(), alone:
        _run()


def _run() -> None:
    try:
        app()
    except NasbenchError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None
    except OSError as error:  # a full disk, a folder without permission
        sys.stdout.flush()
        print(f"error: {error.strerror or error}: {error.filename or 'a file'}", file=sys.stderr)
        raise SystemExit(1) from None
