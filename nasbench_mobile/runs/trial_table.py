"""Trials kept as arrays: about a hundred bytes each, where objects take seven hundred."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import LogError
from nasbench_mobile.runs.cost_columns import CostColumns
from nasbench_mobile.types import Fidelity, Measurement, Proposal, Trial

Floats = NDArray[np.float64]

_NO_ID = -(2**63)
"""Stands for no id among the ids that repeats are of."""

_NUMBERS = ("share", "reward", "accuracy", "latency_ms", "true_accuracy", "accuracy_sd",
            "latency_sd_ms", "cost_s")  # fmt: skip


class TrialTable(Sequence[Trial]):
    """A run's trials in the order they were told; each is made anew when it is asked for.

    Arrays of shape `(trials,)`: `ids`, `share` of a full training, `reward`, `accuracy` (fraction),
    `latency_ms` and `true_accuracy`, the last four NaN where a trial failed; `repeat_of` with
    `repeat`; `tokens` has shape `(trials, decisions)`. `failures` has the reasons by position.
    Nobody may write into them. `LogError` where trials have not one number of tokens.
    """

    def __init__(self, pairs: Iterable[tuple[Trial, Measurement | None]]) -> None:
        """Make the table of trials, each with its noise-free measurement (None where it failed)."""
        numbers = {name: array("d") for name in _NUMBERS}
        ids, repeats = array("q"), array("q")
        extrapolated, tokens = array("b"), array("H")
        fidelity_of = array("i")
        fidelities: dict[Fidelity | None, int] = {}
        self.failures: dict[int, str] = {}
        self._other_costs = CostColumns()
        columns = [numbers[name].append for name in _NUMBERS]
        for position, (trial, true) in enumerate(pairs):
            seen, proposal = trial.measurement, trial.proposal
            ids.append(proposal.id)
            repeats.append(_NO_ID if trial.repeat_of is None else trial.repeat_of)
            tokens = _with(tokens, proposal.tokens)
            if len(tokens) != len(ids) * len(proposal.tokens):
                raise LogError(
                    f"trial {proposal.id} has {len(proposal.tokens)} tokens, and those before "
                    "it another number"
                )
            row = [proposal.fidelity, *[math.nan] * 6, 0.0]
            if seen is None or trial.reward is None:
                self.failures[position] = trial.failure or ""
            else:
                row[1:4] = trial.reward, seen.accuracy, seen.latency_ms
                row[4] = math.nan if true is None else true.accuracy
                row[5] = math.nan if seen.accuracy_sd is None else seen.accuracy_sd
                row[6] = math.nan if seen.latency_sd_ms is None else seen.latency_sd_ms
                row[7] = seen.cost_s
                if seen.other_costs is not None:
                    self._other_costs.add(position, seen.other_costs)
            for append, value in zip(columns, row, strict=True):
                append(value)
            extrapolated.append(seen is not None and seen.extrapolated)
            fidelity = None if seen is None else seen.fidelity
            fidelity_of.append(fidelities.setdefault(fidelity, len(fidelities)))
        arrays = {name: np.frombuffer(column, dtype=float) for name, column in numbers.items()}
        self.ids, self.repeat_of = np.frombuffer(ids, np.int64), np.frombuffer(repeats, np.int64)
        self.share, self.reward = arrays["share"], arrays["reward"]
        self.accuracy, self.latency_ms = arrays["accuracy"], arrays["latency_ms"]
        true_accuracy = arrays["true_accuracy"]
        same = np.array_equal(true_accuracy, self.accuracy, equal_nan=True)
        self.true_accuracy = self.accuracy if same else true_accuracy
        self._accuracy_sd = _unless(np.nan, arrays["accuracy_sd"])
        self._latency_sd_ms = _unless(np.nan, arrays["latency_sd_ms"])
        self._cost_s = _unless(0.0, arrays["cost_s"])
        self._extrapolated = np.frombuffer(extrapolated, np.int8)
        self._fidelities = list(fidelities)
        self._fidelity_of = np.frombuffer(fidelity_of, np.int32)
        table = np.frombuffer(tokens, dtype=tokens.typecode).reshape(len(ids), -1) if ids else None
        self.tokens = np.zeros((0, 0), np.uint8) if table is None else _narrow(table)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, position: int) -> Trial: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, position: int | slice) -> Trial | tuple[Trial, ...]:
        if isinstance(position, slice):
            return tuple(self[one] for one in range(*position.indices(len(self))))
        place = range(len(self))[position]
        proposal = Proposal(
            int(self.ids[place]), tuple(self.tokens[place].tolist()), float(self.share[place])
        )
        repeat = int(self.repeat_of[place])
        repeat_of = None if repeat == _NO_ID else repeat
        if place in self.failures:
            return Trial(proposal, failure=self.failures[place], repeat_of=repeat_of)
        seen = self._measurement(place, self.accuracy)
        return Trial(proposal, seen, float(self.reward[place]), repeat_of=repeat_of)

    def __iter__(self) -> Iterator[Trial]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it equals tuples, whose hash is another

    @property
    def repeat(self) -> NDArray[np.bool_]:
        repeat: NDArray[np.bool_] = self.repeat_of != _NO_ID
        return repeat

    @property
    def failed(self) -> NDArray[np.bool_]:
        failed = np.zeros(len(self), bool)
        failed[list(self.failures)] = True
        return failed

    @property
    def charged(self) -> float:
        """How much of the budget all of them have spent, in proposals of full fidelity."""
        return math.fsum(self.share)

    @property
    def fidelities(self) -> list[Fidelity]:
        """The distinct fidelities of its measurements, in order of their first trial."""
        return [one for one in self._fidelities if one is not None]

    @property
    def other_costs(self) -> dict[tuple[str, str], Floats]:
        """Values of costs beside latency by name and unit, of shape `(trials,)`, NaN for none."""
        return self._other_costs.values(len(self))

    def noise_free(self, place: int) -> Measurement | None:
        """The noise-free measurement of the trial at a position; None where it failed."""
        return None if place in self.failures else self._measurement(place, self.true_accuracy)

    def _measurement(self, place: int, accuracy: Floats) -> Measurement:
        return Measurement(
            float(accuracy[place]),
            float(self.latency_ms[place]),
            _known(self._accuracy_sd, place),
            _known(self._latency_sd_ms, place),
            self._fidelities[self._fidelity_of[place]],
            0.0 if self._cost_s is None else float(self._cost_s[place]),
            bool(self._extrapolated[place]),
            self._other_costs.at(place),
        )


class NoiseFree(Sequence[Measurement | None]):
    """The noise-free measurements beside a table's trials."""

    def __init__(self, table: TrialTable) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, position: int) -> Measurement | None: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Measurement | None, ...]: ...
    def __getitem__(self, position: int | slice) -> Any:
        places = range(len(self))[position]
        if isinstance(places, range):
            return tuple(map(self._table.noise_free, places))
        return self._table.noise_free(places)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it equals tuples, whose hash is another


def _with(tokens: array[int], more: Sequence[int]) -> array[int]:
    """Tokens with more at their end, in wider numbers where they need them."""
    before = len(tokens)
    try:
        tokens.extend(more)
    except OverflowError:
        tokens = array("q", tokens[:before])
        tokens.extend(more)
    return tokens


def _narrow(table: NDArray[Any]) -> NDArray[Any]:
    """A copy in single bytes where they hold all values."""
    return table.astype(np.uint8) if not table.size or table.max() < 256 else table


def _unless(common: float, column: Floats) -> Floats | None:
    """The column, or None where all of it is one common value."""
    return None if np.array_equal(column, np.full_like(column, common), equal_nan=True) else column


def _known(column: Floats | None, place: int) -> float | None:
    if column is None or math.isnan(column[place]):
        return None
    return float(column[place])
