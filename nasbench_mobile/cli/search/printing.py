"""The results of a search on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasbench_mobile.cli.shared.output import console, print_table
from nasbench_mobile.image_search.results import SearchResults
from nasbench_mobile.report.search_summary import NetworkRow
from nasbench_mobile.report.search_wording import how_measured, share_words, spent_words

COLUMNS = {
    "rank": "rank", "candidate": "candidate", "share": "trained for", "accuracy": "accuracy",
    "latency_ms": "ms", "reward": "reward", "front": "front", "parameters": "parameters",
    "multiply_adds": "multiply-adds",
}  # fmt: skip


def print_results(found: SearchResults) -> None:
    """The table, then for each of the best its file and what trains it fully and takes it away."""
    summary, screen = found.summary, console()
    screen.print(f"\n{spent_words(summary)}", soft_wrap=True)
    for reason, count in summary["failures"].items():
        times = "once" if count == 1 else f"{count:,} times"
        screen.print(f"failed {times}: {reason}", soft_wrap=True)
    if found.rows:
        shown = {row["rank"]: row for row in [*summary["best"], *summary["front"]]}
        _table([shown[rank] for rank in sorted(shown)], hidden=("share",))
        screen.print("front: none was both more accurate and faster")
    elif summary["longest"]:
        screen.print("trained longest, none of them in full:")
        _table(summary["longest"], hidden=("rank", "front"))
    if found.rows or summary["longest"]:
        screen.print(how_measured(summary), soft_wrap=True)
    if summary["beware"]:
        screen.print(summary["beware"], style="yellow", soft_wrap=True)
    for note in summary["notes"]:
        screen.print(f"note: {note}", soft_wrap=True)
    for number, row in enumerate(summary["best"] or summary["longest"], start=1):
        screen.print(f"\n{number}. {row['block_string']}", soft_wrap=True)
        for line in (row.get("tflite"), row["train"], row["export"]):
            if line is not None:
                screen.print(f"   {line}", soft_wrap=True)


def _table(rows: Sequence[NetworkRow], *, hidden: tuple[str, ...]) -> None:
    columns = {key: heading for key, heading in COLUMNS.items() if key not in hidden}
    print_table(columns, [_cells(row) for row in rows])


def _cells(row: NetworkRow) -> dict[str, Any]:
    return {
        **row,
        "accuracy": f"{row['accuracy']:.2%}",
        "front": "yes" if row.get("front") else "",
        "share": share_words(row.get("share", 1.0)),
    }
