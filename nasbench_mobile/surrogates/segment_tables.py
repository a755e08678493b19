"""Tables of an additive quantity per segment of a search space, filled as states are seen."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace, Segmented
from nasbench_mobile.types import Tokens


class SegmentTables:
    """A quantity of a network that is a sum over segments, for tokens of one `Segmented` space.

    `price(network)` gives {segment: quantity}. A network is built only when a segment's tokens
    are new; all its segments are entered then. Plain dictionaries, because strategies that ask one
    at a time give batches of one, and in larger ones making an array of the tokens costs as much.
    """

    def __init__(self, space: SearchSpace, price: Callable[[Network], Mapping[str, float]]) -> None:
        if not isinstance(space, Segmented) or not space.segments:
            raise UsageError(f"space {space.name!r} has no segments; price its networks one by one")
        self.space = space
        self._price = price
        self._segments = tuple(space.segments)
        self._getters: list[Callable[[Tokens], Any]] = [
            itemgetter(*positions) for _, positions in self._segments
        ]
        self._tables: list[dict[Any, float]] = [{} for _ in self._segments]
        self._looked_up = list(zip(self._tables, self._getters, strict=True))
        self._fixed: tuple[float, ...] = ()  # known once a first network was entered

    def total(self, tokens: Tokens) -> float:
        """The sum over segments, correctly rounded, so that no order of summing matters."""
        values = list(self._fixed)
        try:
            for table, getter in self._looked_up:
                values.append(table[getter(tokens)])
        except KeyError:  # a state that was not seen before
            return math.fsum(self._enter(tokens).values())
        return math.fsum(values)

    def _enter(self, tokens: Tokens) -> Mapping[str, float]:
        prices = self._price(self.space.network(tokens))
        for (name, _), table, getter in zip(
            self._segments, self._tables, self._getters, strict=True
        ):
            table[getter(tokens)] = prices.get(name, 0.0)
        names = {name for name, _ in self._segments}
        self._fixed = tuple(value for name, value in prices.items() if name not in names)
        return prices

    def complete(self) -> tuple[float, tuple[dict[Tokens, float], ...]]:
        """(fixed part, per segment {tokens at its positions: quantity} over all its states)."""
        sizes = [decision.cardinality for decision in self.space.decisions]
        tables = []
        for (_, positions), table in zip(self._segments, self._tables, strict=True):
            # Segments may share positions, so that states are entered one segment at a time.
            found = {}
            for state in itertools.product(*(range(sizes[position]) for position in positions)):
                key = state if len(state) > 1 else state[0]  # as itemgetter gives it
                if key not in table:
                    tokens = dict.fromkeys(range(len(sizes)), 0) | dict(
                        zip(positions, state, strict=True)
                    )
                    self._enter(tuple(tokens.values()))
                found[state] = table[key]
            tables.append(found)
        return math.fsum(self._fixed), tuple(tables)


class SpaceTables:
    """The same for architectures of any space: tables where it is `Segmented`, else networks."""

    def __init__(self, price: Callable[[Network], Mapping[str, float]]) -> None:
        self._price = price
        self._tables: list[SegmentTables] = []

    def total(self, architecture: Architecture) -> float:
        """The quantity of one architecture's full-size network."""
        for tables in self._tables:  # first, because isinstance of a Protocol is slow
            if tables.space is architecture.space:
                return tables.total(architecture.tokens)
        if isinstance(architecture.space, Segmented):
            return self.of(architecture.space).total(architecture.tokens)
        return math.fsum(self._price(architecture.network()).values())

    def of(self, space: SearchSpace) -> SegmentTables:
        """The tables of a space; `UsageError` for one without segments."""
        for tables in self._tables:
            if tables.space is space:
                return tables
        self._tables.append(SegmentTables(space, self._price))
        return self._tables[-1]
