"""One training of one network: a row of a table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import checked_whole_number
from nasbench_mobile.types import Tokens

Origin: TypeAlias = Literal["uniform", "around", "all", "given", "reference"]
"""How a network came into a table: drawn uniformly, by changing a given one, as one of all that a
space has, by being asked for, or as a reference model."""

Identity: TypeAlias = tuple[Tokens | None, str | None, float, int]
Key: TypeAlias = tuple[Identity, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A training's outcome, or its `failure`; latency and counts are of the full-size network.

    `tokens` are canonical in the table's space; None for a reference model, which has a `name`, a
    `depth_multiplier` and an `input_size` (pixels, of the full-size network) instead. `accuracy`
    is a fraction on validation images, `history` that of every epoch. `latency_ms` has one entry
    per latency evaluator of the table, None where it could not tell.
    """

    tokens: Tokens | None
    seed: int
    origin: Origin
    name: str | None = None
    depth_multiplier: float = 1.0
    input_size: int = 224
    accuracy: float | None = None
    history: tuple[float, ...] = ()
    cost_s: float = 0.0
    latency_ms: dict[str, float | None] = field(default_factory=dict)
    parameters: int = 0
    multiply_adds: int = 0
    failure: str | None = None

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

    @property
    def identity(self) -> Identity:
        """Which network it is of."""
        return self.tokens, self.name, self.depth_multiplier, self.input_size

    @property
    def key(self) -> Key:
        """Which training it is of: a table has one row for each, or one after its failures."""
        return self.identity, self.seed

    @property
    def words(self) -> str:
        """The training, for people."""
        if self.tokens is not None:
            what = ",".join(map(str, self.tokens))
        else:
            what = f"{self.name} x{self.depth_multiplier:g} at {self.input_size} px"
        return f"{what} seed {self.seed}"

    def record(self) -> dict[str, Any]:
        """JSON values; what equals its default is left out."""
        defaults = {"depth_multiplier": 1.0, "input_size": 224}
        return {
            key: value
            for key, value in asdict(self).items()
            if value is not None and value != () and defaults.get(key) != value
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Row:
        """The row of a record; TypeError, KeyError or `UsageError` where it is none."""
        values = dict(record)
        tokens = values.pop("tokens", None)
        if tokens is not None:
            tokens = tuple(checked_whole_number("a token", token, 0) for token in tokens)
        if "seed" in values:
            values["seed"] = checked_whole_number("seed", values["seed"], 0)
        history = tuple(map(float, values.pop("history", ())))
        return cls(tokens, history=history, **values)
