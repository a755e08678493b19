"""Latencies added to a table: each row's own network, every column kept or replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from nasbench_mobile.collecting.pricing import priced
from nasbench_mobile.collecting.references import references
from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import LatencyReading

SPACE = MnasNetSpace()
MODEL = next(m for m in references() if (m.name, m.width) == ("mobilenet-v2", 0.5))


@dataclass
class Layers:
    """As many milliseconds as layers; counts what it was asked."""

    asked: list[Network] = field(default_factory=list)
    label: str = "layers"
    device: str = "none"
    kind: Any = "estimate"

    def network_latency(self, network: Network) -> LatencyReading:
        self.asked.append(network)
        return LatencyReading(float(len(network.nodes)))

    def latency(self, architectures: Any) -> Any:
        raise NotImplementedError


def test_every_row_gets_its_networks_latency(synthetic_table: Callable[..., Table]) -> None:
    tokens = [SPACE.canonical((k, 1, 0, 2, k % 3, k % 3) * 7) for k in range(3)]
    table = synthetic_table(tokens=tokens, repeated=1)
    reference = Row(
        None, 0, "reference", name=MODEL.name, width=0.5, accuracy=0.5,
        latency_ms={"pixel1": 9.0},
    )  # fmt: skip
    table = replace(table, rows=(*table.rows, reference))
    layers = Layers()
    after = priced(table, SPACE, {"mine": layers})
    wanted = {one: float(len(SPACE.network(one).nodes)) for one in tokens}
    assert len(set(wanted.values())) > 1
    assert len(layers.asked) == 4  # each network once, however many its seeds
    for before, row in zip(table.rows, after.rows, strict=True):
        full = len(MODEL.full().nodes) if row.tokens is None else wanted[row.tokens]
        assert row.latency_ms == {**before.latency_ms, "mine": full}
        assert replace(row, latency_ms={}) == replace(before, latency_ms={})
    assert list(after.header.latency) == ["pixel1", "mine"]
    again = priced(after, SPACE, {"pixel1": layers})
    assert again.rows[0].latency_ms == {"pixel1": wanted[tokens[0]], "mine": wanted[tokens[0]]}
    assert again.header.latency["pixel1"]["kind"] == "estimate"


def test_another_space_or_an_unknown_model_is_named(
    synthetic_table: Callable[..., Table],
) -> None:
    table = synthetic_table(2)
    with pytest.raises(UsageError, match="not 'mnasnet'"):
        priced(table, MnasNetSpace(width=0.5), {})
    unknown = Row(None, 0, "reference", name=MODEL.name, width=0.55, accuracy=0.5)
    with pytest.raises(UsageError, match=r"mobilenet-v2 x0.55 at 224 px seed 0 is no reference"):
        priced(replace(table, rows=(unknown,)), SPACE, {"mine": Layers()})
