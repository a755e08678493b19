"""A look-up table on disk: JSON that people can read, one key a line, whole or partly filled."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.text_files import DAMAGE
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.types import Tokens

MODEL, SCHEMA = "latency-lookup", 1
"""What a table's file says it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece: its ratio to the reference network, as every pass over the table saw it.

    Its `ratio` is the mean without an eighth of the looks at either end: models lie elsewhere in
    memory in every pass, which a mean evens out, and a pass that something disturbed is left aside.
    """

    looks: tuple[float, ...]

    @property
    def ratio(self) -> float:
        aside = len(self.looks) // 8
        return statistics.fmean(sorted(self.looks)[aside : len(self.looks) - aside])


@dataclass(frozen=True, slots=True)
class LookupFile:
    """A table of `keys` keys, when it is complete, each looked at `passes` times.

    `scale` is what makes sums of ratios into whole networks; it is None while the table is partial.
    `reference_ms` is the nominal latency of the reference network, which ratios are of. `whole` are
    the networks (tokens) that `scale` is fitted to, with the ratios they were measured to have.
    """

    space: str
    space_options: Mapping[str, Any]
    device: str
    runtime: str
    runtime_version: str
    reference: str
    reference_ms: float
    passes: int
    date: str
    keys: int
    scale: float | None = None
    whole: tuple[tuple[Tokens, float], ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def fitted_to(self) -> frozenset[Tokens]:
        """The whole networks behind `scale`: a check keeps away from them."""
        return frozenset(tokens for tokens, _ in self.whole)

    def made_by(self) -> dict[str, Any]:
        """What must be equal for two parts to be of one table."""
        names = ("space", "space_options", "device", "runtime", "runtime_version", "reference")
        return {name: getattr(self, name) for name in names}


def write_lookup(path: Path, table: LookupFile) -> None:
    """Write a table in one step: a reader, or a machine that stops, never leaves half of one."""
    record: dict[str, Any] = {"model": MODEL, "schema": SCHEMA}
    for name in LookupFile.__dataclass_fields__:
        record[name] = getattr(table, name)
    record["entries"] = {k: [_short(x) for x in e.looks] for k, e in table.entries.items()}
    record["whole"] = [[tokens, _short(ratio)] for tokens, ratio in table.whole]
    try:
        write_whole(path, fitted_files.to_json(record), durable=True)
    except OSError as error:
        raise UsageError(f"cannot write the table {path}: {error.strerror}") from error


def read_lookup(path: Path) -> LookupFile:
    """The table in a file; `UsageError` where it holds none, or a damaged one."""
    record = fitted_files.read(path, MODEL, SCHEMA)
    try:
        values = {name: record[name] for name in LookupFile.__dataclass_fields__}
        values["entries"] = {key: _entry(looks) for key, looks in record["entries"].items()}
        values["whole"] = tuple(
            (tuple(map(operator.index, tokens)), _positive(ratio))
            for tokens, ratio in record["whole"]
        )
        for name in ("reference_ms", *(["scale"] if values["scale"] is not None else [])):
            values[name] = _positive(values[name])
        return LookupFile(**values)
    except DAMAGE as error:
        raise UsageError(
            f"damaged look-up table {path}: {type(error).__name__}: {error}; make it again with "
            "`nasbench-mobile lookup build`"
        ) from error


def _entry(looks: Any) -> Entry:
    if not looks:
        raise ValueError("a key without a ratio")
    return Entry(tuple(_positive(ratio) for ratio in looks))


def _positive(value: Any) -> float:
    if not 0.0 < float(value) < math.inf:
        raise ValueError(f"{value!r} is not above 0")
    return float(value)


def _short(value: float) -> float:
    """Round to six digits, ten times finer than anything measured."""
    return float(f"{value:.6g}")
