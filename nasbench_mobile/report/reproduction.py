"""The page of the reproduction: every claim, every printed figure with ours, every picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from markupsafe import Markup, escape

from nasbench_mobile.report.reproduction_rows import ClaimRow, PrintedPage, ShownExperiment
from nasbench_mobile.report.templates import page_template, room_text
from nasbench_mobile.report.wording import NOTHING


class _Stated(ShownExperiment):
    """One with its claims, and how many of them are exact, hold, do not, need more."""

    statements: list[ClaimRow]
    counts: list[int]


class _Group(TypedDict):
    """Claims of which the same became, under a heading; `colour` is a class of the page."""

    id: str
    title: str
    note: str
    colour: str
    claims: list[ClaimRow]


def page(
    *,
    claims: Sequence[ClaimRow],
    tables: Sequence[PrintedPage],
    experiments: Sequence[ShownExperiment],
    cost: Mapping[str, float],
    quick: bool,
) -> str:
    """HTML of one page without network and scripts; all text is escaped, pictures are inside.

    `cost` is wall_s and cpu_s of all of it; `quick` says that some of it was run in a small form.
    """
    filters: dict[str, Callable[..., Any]] = {
        "figure": _figure, "slug": _slug, "duration": _duration, "sentence": _sentence,
        "marked": _marked,
    }  # fmt: skip
    template = page_template("reproduction.html", filters)
    return template.render(
        claims=claims, groups=list(_groups(claims)), tables=tables, cost=cost, quick=quick,
        experiments=[_with_statements(one, claims) for one in experiments],
        css=Markup(room_text("style.css")),
    )  # fmt: skip


GROUPS: tuple[tuple[str, str, bool | None, str], ...] = (
    (
        "does not hold",
        "does not hold here",
        False,
        "Tested on our benchmark or by our estimate, and not found.",
    ),
    (
        "does not hold",
        "printed figures disagree",
        True,
        "With each other, with their sources, with the released networks, or with the paper's own "
        "equations: these do not hold either, whatever the benchmark.",
    ),
    ("holds on our benchmark", "holds on our benchmark", None, ""),
    ("exact", "exact", None, ""),
    (
        "needs ImageNet/a phone",
        "needs ImageNet/a phone",
        None,
        "Not judged: the command checks it where the data or the phone is.",
    ),
    ("needs COCO detection", "needs COCO detection", None, "Not judged."),
    ("not run", "not run", None, "The folder has no finished run of their experiments."),
)
"""Status, title, whether a contradiction (None: either), note: what is news comes first."""


def _groups(claims: Sequence[ClaimRow]) -> Iterator[_Group]:
    """Claims by what became of them, in the order of `GROUPS`; groups without any are left out."""
    for number, (status, title, contradiction, note) in enumerate(GROUPS):
        own = [
            claim
            for claim in claims
            if claim["status"] == status
            and (contradiction is None or claim["contradiction"] == contradiction)
        ]
        if own:
            yield {
                "id": f"group-{number}",
                "title": title,
                "note": note,
                "colour": _slug(status),
                "claims": own,
            }


def _with_statements(experiment: ShownExperiment, claims: Sequence[ClaimRow]) -> _Stated:
    own = [claim for claim in claims if claim["experiment"] == experiment["experiment"]]
    tally = Counter(claim["status"] for claim in own)
    judged = [tally[status] for status in ("exact", "holds on our benchmark", "does not hold")]
    return {**experiment, "statements": own, "counts": [*judged, len(own) - sum(judged)]}


def _figure(value: Any) -> str:
    """A cell: numbers to four digits, a dash for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _sentence(text: str) -> str:
    """With a capital letter, where it does not begin with code."""
    return text[:1].upper() + text[1:]


def _marked(text: str) -> Markup:
    """Escaped, with words in backticks as code."""
    parts = text.split("`")
    escaped = [str(escape(part)) for part in parts]
    if len(parts) % 2 == 0:
        return Markup("`".join(escaped))
    return Markup("").join(
        Markup(f"<code>{part}</code>") if place % 2 else Markup(part)
        for place, part in enumerate(escaped)
    )


def _slug(status: str) -> str:
    """A status as a class name of the page."""
    return {"exact": "good", "holds on our benchmark": "good", "does not hold": "bad"}.get(
        status, "open"
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.1f} s"
