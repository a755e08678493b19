"""What commands print with: JSON on standard output, people's text through rich."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from nasbench_mobile.printable import json_printable

if TYPE_CHECKING:
    from rich.console import Console


WHOLE = 30
"""Cells up to this length are kept on one line: our choice, longer ones are sentences."""

ROOM = 20
"""What a sentence is left before headings fold: our choice, some three words."""

GAP = 2
"""The number of blanks between columns, as rich pads them."""

LONG = (30, 14)
"""Characters of the longest number that is written in full, first where there is room: our choice,
the sizes of the paper's space are below the first and nobody reads those of NASNet's."""


_result: TextIO | None = None


@contextmanager
def result_alone() -> Iterator[None]:
    """While this context is open, standard output carries only what `print_json` prints.

    Whatever a plugin, a library or a worker process prints goes to standard error.
    """
    global _result
    try:
        sys.stdout.fileno()
    except OSError:  # a caller in this process listens, a notebook for instance: no file to split
        _result = sys.stdout
        try:
            with redirect_stdout(sys.stderr):
                yield
        finally:
            _result = None
        return
    sys.stdout.flush()
    result = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors="backslashreplace")
    os.dup2(2, 1)
    _result = result
    try:
        yield
    finally:
        _result = None
        with suppress(OSError):  # a reader that has gone, `head` for instance, has been told of
            sys.stdout.flush()
            os.dup2(result.fileno(), 1)
            result.close()


def print_json(value: Any) -> None:
    """Indented JSON, and nothing else, on standard output."""
    stream = sys.stdout if _result is None else _result
    text = json.dumps(value, indent=2, ensure_ascii=not _takes_all(stream))
    print(json_printable(text), file=stream, flush=True)


def _takes_all(stream: TextIO) -> bool:
    """Whether a stream can carry every character."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def console(stderr: bool = False) -> Console:
    """A console of the terminal's width, plain and of a page's width where there is none."""
    from nasbench_mobile.report.terminal import make_console

    return make_console(stderr=stderr)


def say_left_out(damages: Sequence[str], what: str) -> None:
    """Name on standard error the runs that are left out as their logs are damaged, and `what` for.

    The others go on.
    """
    for damage in damages:
        console(stderr=True).print(
            f"left out, {what}: {damage}",
            style="red", soft_wrap=True,
        )  # fmt: skip


def print_table(columns: dict[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table, numbers to the right; `columns` maps keys of a row to headings, in order.

    Numbers stand on one line, the longest rounded to four digits where there is too little room
    (`LONG`). Sentences fold. Where that leaves too little room, headings fold to their cells, and
    where it still does, all text folds: nothing is cut off.
    """
    from rich.table import Table

    screen = console()
    numeric = {
        key: all(isinstance(row.get(key), int | float | None) for row in rows) for key in columns
    }
    for digits in LONG:
        cells = [{key: _cell(row.get(key), digits) for key in columns} for row in rows]
        longest = {key: max((len(row[key]) for row in cells), default=0) for key in columns}
        least = sum(size if numeric[key] else min(size, ROOM) for key, size in longest.items())
        least += GAP * (len(columns) - 1)
        if least <= screen.width:
            break
    headings = columns
    if not _fits(headings, longest, screen.width):
        headings = {key: _folded(heading, longest[key]) for key, heading in columns.items()}
    whole = _fits(headings, longest, screen.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key, heading in headings.items():
        table.add_column(
            heading,
            justify="right" if numeric[key] else "left",
            no_wrap=numeric[key] or (whole and longest[key] <= WHOLE),
            overflow="fold",
            min_width=longest[key] if numeric[key] else None,
        )
    for row in cells:
        table.add_row(*row.values())
    screen.print(table, width=max(screen.width, least), crop=False)


def _fits(headings: dict[str, str], longest: dict[str, int], width: int) -> bool:
    """Whether short cells stand side by side in full, beside `ROOM` for every longer one."""
    wanted = [
        max(longest[key], *map(len, heading.split("\n"))) if longest[key] <= WHOLE else ROOM
        for key, heading in headings.items()
    ]
    return sum(wanted) + GAP * (len(wanted) - 1) <= width


def _folded(heading: str, width: int) -> str:
    """The heading in lines of a width, or of its longest word's."""
    return textwrap.fill(
        heading, max(width, 1, *map(len, heading.split())), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _cell(value: Any, digits: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
        return text if len(text) <= digits else f"{Decimal(value):.3e}".replace("e+", "e")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def say(text: str) -> None:
    """One line on standard error, as it is."""
    console(stderr=True).print(text, soft_wrap=True)
