"""Frozen values that everything else is written in. Standard library and numpy only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from nasbench_mobile.costs import UNITS, Cost, OtherCosts, other_costs
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import kept_options

Tokens: TypeAlias = tuple[int, ...]
"""What a strategy proposes: one int per decision, `0 <= tokens[i] < decisions[i].cardinality`."""

Kind: TypeAlias = Literal["estimate", "measured", "synthetic"]
"""How a figure came about: by a fitted model, by measuring, or by a made-up function."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice of a search space.

    `labels` (one per value, may be empty) are for people; strategies use `cardinality` and
    `ordered` alone. `ordered` says that neighbouring values are alike (kernel 3 < 5).
    """

    name: str
    cardinality: int
    ordered: bool = False
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.cardinality < 1:
            raise UsageError(
                f"decision {self.name!r} has cardinality {self.cardinality}; it needs at least 1"
            )
        if self.labels and len(self.labels) != self.cardinality:
            raise UsageError(
                f"decision {self.name!r} has {len(self.labels)} labels for "
                f"{self.cardinality} values; give one label per value or none"
            )


@dataclass(frozen=True, slots=True)
class Proposal:
    """Tokens that a strategy asks to have evaluated; `id` is its own, unique within a run.

    `fidelity` is the share of the evaluator's full training to spend, in (0, 1]; less than 1 only
    where the evaluator is `Scalable`. It is what the proposal is charged.
    """

    id: int
    tokens: Tokens
    fidelity: float = 1.0


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How much an accuracy was trained for, and on which size of network; None where nobody says.

    `width` and `input_size` (pixels) are those of the network that was trained, which a proxy may
    shrink; latency is always that of the full network. Part of the key under which a measurement
    is reused.
    """

    epochs: float | None = None
    data: str | None = None
    width: float = 1.0
    input_size: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A measurement that gave no number, and the reason. It is a value, not an exception."""

    reason: str


@dataclass(frozen=True, slots=True)
class AccuracyReading:
    """What an accuracy evaluator gives for one architecture: a fraction in [0, 1].

    `sd` is its standard deviation where known, `cost_s` the seconds it took (or would have
    taken), `extrapolated` that the model behind it has seen nothing like it.
    """

    accuracy: float
    sd: float | None = None
    cost_s: float = 0.0
    extrapolated: bool = False
    fidelity: Fidelity | None = None


@dataclass(frozen=True, slots=True)
class LatencyReading:
    """What a latency evaluator gives for one architecture, in milliseconds, and its spread.

    `cost_s` is the seconds it took. `other_costs` are those of using the network that it measured
    besides, such as energy in mJ, by name. They are looked at where a reading is taken in.
    """

    latency_ms: float
    sd_ms: float | None = None
    cost_s: float = 0.0
    other_costs: Mapping[str, Cost] | OtherCosts | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """Accuracy (fraction in [0, 1]) and costs of one architecture, of which latency is one.

    Latency is of the full-size network in ms. `other_costs` are those beside it, None where there
    are none; a mapping of names to `Cost` may be given. `cost_s` is another thing: the seconds that
    evaluating took. Checks itself: accuracy finite in [0, 1], latency finite and positive.
    """

    accuracy: float
    latency_ms: float
    accuracy_sd: float | None = None
    latency_sd_ms: float | None = None
    fidelity: Fidelity | None = None
    cost_s: float = 0.0
    extrapolated: bool = False
    other_costs: OtherCosts | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.accuracy <= 1.0:  # NaN fails this too
            raise UsageError(
                f"accuracy is {self.accuracy!r}; it must be a fraction in [0, 1] (not percent)"
            )
        if not (self.latency_ms > 0.0 and math.isfinite(self.latency_ms)):
            raise UsageError(
                f"latency_ms is {self.latency_ms!r}; it must be finite and above 0 milliseconds"
            )
        if self.other_costs is not None:
            object.__setattr__(self, "other_costs", other_costs(self.other_costs))

    @property
    def costs(self) -> Mapping[str, Cost]:
        """All costs by name, latency first; made anew at each look."""
        latency = Cost(self.latency_ms, UNITS["latency"], self.latency_sd_ms)
        return MappingProxyType({"latency": latency, **dict(self.other_costs or ())})


@dataclass(frozen=True, slots=True)
class Trial:
    """A proposal with its measurement and reward, or with its failure.

    `repeat_of` is the id of the first proposal of the run that meant the same architecture (its
    measurement is reused and the repeat is charged), else None.
    """

    proposal: Proposal
    measurement: Measurement | None = None
    reward: float | None = None
    failure: str | None = None
    repeat_of: int | None = None

    def __post_init__(self) -> None:
        if (self.failure is None) != (self.measurement is not None and self.reward is not None):
            raise UsageError(
                f"trial {self.proposal.id} has measurement {self.measurement!r}, reward "
                f"{self.reward!r} and failure {self.failure!r}; it needs either a measurement "
                "with a reward, or a failure"
            )

    @property
    def tokens(self) -> Tokens:
        return self.proposal.tokens

    @property
    def ok(self) -> bool:
        """Whether the trial has a reward."""
        return self.failure is None

    @property
    def counts(self) -> bool:
        """Whether the trial is a result of its run: it has a reward, and after a full training.

        A partial training teaches a strategy which architectures to train longer; its accuracy is
        of another fidelity, so it is never a best network, on a front, or a starting point.
        """
        return self.failure is None and self.proposal.fidelity == 1.0


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy's name in the catalogue (or `file.py:Class`) and its explicit options.

    `alias` is what to call it instead of its name and options. Options are such that files give
    them back as they are; a label can be printed on one line.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    alias: str | None = None

    def __post_init__(self) -> None:
        kept = kept_options(repr(self.name), self.options)
        object.__setattr__(self, "options", kept)
        if self.alias == self._own_label:
            object.__setattr__(self, "alias", None)
        if self.alias is not None and (not self.alias.strip() or "=" in self.alias):
            raise UsageError(
                f"strategy {self.name!r} has the label {self.alias!r}; give it a word without ="
            )
        if not self.label.isprintable() or self.label != self.label.strip():
            raise UsageError(
                f"a strategy's label is {self.label!r}; it may not begin or end with blanks, nor "
                "hold line ends or other characters that cannot be printed"
            )

    @property
    def label(self) -> str:
        """The name in tables and folders: the alias, else `name` or `name:option=value,...`."""
        return self._own_label if self.alias is None else self.alias

    @property
    def _own_label(self) -> str:
        if not self.options:
            return self.name
        given = ",".join(f"{key}={value}" for key, value in sorted(self.options.items()))
        return f"{self.name}:{given}"

    def record(self) -> dict[str, Any]:
        """The JSON values from which `StrategySpec(**record)` makes it again."""
        record: dict[str, Any] = {"name": self.name, "options": self.options}
        return record if self.alias is None else {**record, "alias": self.alias}


Family: TypeAlias = Literal["reinforcement learning", "evolution", "Bayesian", "simple"]


@dataclass(frozen=True, slots=True)
class StrategyCard:
    """What lists and documents say of a strategy; its class carries it as `card`.

    `library` does the work ("numpy" where the file itself does), `source` is the paper or page it
    follows, `shines` one sentence on when to choose it.
    """

    family: Family
    library: str
    source: str
    shines: str
