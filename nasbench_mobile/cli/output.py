"""What commands print with: JSON on standard output, people's text through rich."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


WHOLE = 30
"""Cells up to this length are kept on one line: our choice, longer ones are sentences."""


def print_json(value: Any) -> None:
    """Indented JSON, and nothing else, on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def console(stderr: bool = False) -> Console:
    """A console of the terminal's width, plain and of a page's width where there is none."""
    from nasbench_mobile.report.terminal import make_console

    return make_console(stderr=stderr)


def print_table(columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Rows as a table, numbers to the right; `columns` maps keys of a row to headings, in order."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for key, heading in columns.items():
        numeric = all(isinstance(row.get(key), int | float | None) for row in rows)
        short = max((len(_cell(row.get(key))) for row in rows), default=0) <= WHOLE
        table.add_column(
            heading, justify="right" if numeric else "left", no_wrap=short, overflow="fold"
        )
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
