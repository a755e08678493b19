"""What commands print with: JSON on standard output, people's text through rich."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_json(value: Any) -> None:
    """Indented JSON, and nothing else, on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def console(stderr: bool = False) -> Console:
    """A console that is plain where there is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def print_table(columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """Rows as a table; `columns` maps a row's key to its heading, in order."""
    from rich.table import Table

    table = Table(*columns.values(), box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
