"""Nevergrad's ask and tell over tokens, in two encodings."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, ClassVar, Protocol

import nevergrad as ng
import numpy as np
from nevergrad.optimization import metamodel

from nasbench_mobile.strategies._contract import (
    IntMatrix,
    check_arguments,
    finite_reward,
    never_asked,
    numbered,
    one_of,
    seed32,
    whole,
)
from nasbench_mobile.types import Decision, Proposal, Trial

ENCODINGS = ("ordinal", "categorical")


def _float_of_one(value: Any) -> float:
    """What `float` is, of an array of one element as well, whatever its dimensions."""
    return float(value.item() if isinstance(value, np.ndarray) else value)


def _mend_metamodel(numpy_version: str) -> None:
    """Let Nevergrad's quadratic model, which NGOpt consults, run on NumPy 2.4 and newer.

    Nevergrad 1.0.12 makes a float of the model's array of one prediction, which NumPy 2.4 refuses.
    A name of the module goes before the built-in of that name, for this module alone. On an older
    NumPy nothing is touched.
    """
    major, minor = (int(part) for part in numpy_version.split(".")[:2])
    if (major, minor) >= (2, 4):
        setattr(metamodel, "float", _float_of_one)  # noqa: B010 (mypy knows no such name)


_mend_metamodel(np.__version__)


class _Encoding(Protocol):
    """A Nevergrad parametrization and how its values read as tokens."""

    parameter: Any

    def tokens(self, value: Any) -> IntMatrix:
        """Tokens (decisions,) of a candidate's value."""

    def value(self, tokens: IntMatrix) -> Any:
        """A candidate's value that has these tokens."""


class _Ordinal:
    """One real number per decision, cut into its values at the quantiles of a normal distribution.

    Nevergrad's optimizers draw numbers from N(0, 1) to start and to replace, so that every value
    of a decision is as likely as the others; its own `TransitionChoice` cuts at the same places,
    ten times slower. Neighbouring values are near each other, which matters to differential
    evolution and not to the discrete (1+1) optimizers, which draw a number anew.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        self.parameter: Any = ng.p.Array(shape=(len(cardinalities),))
        normal = NormalDist()
        self._cardinalities = np.asarray(cardinalities)
        self._cuts = np.full((len(cardinalities), max(cardinalities)), np.inf)
        for cuts, cardinality in zip(self._cuts, cardinalities, strict=True):
            for k in range(1, cardinality):
                cuts[k - 1] = normal.inv_cdf(k / cardinality)

    def tokens(self, value: Any) -> IntMatrix:
        counts: IntMatrix = np.sum(np.asarray(value)[:, np.newaxis] >= self._cuts, axis=1)
        return counts

    def value(self, tokens: IntMatrix) -> Any:
        """The median of a normal number between the two cuts."""
        quantiles = (tokens + 0.5) / self._cardinalities
        return np.array([NormalDist().inv_cdf(float(quantile)) for quantile in quantiles])


class _Categorical:
    """One weight per value of a decision; the token is the value with the largest.

    Decisions of the same cardinality share one `Choice(..., repetitions=n)`, which is far cheaper
    than a `Choice` each. Deterministic, because a `Choice` otherwise draws its value anew from the
    softmax of its weights, so that a child of a good candidate starts from other tokens than it.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        counts = np.asarray(cardinalities)
        self._places = [np.flatnonzero(counts == c) for c in np.unique(counts)]
        self.parameter: Any = ng.p.Tuple(
            *(
                ng.p.Choice(int(counts[places[0]]), repetitions=len(places), deterministic=True)
                for places in self._places
            )
        )
        self._decisions = len(counts)

    def tokens(self, value: Any) -> IntMatrix:
        tokens: IntMatrix = np.empty(self._decisions, dtype=np.int64)
        for places, chosen in zip(self._places, value, strict=True):
            tokens[places] = chosen
        return tokens

    def value(self, tokens: IntMatrix) -> Any:
        return tuple(tuple(tokens[places].tolist()) for places in self._places)


class NevergradSearch:
    """One Nevergrad optimizer over tokens, minimising the reward's negative.

    `optimizer` is one of a family's `OPTIMIZERS`, `encoding` one of `ENCODINGS`, and `num_workers`
    the evaluations in flight at once that Nevergrad is told of.
    """

    OPTIMIZERS: ClassVar[tuple[str, ...]]
    """The family, by the optimizers' names in Nevergrad."""
    FEWEST_WORKERS: ClassVar[int] = 1
    """The least `num_workers` that all of the family run with."""
    UNIFORM_START: ClassVar[bool] = False
    """Whether proposals are uniform samples until a first loss is known. Without it the (1+1)
    optimizers start every run at the one centre of the encoding."""

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int,
        optimizer: str, encoding: str, num_workers: int,
    ) -> None:  # fmt: skip
        counts = check_arguments(decisions, seed, budget)
        # Decisions without a choice are left out: a cardinality of 1 has no quantiles to cut at.
        self._free = np.flatnonzero(counts > 1)
        self._tokens = np.zeros(len(counts), dtype=np.int64)
        # Some optimizers fail on fewer than two variables: they get spare ones, which are not read.
        self._spare = max(0, 2 - len(self._free))
        free = counts[self._free].tolist() + [2] * self._spare
        kinds: dict[str, type[_Ordinal] | type[_Categorical]] = {
            "ordinal": _Ordinal,
            "categorical": _Categorical,
        }
        self._encoding: _Encoding = kinds[one_of("encoding", encoding, ENCODINGS)](free)
        parameter = self._encoding.parameter
        parameter.random_state = np.random.RandomState(seed32(seed))
        self._optimizer = ng.optimizers.registry[one_of("optimizer", optimizer, self.OPTIMIZERS)](
            parameter,
            budget=budget,
            num_workers=whole("num_workers", num_workers, least=self.FEWEST_WORKERS),
        )
        self._in_flight: dict[int, Any] = {}
        self._worst: float | None = None
        self._waiting: list[Any] = []  # failed before any loss was known
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """1: every proposal is bred from all that is known."""
        return 1

    def start(self, trials: Sequence[Trial]) -> None:
        """Known trials are suggested and told; failed ones are left out."""
        for trial in trials:
            reward = finite_reward(trial)
            if reward is None or not len(self._free):
                continue
            tokens = np.array(trial.tokens, dtype=np.int64)[self._free]
            value = self._encoding.value(np.append(tokens, [0] * self._spare).astype(np.int64))
            # Asked for, since the (1+1) optimizers propose their centre at the first ask of all.
            self._optimizer.suggest(value)
            known = self._optimizer.ask()
            self._worst = -reward if self._worst is None else max(self._worst, -reward)
            self._optimizer.tell(known, -reward)

    def ask(self, count: int) -> list[Proposal]:
        """Exactly `count` proposals."""
        rows = np.tile(self._tokens, (whole("count", count, least=1), 1))
        for k, row in enumerate(rows):
            if self.UNIFORM_START and self._worst is None:
                sample = self._optimizer.parametrization.sample()
                self._optimizer.suggest(sample.value)
            candidate = self._optimizer.ask()
            self._in_flight[self._asked + k] = candidate
            if len(self._free):
                row[self._free] = self._encoding.tokens(candidate.value)[: len(self._free)]
        proposals = numbered(self._asked, rows)
        self._asked += len(proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """In any order."""
        for trial in trials:
            candidate = self._in_flight.pop(trial.proposal.id, None)
            if candidate is None:
                raise never_asked(trial)
            reward = finite_reward(trial)
            if reward is not None:
                self._worst = -reward if self._worst is None else max(self._worst, -reward)
                self._optimizer.tell(candidate, -reward)
                for failed in self._waiting:
                    self._optimizer.tell(failed, self._worst)
                self._waiting.clear()
            elif self._worst is None:
                self._waiting.append(candidate)
            else:
                self._optimizer.tell(candidate, self._worst)
