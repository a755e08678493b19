"""One training of one network: a row of a table."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import checked_whole_number
from nasbench_mobile.types import Tokens

Origin: TypeAlias = Literal["uniform", "around", "all", "given", "reference"]
"""How a network came into a table: drawn uniformly, by changing a given one, as one of all that a
space has, by being asked for, or as a reference model."""

COSTS_BY_NAME = 2
"""From this schema of a table on its columns are costs by name, with units in the header."""

_IN_FILE = {"latency_ms": "costs"}

RECORDED_WIDTH = "depth_multiplier"
"""What tables call a row's `width`: the name that they have always had for it."""

Identity: TypeAlias = tuple[Tokens | None, str | None, float, int]
TrainingKey: TypeAlias = tuple[Identity, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A training's outcome, or its `failure`; latency and counts are of the full-size network.

    `tokens` are canonical in the table's space; None for a reference model, which has a `name`, a
    `width` and an `input_size` (pixels, of the full-size network) instead. `accuracy`
    is a fraction on validation images, `history` that of every epoch. `latency_ms` has one entry
    per latency evaluator of the table, None where it could not tell; `other_costs` has those of
    columns that are no latencies, in the units that the table's header says.
    """

    tokens: Tokens | None
    seed: int
    origin: Origin
    name: str | None = None
    width: float = 1.0
    input_size: int = 224
    accuracy: float | None = None
    history: tuple[float, ...] = ()
    cost_s: float = 0.0
    latency_ms: dict[str, float | None] = field(default_factory=dict)
    parameters: int = 0
    multiply_adds: int = 0
    failure: str | None = None
    other_costs: dict[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.tokens is None) == (self.name is None):
            raise UsageError(f"a row has tokens {self.tokens} and name {self.name!r}; give one")
        if (self.accuracy is None) != (self.failure is not None):
            raise UsageError(
                f"a row has accuracy {self.accuracy} and failure {self.failure!r}; give one"
            )
        if self.accuracy is not None and not 0.0 <= self.accuracy <= 1.0:
            raise UsageError(f"accuracy is {self.accuracy}; it must be a fraction in [0, 1]")
        for label, latency in self.latency_ms.items():
            if latency is not None and not 0.0 < latency < math.inf:
                raise UsageError(f"latency {label} is {latency} ms; it must be finite and above 0")
        for label, cost in self.other_costs.items():
            if cost is not None and not 0.0 <= cost < math.inf:
                raise UsageError(f"cost {label} is {cost}; it must be finite and at least 0")

    @property
    def identity(self) -> Identity:
        """Which network the training is of."""
        return self.tokens, self.name, self.width, self.input_size

    @property
    def key(self) -> TrainingKey:
        """Which training the row is of; a table has one row for each, or one after its failures."""
        return self.identity, self.seed

    @property
    def words(self) -> str:
        """The training, for people."""
        if self.tokens is not None:
            what = ",".join(map(str, self.tokens))
        else:
            what = f"{self.name} x{self.width:g} at {self.input_size} px"
        return f"{what} seed {self.seed}"

    def record(self, schema: int) -> dict[str, Any]:
        """JSON values in a table of a schema; what equals its default is left out.

        From schema 2 on all columns stand under `costs`, before it there are latencies alone.
        """
        defaults = {"width": 1.0, "input_size": 224}
        values = asdict(self)
        others = values.pop("other_costs")
        if schema >= COSTS_BY_NAME:
            values = {_IN_FILE.get(key, key): value for key, value in values.items()}
            values["costs"].update(others)
        elif others:
            raise UsageError(f"a table of schema {schema} has no place for {', '.join(others)}")
        return {
            RECORDED_WIDTH if key == "width" else key: value
            for key, value in values.items()
            if value is not None and value != () and defaults.get(key) != value
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], others: Collection[str] | None = None) -> Row:
        """The row of a record; TypeError, KeyError or `UsageError` where it is none.

        `others` are the columns that are no latencies, None where latencies have a key of their own
        (schema 1).
        """
        values = dict(record)
        if others is not None:
            costs = dict(values.pop("costs", {}))
            values["other_costs"] = {key: costs.pop(key) for key in others if key in costs}
            values["latency_ms"] = costs
        if RECORDED_WIDTH in values:
            values["width"] = values.pop(RECORDED_WIDTH)
        tokens = values.pop("tokens", None)
        if tokens is not None:
            tokens = tuple(checked_whole_number("a token", token, 0) for token in tokens)
        if "seed" in values:
            values["seed"] = checked_whole_number("seed", values["seed"], 0)
        history = tuple(map(float, values.pop("history", ())))
        return cls(tokens, history=history, **values)
