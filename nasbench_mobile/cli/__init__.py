"""The command line: `nasbench-mobile COMMAND`. Each command's work is imported when it runs."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from nasbench_mobile.cli import (
    checking,
    comparing,
    describing,
    fitting,
    listing,
    reproducing,
    starting,
    training,
)
from nasbench_mobile.cli.collect import command as collecting
from nasbench_mobile.cli.export import command as exporting
from nasbench_mobile.cli.latency import devices, lookup
from nasbench_mobile.cli.latency import measure as measuring
from nasbench_mobile.cli.search import command as searching
from nasbench_mobile.cli.shared import old_names
from nasbench_mobile.cli.shared.mistakes import CommandLineError, sentence, shortened
from nasbench_mobile.cli.shared.output import result_alone
from nasbench_mobile.cli.shared.signals import terminable
from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.warned import warnings_in_words

app = typer.Typer(
    name="nasbench-mobile",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    help=(
        "Compare search strategies for mobile neural architecture search and say which is better, "
        "with its uncertainty. Start with `nasbench-mobile compare`."
    ),
)

app.command("compare", cls=old_names.Command)(comparing.compare)
app.command("resume")(comparing.resume)
app.command("report")(comparing.report)
app.command("reproduce")(reproducing.reproduce)
app.command("list")(listing.list_parts)
app.command("describe", cls=old_names.Command)(describing.describe)
app.command("explain")(describing.explain)
app.command("export", cls=old_names.Command)(exporting.export)
app.command("devices")(devices.devices)
app.command("measure", cls=old_names.Command)(measuring.measure)
app.command("search", cls=old_names.Command)(searching.search)
app.command("train", cls=old_names.Command)(training.train)
app.add_typer(lookup.app, name="lookup")
app.add_typer(collecting.app, name="collect", cls=old_names.Group)
app.add_typer(fitting.app, name="fit")
app.add_typer(checking.app, name="check")
app.add_typer(starting.app, name="new")


def _print_version(wanted: bool) -> None:
    if wanted:
        from nasbench_mobile.studies.provenance import versions

        found = versions()
        own = found.pop("nasbench-mobile", "of unknown version")
        print(f"nasbench-mobile {own}")
        print(", ".join(f"{name} {version}" for name, version in found.items()))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and those of Python and of the libraries results rest on.",
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; a user's mistake ends with one line and exit code 2, a failure with 1.

    Ctrl-C ends it with 130 and SIGTERM with 143; a command says how it is gone on with.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what its encoding lacks is written as escapes
            stream.reconfigure(errors="backslashreplace")
    alone = result_alone() if "--json" in sys.argv[1:] else nullcontext()
    with terminable(), alone, warnings_in_words():
        _run()


def _run() -> None:
    try:
        _check_arguments()
        raise SystemExit(app(standalone_mode=False))
    except CommandLineError as error:
        _end(sentence(error), getattr(error, "exit_code", 2))
    except NasbenchError as error:
        _end(str(error), error.exit_code)
    except typer.Abort:
        _end("stopped", 1)
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None
    except OSError as error:  # a full disk, a folder without permission
        _end(f"{error.strerror or error}: {error.filename or 'a file'}", 1)


def _check_arguments() -> None:
    """`UsageError` where an argument is no text: files and reports could not hold it."""
    for argument in sys.argv[1:]:
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise UsageError(
                f"argument {argument!r} is not text in {sys.getfilesystemencoding()}; write it, "
                "or rename its file, in that encoding"
            )
        if "\0" in argument:
            raise UsageError(f"argument {argument!r} holds a character that no file name may")


def _end(said: str, code: int) -> None:
    sys.stdout.flush()
    if said:
        print(f"error: {shortened(said)}", file=sys.stderr)
    raise SystemExit(code) from None
