"""Latencies that are told as they come and, where they were measured, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from operator import index
from pathlib import Path
from typing import Any, TypeAlias

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.files.atomic_files import write_kept
from nasbench_mobile.files.json_files import checked, damaged, read_json
from nasbench_mobile.files.text_files import DAMAGE
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import LatencyEvaluator
from nasbench_mobile.types import Failure, Kind, LatencyReading, Tokens

TellLatency: TypeAlias = Callable[[LatencyReading | Failure], None]

_AGAIN = "remove it, and what it held is measured again"


class RecordedLatency:
    """Latency evaluator: another one's readings, each told to `tell`.

    With `keep`, a file, what was measured is read from there the next time: a search that is
    stopped within a batch measures no network twice. Estimates are not kept, they cost nothing.
    """

    def __init__(self, inner: LatencyEvaluator, tell: TellLatency, keep: Path | None) -> None:
        self._inner, self._tell = inner, tell
        self._keep = keep if inner.kind == "measured" else None
        self._known: dict[Tokens, LatencyReading] = {}
        if self._keep is not None and self._keep.exists():
            self._known = read_latencies(self._keep)

    @property
    def label(self) -> str:
        return self._inner.label

    @property
    def device(self) -> str:
        return self._inner.device

    @property
    def kind(self) -> Kind:
        return self._inner.kind

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        """One reading or failure per architecture, of its full-size network."""
        return [self._reading(architecture) for architecture in architectures]

    def network_latency(self, network: Network) -> LatencyReading:
        return self._inner.network_latency(network)

    def _reading(self, architecture: Architecture) -> LatencyReading | Failure:
        _, tokens = architecture.identity
        reading: LatencyReading | Failure | None = self._known.get(tokens)
        if reading is None:
            [reading] = self._inner.latency([architecture])
            if isinstance(reading, LatencyReading) and self._keep is not None:
                self._known[tokens] = reading
                _write(self._keep, self._known)
        self._tell(reading)
        return reading


def read_latencies(path: Path) -> dict[Tokens, LatencyReading]:
    """Measured latencies by tokens; `LogError` where the file is damaged."""
    rows = read_json(path, _AGAIN)
    try:
        return {tuple(map(index, row["tokens"])): _reading(path, row) for row in rows}
    except DAMAGE as error:
        reason = f"it holds no measured latencies ({type(error).__name__}: {error})"
        raise damaged(path, reason, _AGAIN) from None


def _reading(path: Path, row: dict[str, Any]) -> LatencyReading:
    for key in ("latency_ms", "cost_s"):
        checked(path, row, key, "a number", remedy=_AGAIN)
    checked(path, row, "sd_ms", "a number", none=True, remedy=_AGAIN)
    return LatencyReading(**{key: value for key, value in row.items() if key != "tokens"})


def _write(path: Path, known: dict[Tokens, LatencyReading]) -> None:
    rows = [{"tokens": list(tokens), **asdict(reading)} for tokens, reading in known.items()]
    write_kept(path, json.dumps(rows))
