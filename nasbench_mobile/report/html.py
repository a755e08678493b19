"""One page that holds a study's whole report: no network, no scripts, images inside."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from nasbench_mobile.metrics.statistics import LEAST_FOR_INTERVAL
from nasbench_mobile.report.comparison import Comparison
from nasbench_mobile.report.labels import latency_label
from nasbench_mobile.report.notes import (
    counts_note,
    mark,
    notes,
    row_notes,
    spent,
    stopped_early,
    within_target,
)
from nasbench_mobile.report.summary import Summary
from nasbench_mobile.report.templates import page_template, room_text
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.report.wording import (
    against_random,
    headline,
    interval,
    number,
    percent,
    signed,
    spread,
)


def page(
    comparison: Comparison,
    summary: Summary,
    plots: Sequence[tuple[str, bytes]],
    drawings: Sequence[str] = (),
    command: str | None = None,
) -> str:
    """The report as HTML.

    `plots` are (caption, PNG); `drawings` are trusted `<svg>` elements of the first of the
    summary's best architectures (`architecture_svg`). Everything else is escaped.
    """
    rows = summary["best_architectures"]
    return _template().render(
        summary=summary,
        headline=headline(summary),
        verdict=verdict(summary),
        css=Markup(room_text("style.css")),
        notes=notes(summary),
        row_notes=[
            f"{row['label']} {note}."
            for row in summary["strategies"]
            for note in row_notes(row, summary)
        ],
        counts_note=counts_note(summary),
        measured=summary["latency"]["kind"] == "measured",
        least_for_interval=LEAST_FOR_INTERVAL,
        intervals=any(row["best_reward"]["ci95"] for row in summary["strategies"]),
        unspent=[row for row in summary["strategies"] if row["unspent"]],
        latency_label=latency_label(comparison.benchmark),
        plots=[{"title": title, "base64": base64.b64encode(png).decode()} for title, png in plots],
        # inside HTML an svg element needs no name space, and the page names no address
        drawings=[
            {"row": row, "svg": Markup(svg.replace(' xmlns="http://www.w3.org/2000/svg"', ""))}
            for row, svg in zip(rows, drawings, strict=False)
        ],
        extrapolated=any(row["extrapolated"] for row in rows),
        incomplete=[
            run | {"label": row["label"]}
            for row in summary["strategies"]
            for run in row["incomplete"]
        ],
        benchmark=comparison.benchmark,
        environments=_environments(comparison),
        command=command or _command(comparison),
    )


def _template() -> Template:
    filters: dict[str, Callable[..., Any]] = {
        "number": number,
        "percent": percent,
        "interval": interval,
        "against_random": against_random,
        "hundredfold": lambda fraction: 100.0 * fraction,
        "mark": mark,
        "spent": spent,
        "spread": spread,
        "stopped_early": stopped_early,
        "within_target": within_target,
        "signed": signed,
        "count": lambda value: f"{value:,}" if isinstance(value, int) else "–",
        "p_value": lambda p: "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.2g}",
        "pretty": lambda value, indent=2: json.dumps(value, indent=indent, ensure_ascii=False),
    }
    return page_template("template.html", filters)


def _environments(comparison: Comparison) -> list[dict[str, Any]]:
    """The distinct environments of the runs, in order of appearance."""
    distinct = {
        json.dumps(scored.run.header.environment, sort_keys=True): scored.run.header.environment
        for group in comparison.strategies
        for scored in group.runs
    }
    return list(distinct.values())


def _command(comparison: Comparison) -> str | None:
    given = comparison.strategies[0].runs[0].run.header.environment.get("command")
    return " ".join(map(str, given)) if isinstance(given, list | tuple) else given
