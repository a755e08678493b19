"""One page that holds what a search found: no network, no scripts, images inside."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from jinja2 import Template
from markupsafe import Markup

from nasbench_mobile.report.labels import latency_label
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.search_plots import draw_front, draw_history
from nasbench_mobile.report.search_summary import NetworkRow, SearchSummary
from nasbench_mobile.report.search_wording import (
    how_measured,
    how_trained,
    share_words,
    spent_words,
)
from nasbench_mobile.report.templates import page_template, room_text
from nasbench_mobile.report.wording import number, percent
from nasbench_mobile.runs.run import Run

LISTED = 20
"""How many networks the page lists beside the front: our choice, a screenful; trials.csv has all.
"""

Rows: TypeAlias = Sequence[NetworkRow]
Draw: TypeAlias = Callable[[Run, Rows, SearchSummary], bytes | None]


def _history(run: Run, rows: Rows, summary: SearchSummary) -> bytes | None:
    return _png(draw_history(run, summary))


def _front(run: Run, rows: Rows, summary: SearchSummary) -> bytes | None:
    """The picture of the front; None where no candidate has an accuracy."""
    if not any(trial.ok for trial in run.trials):
        return None
    return _png(draw_front(run, rows, summary, latency_label(run.header.benchmark)))


PLOTS: tuple[tuple[str, str, Draw], ...] = (
    ("front", "Accuracy and latency of the networks; the front: none is both better and faster",
     _front),
    ("history", "Accuracy and reward of every candidate, in the order they were tried", _history),
)  # fmt: skip
"""The name of the file, caption, and what draws it."""


def search_page(
    run: Run,
    rows: Rows,
    summary: SearchSummary,
    plots: Sequence[tuple[str, bytes]],
    drawings: Sequence[str] = (),
    *,
    nothing: str | None,
    resume: str | None,
    command: str,
) -> str:
    """The page as HTML.

    `rows` are the networks trained in full, best first, and `summary` is what `best.json` holds;
    `plots` are (caption, PNG), `drawings` trusted `<svg>` elements of the summary's best.
    `nothing` says why there is no result, `resume` is the command that goes on with a search which
    is not at its end; either may be None. Everything but the drawings is escaped.
    """
    listed = [row for row in rows if row["rank"] <= LISTED or row["front"]]
    return _template().render(
        summary=summary, rows=listed, more=len(rows) - len(listed), nothing=nothing, resume=resume,
        command=command, css=Markup(room_text("style.css")), header=run.header,
        latency_label=latency_label(run.header.benchmark),
        spent=spent_words(summary), measured=how_measured(summary),
        trained=how_trained(summary),
        within=sum(row["latency_ms"] <= summary["target_ms"] for row in rows),
        fastest=min((row["latency_ms"] for row in rows), default=None), found=len(rows),
        unspent=summary["finished"] and summary["budget"] - summary["spent"] >= 1,
        plots=[{"title": title, "base64": base64.b64encode(png).decode()} for title, png in plots],
        # inside HTML an svg element needs no name space, and the page names no address
        drawings=[
            {"row": row, "svg": Markup(svg.replace(' xmlns="http://www.w3.org/2000/svg"', ""))}
            for row, svg in zip(summary["best"], drawings, strict=False)
        ],
    )  # fmt: skip


def _template() -> Template:
    filters: dict[str, Callable[..., Any]] = {
        "number": number,
        "percent": percent,
        "share": share_words,
        "sentence": lambda text: text[:1].upper() + text[1:],
        "count": lambda value: f"{value:,}",
        "pretty": lambda value, indent=2: json.dumps(value, indent=indent, ensure_ascii=False),
    }
    return page_template("search_page.html", filters)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    save(figure, buffer)
    return buffer.getvalue()
