"""What is kept of a sample: a line for every mutant, figures of each room, and who survived."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.population import Mutant

EQUIVALENT = Path(__file__).parent / "equivalent.toml"
BAR = 0.85
OUTCOMES = ("caught", "timeout", "equivalent", "survived")


@dataclass(frozen=True)
class Equivalent:
    """A change that changes nothing anyone could notice, and why. Lines may move around it."""

    file: str
    within: str
    old: str
    new: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"the equivalent change of {self.old!r} in {self.file} has no reason")

    @property
    def change(self) -> tuple[str, str, str, str]:
        return self.file, self.within, self.old, self.new


def read_equivalents(path: Path = EQUIVALENT) -> list[Equivalent]:
    """The named ones; lines are compared without their indentation."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    return [Equivalent(**{name: _stripped(value) for name, value in row.items()}) for row in rows]


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().split("\n"))


def row_of(mutant: Mutant, outcome: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "room": mutant.room, "file": mutant.file, "within": mutant.within, "line": mutant.line,
        "operator": mutant.operator, "old": mutant.old, "new": mutant.new, **outcome,
        "diff": mutant.diff,
    }  # fmt: skip


def key_of(row: Mapping[str, Any]) -> str:
    return f"{row['file']}:{row['within']}:{row['line']}: {row['old']} -> {row['new']}"


def read_rows(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The head of a record and its mutants; a torn last line is left out."""
    if not path.exists():
        return {}, []
    found = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return (found[0], found[1:]) if found else ({}, [])


def judged(rows: Iterable[Mapping[str, Any]], named: Iterable[Equivalent]) -> list[dict[str, Any]]:
    """Rows with survivors that are named equivalent called so, and their reason."""
    reasons = {one.change: one.reason for one in named}
    found = []
    for row in rows:
        reason = reasons.get((row["file"], row["within"], row["old"], row["new"]))
        if row["outcome"] == "survived" and reason:
            row = {**row, "outcome": "equivalent", "reason": reason}
        found.append(dict(row))
    return found


def summary(
    head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], named: Iterable[Equivalent]
) -> dict[str, Any]:
    """Figures of each room and of all; a share is of those caught, timed out or equivalent."""
    rows = judged(rows, named)
    rooms = {
        room: _figures([row for row in rows if row["room"] == room])
        for room in dict.fromkeys(row["room"] for row in rows)
    }
    return {
        **head, "all": _figures(rows), "rooms": rooms, "bar": BAR,
        "equivalents": [row for row in rows if row["outcome"] == "equivalent"],
        "survivors": [row for row in rows if row["outcome"] == "survived"],
    }  # fmt: skip


def _figures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = Counter(row["outcome"] for row in rows)
    noticed = len(rows) - counts["survived"]
    return {
        "mutants": len(rows), **{outcome: counts[outcome] for outcome in OUTCOMES},
        "share": round(noticed / len(rows), 4) if rows else None,
        "cpu_s": round(sum(row["cpu_s"] for row in rows), 1),
    }  # fmt: skip


def page(found: Mapping[str, Any]) -> str:
    """The summary as a page to read."""
    whole = found["all"]
    lines = [
        "# Which changes of the code the tests notice", "",
        f"A sample of {whole['mutants']} one-place changes (cosmic-ray {found['cosmic_ray']}, seed "
        f"{found['seed']}, commit {found['commit'][:12]}), each against its room's tests without "
        "the slow ones, as `tox run -e mutation` draws and tries them; the rooms are those of "
        "`tests/mutation/rooms.toml`. Outside data was absent, so that tests which need it did "
        "not run. `equivalent` are survivors that `tests/mutation/equivalent.toml` names with a "
        f"reason. Noticed are {_share(whole)} of all (the bar is {found['bar']:.0%}), in "
        f"{(whole['cpu_s'] + found['baseline_cpu_s']) / 60:.1f} minutes of CPU time, of which "
        f"{found['baseline_cpu_s'] / 60:.1f} went to find which test runs which line.", "",
        "| room | places | tried | caught | timeout | equivalent | survived | noticed | CPU s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    places: Mapping[str, int] = found["places"]
    for room, one in [*found["rooms"].items(), ("all", whole)]:
        count = sum(places.values()) if room == "all" else places[room]
        lines.append(
            f"| {room} | {count} | {one['mutants']} | "
            + " | ".join(str(one[outcome]) for outcome in OUTCOMES)
            + f" | {_share(one)} | {one['cpu_s']:.0f} |"
        )
    for title, rows in (("Survivors", found["survivors"]), ("Equivalent", found["equivalents"])):
        if rows:
            lines += ["", f"## {title}"]
        for row in rows:
            lines += ["", f"`{row['file']}` line {row['line']}: {row.get('reason') or _why(row)}"]
            lines += ["", "```diff", row["diff"], "```"]
    return "\n".join(lines) + "\n"


def _share(figures: Mapping[str, Any]) -> str:
    return "-" if figures["share"] is None else f"{figures['share']:.1%}"


def _why(row: Mapping[str, Any]) -> str:
    return row["by"] or f"{row['tests']} tests passed"
