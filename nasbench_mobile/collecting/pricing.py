"""More latencies for a table that is there, without training anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nasbench_mobile.collecting.collector import Latencies, latency_ms
from nasbench_mobile.collecting.references import references
from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.tables.row import Identity, Row
from nasbench_mobile.tables.table import Table, latency_columns, space_record


def priced(table: Table, space: SearchSpace, latencies: Latencies) -> Table:
    """The table with these latencies in every row, in place of columns of the same names."""
    if space_record(space) != table.header.space:
        raise UsageError(f"the table is of space {table.header.space}, not {space.name!r}")
    known: dict[Identity, Mapping[str, Any]] = {}
    rows = []
    for row in table.rows:
        if row.identity not in known:
            network = _network(row, space)
            known[row.identity] = {k: latency_ms(one, network) for k, one in latencies.items()}
        rows.append(replace(row, latency_ms={**row.latency_ms, **known[row.identity]}))
    latency = {**table.header.latency, **latency_columns(latencies)}
    header = replace(table.header, latency=latency)
    return replace(table, header=header, rows=tuple(rows))


def _network(row: Row, space: SearchSpace) -> Network:
    if row.tokens is not None:
        return space.network(row.tokens)
    for model in references():
        if (None, model.name, model.width, model.input_size) == row.identity:
            return model.full()
    raise UsageError(f"{row.words} is no reference model of this version; nothing says what it is")
