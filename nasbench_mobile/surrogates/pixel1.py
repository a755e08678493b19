"""Milliseconds on a Pixel 1, estimated from the layer graph by a fitted linear model."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.text_files import DAMAGE
from nasbench_mobile.networks.graph import Network, Node
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.surrogates.layer_features import FEATURES, node_counts
from nasbench_mobile.surrogates.segment_tables import SpaceTables
from nasbench_mobile.types import Failure, Kind, LatencyReading, Tokens

MODEL, SCHEMA = "linear-latency", 1
"""What a model file says it is."""

DIGITS = 9
"""A segment's milliseconds are multiples of 10^-9 ms: our choice, so that tables of them can be
read as integers and sums be exact."""

WHOLE = "network"
"""How breakdowns call the time that no layer takes."""


class Pixel1Latency:
    """Latency evaluator, an estimate; `from_file` reads what `fit latency` made.

    latency = sum over layers of coefficient * count (see `layer_features`) + a constant. Spaces
    that are `Segmented` are priced from per-segment tables, filled when a state is first seen;
    others by walking each network. Both give the same number: the sum of `segment_latency_ms`.
    """

    kind: Kind = "estimate"

    def __init__(
        self, coefficients_ns: Mapping[str, float], device: str = "pixel1", label: str = "pixel1"
    ) -> None:
        bad = {n: value for n, value in coefficients_ns.items() if not _is_coefficient(value)}
        if bad or set(coefficients_ns) != set(FEATURES):
            raise UsageError(
                f"latency coefficients are {dict(coefficients_ns)!r}; they must be numbers, finite "
                f"and at least 0, for each of {', '.join(FEATURES)}"
            )
        self.coefficients_ns = dict(coefficients_ns)
        self.device = device
        self._label = label
        self._tables = SpaceTables(self.segment_latency_ms)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Pixel1Latency:
        """Read a model file; `UsageError` where it is not one, or of another version's counts."""
        record = fitted_files.read(path, MODEL, SCHEMA)
        try:
            coefficients = dict(record["coefficients_ns"])
            return cls(coefficients, str(record["device"]), f"{Path(path).stem} (estimate)")
        except (*DAMAGE, UsageError) as error:
            raise UsageError(
                f"damaged latency model {path}: {error}; "
                "make it again with `nasbench-mobile fit latency`"
            ) from error

    @property
    def label(self) -> str:
        return self._label

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        """One reading per architecture, of its full-size network."""
        return [LatencyReading(self._tables.total(one)) for one in architectures]

    def network_latency(self, network: Network) -> LatencyReading:
        return LatencyReading(math.fsum(self.segment_latency_ms(network).values()))

    def segment_latency_ms(self, network: Network) -> dict[str, float]:
        """Milliseconds per segment (first part of the layers' names) in order, after `WHOLE`."""
        totals = {WHOLE: self.coefficients_ns["networks"]}
        for node in network:
            segment = node.name.split("/", 1)[0]
            totals[segment] = totals.get(segment, 0.0) + self._node_ns(node)
        return {segment: round(value * 1e-6, DIGITS) for segment, value in totals.items()}

    def layer_latency_ms(self, network: Network) -> dict[str, float]:
        """The milliseconds per layer that takes any, by name, in order, after `WHOLE`."""
        layers = {WHOLE: self.coefficients_ns["networks"] * 1e-6}
        for node in network:
            if cost := self._node_ns(node):
                layers[node.name] = layers.get(node.name, 0.0) + cost * 1e-6
        return layers

    def segment_tables(self, space: SearchSpace) -> tuple[float, tuple[dict[Tokens, float], ...]]:
        """(fixed ms, per segment of the space {tokens at its positions: ms}) over all its states.

        For exact solvers: the latency of tokens is the fixed part plus one entry of each table.
        `UsageError` for a space without segments.
        """
        return self._tables.of(space).complete()

    def _node_ns(self, node: Node) -> float:
        return sum(self.coefficients_ns[name] * amount for name, amount in node_counts(node))


def _is_coefficient(value: object) -> bool:
    return isinstance(value, int | float) and 0.0 <= value < math.inf
