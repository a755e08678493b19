"""Latency added up from a table of measured pieces: stem, layers and head, by key."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.lookup.block_keys import pieces
from nasbench_mobile.lookup.table_file import LookupFile, read_lookup
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.surrogates.segment_tables import SpaceTables
from nasbench_mobile.types import Failure, Kind, LatencyReading, Tokens


class LookupLatency:
    """Latency evaluator, an estimate from measurements; `from_file` reads what `lookup build` made.

    latency = reference's nominal milliseconds * scale * sum over pieces of their ratio to the
    reference (keys: see `block_keys`). It holds for chain networks whose pieces are in the table,
    at the table's width multiplier and input size; of others it says which piece is missing.
    """

    kind: Kind = "estimate"

    def __init__(self, table: LookupFile) -> None:
        if table.scale is None:
            raise UsageError(
                f"the look-up table of {table.device} is partial: it has {len(table.entries)} of "
                f"{table.keys} keys, or was not compared with whole networks yet; go on with "
                "`nasbench-mobile lookup build`"
            )
        self.table = table
        self.device = table.device
        factor = table.scale * table.reference_ms
        self._ms = {key: entry.ratio * factor for key, entry in table.entries.items()}
        self._tables = SpaceTables(self.segment_latency_ms)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> LookupLatency:
        """Read a table; `UsageError` where the file is none, or partial."""
        return cls(read_lookup(Path(path)))

    @property
    def label(self) -> str:
        table = self.table
        return f"look-up table, {table.runtime} {table.runtime_version}, {table.date} (estimate)"

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        """One reading per architecture; a failure where a piece of it is not in the table."""
        return [self._architecture(one) for one in architectures]

    def network_latency(self, network: Network) -> LatencyReading:
        return LatencyReading(math.fsum(self.segment_latency_ms(network).values()))

    def segment_latency_ms(self, network: Network) -> Mapping[str, float]:
        """The milliseconds per segment (stem, block1, ..., head) in order.

        `UsageError` names a key that is not in the table, `InvalidNetworkError` where the network
        is no chain of blocks.
        """
        totals: dict[str, float] = {}
        for piece in pieces(network):
            if piece.key not in self._ms:
                raise UsageError(
                    f"the look-up table of {self.device} has no key {piece.key!r} "
                    f"({piece.prefix}): it was filled for space {self.table.space!r} "
                    f"{self.table.space_options or ''}; build one for this network's space, or "
                    "measure the network whole"
                )
            totals[piece.segment] = totals.get(piece.segment, 0.0) + self._ms[piece.key]
        return totals

    def segment_tables(self, space: SearchSpace) -> tuple[float, tuple[dict[Tokens, float], ...]]:
        """(fixed ms, per segment of the space {tokens at its positions: ms}) over all its states.

        For exact solvers; `UsageError` for a space without segments or with other pieces.
        """
        return self._tables.of(space).complete()

    def _architecture(self, architecture: Architecture) -> LatencyReading | Failure:
        try:
            return LatencyReading(self._tables.total(architecture))
        except NasbenchError as error:
            return Failure(str(error))
