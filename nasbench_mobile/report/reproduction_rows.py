"""What the page of the reproduction is made from: claims, printed tables and experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class ListedClaim(TypedDict):
    """A statement of the paper, how it is checked, and what became of it."""

    id: str
    section: str
    statement: str
    paper: str
    check: str
    tolerance: str
    contradiction: bool
    status: str
    detail: str
    benchmark: str | None


class ClaimRow(ListedClaim):
    """One with the name of the experiment that checks it."""

    experiment: str


class PrintedCell(TypedDict):
    """A printed figure, ours, how ours came about, and the letter of the note that says so."""

    paper: str | float | None
    ours: float | None
    how: str
    note: str


class PrintedRow(TypedDict):
    key: list[str]
    cells: list[PrintedCell]


class CellNote(TypedDict):
    letter: str
    how: str


class PrintedPage(TypedDict):
    """A table of the paper with ours in its cells, and the notes below it."""

    title: str
    keys: list[str]
    columns: list[str]
    rows: list[PrintedRow]
    notes: list[CellNote]


class ShownPicture(TypedDict):
    """A PNG, as Base64."""

    file: str
    caption: str
    base64: str


class ShownExperiment(TypedDict):
    """What the page shows of an experiment beside its claims.

    `claims` are its verdicts and `tables` those of its record; `command` makes it.
    """

    experiment: str
    title: str
    shows: str
    claims: Sequence[Mapping[str, Any]]
    tables: Sequence[Mapping[str, Any]]
    said: list[str]
    cost: Mapping[str, Any]
    pictures: list[ShownPicture]
    command: str
