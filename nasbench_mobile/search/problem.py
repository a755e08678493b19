"""The problem a strategy faces: a space, its evaluators and an objective, ready to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from typing import TypeAlias, TypeVar

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.costs import other_costs
from nasbench_mobile.errors import InvalidCostError, InvalidNetworkError, OutsideError, UsageError
from nasbench_mobile.plugins.answers import shown_answer, taken_readings, whole_number
from nasbench_mobile.plugins.calls import is_plugins, named
from nasbench_mobile.plugins.time_limits import OverdueError, time_limit
from nasbench_mobile.protocols import (
    AccuracyEvaluator,
    LatencyEvaluator,
    Objective,
    Scalable,
    SearchSpace,
)
from nasbench_mobile.types import (
    AccuracyReading,
    Failure,
    LatencyReading,
    Measurement,
    Proposal,
    Tokens,
    Trial,
)

Reading = TypeVar("Reading", AccuracyReading, LatencyReading)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the strategy sees of an architecture, its reward, and the measurement without noise."""

    measurement: Measurement
    reward: float
    noise_free: Measurement


@dataclass(frozen=True, slots=True)
class Problem:
    """What `search` needs. `noise_free` scores what `accuracy` showed; often they are one.

    `call_limit_s` is how many seconds one evaluation may take before it fails; None is no limit.
    """

    space: SearchSpace
    accuracy: AccuracyEvaluator
    noise_free: AccuracyEvaluator
    latency: LatencyEvaluator
    objective: Objective
    call_limit_s: float | None = field(default=None, kw_only=True)

    def evaluate(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float] | None = None
    ) -> list[Outcome | Failure]:
        """Evaluate architectures: latency first, then accuracy of those that have a latency.

        An evaluator that raises fails those architectures alone on which it raises: the batch is
        tried again one by one. A reading that is NaN or out of range is a failure too, and so is a
        share of a training from an evaluator that is not `Scalable`.

        Args:
            architectures: Those of the problem's space, as many as there are.
            fidelities: The share of the full training to spend on each, in (0, 1]; None trains all
                of them in full.

        Returns:
            One outcome or failure for each architecture, in order. An outcome has the accuracy as a
            fraction, the latency of the full-size network in ms, and the reward.

        Raises:
            UsageError: Something is wrong with the problem as a whole, such as an evaluator that
                does not fit the space; no architecture would fare better.
            OutsideError: Something that is no architecture's fault went wrong, such as a full disk.
        """
        latencies = _isolated(
            self.latency.latency, architectures, LatencyReading, self._call(self.latency)
        )
        shares = [1.0] * len(architectures) if fidelities is None else fidelities
        timed = [not isinstance(latency, Failure) for latency in latencies]
        outcomes = iter(
            self._with_accuracy(
                list(compress(architectures, timed)),
                list(compress(shares, timed)),
                list(compress(latencies, timed)),
            )
        )
        return [
            latency if isinstance(latency, Failure) else next(outcomes) for latency in latencies
        ]

    def _with_accuracy(
        self,
        architectures: Sequence[Architecture],
        fidelities: Sequence[float],
        latencies: Sequence[LatencyReading | Failure],
    ) -> list[Outcome | Failure]:
        accuracies = self._accuracies(self.accuracy, architectures, fidelities)
        noise_free = (
            accuracies
            if self.noise_free is self.accuracy
            else self._accuracies(self.noise_free, architectures, fidelities)
        )
        return [
            self._outcome(*readings)
            for readings in zip(accuracies, noise_free, latencies, strict=True)
        ]

    def _accuracies(
        self,
        evaluator: AccuracyEvaluator,
        architectures: Sequence[Architecture],
        fidelities: Sequence[float],
    ) -> Sequence[AccuracyReading | Failure]:
        call = self._call(evaluator)
        if all(fidelity == 1.0 for fidelity in fidelities):
            return _isolated(evaluator.accuracy, architectures, AccuracyReading, call)
        if not isinstance(evaluator, Scalable):
            reason = f"{call.whose} cannot train for less than its full training"
            return [Failure(reason)] * len(architectures)
        readings: list[AccuracyReading | Failure] = []
        for architecture, fidelity in zip(architectures, fidelities, strict=True):
            train_for = partial(evaluator.accuracy_at, fidelities=[fidelity])
            readings += _isolated(train_for, [architecture], AccuracyReading, call)
        return readings

    def _call(self, evaluator: object) -> _Call:
        return _Call(label_of(evaluator), self.call_limit_s)

    def trials(self, token_lists: Iterable[object]) -> list[Trial]:
        """Evaluate token lists by full trainings.

        An architecture that is listed twice is evaluated once; `repeat_of` of the later trials is
        the id of the first.

        Args:
            token_lists: One list of whole numbers for each architecture; an array of the shape
                `(architectures, decisions)` will do.

        Returns:
            One trial for each list, in order, whose proposals have the ids 0, 1, ...

        Raises:
            UsageError: A list is malformed, and nothing was evaluated; the message says which,
                counted from 0, and how. Or an evaluator does not fit the space.
            OutsideError: Something that is no architecture's fault went wrong, such as a full disk.
        """
        lists = [
            taken_token_list(place, tokens, self.space) for place, tokens in enumerate(token_lists)
        ]
        keys = [self.space.canonical(tokens) for tokens in lists]
        first: dict[Tokens, int] = {}
        for place, key in enumerate(keys):
            first.setdefault(key, place)
        architectures = [Architecture(self.space, lists[place]) for place in first.values()]
        outcomes = dict(zip(first, self.evaluate(architectures) if first else [], strict=True))
        return [
            trial_of(
                Proposal(place, tokens), outcomes[key], None if first[key] == place else first[key]
            )
            for place, (tokens, key) in enumerate(zip(lists, keys, strict=True))
        ]

    def evaluate_one(self, job: tuple[Architecture, float]) -> Outcome | Failure:
        """Evaluate one architecture at one fidelity, as a worker of a pool does.

        Args:
            job: The architecture, and the share of the full training to spend on it, in (0, 1].

        Returns:
            Its outcome, or its failure with the reason.

        Raises:
            UsageError: An evaluator does not fit the space.
            OutsideError: Something that is no architecture's fault went wrong, such as a full disk.
        """
        architecture, fidelity = job
        return self.evaluate([architecture], [fidelity])[0]

    def _outcome(
        self,
        accuracy: AccuracyReading | Failure,
        noise_free: AccuracyReading | Failure,
        latency: LatencyReading | Failure,
    ) -> Outcome | Failure:
        if isinstance(accuracy, Failure):
            return accuracy
        if isinstance(latency, Failure):
            return latency
        if isinstance(noise_free, Failure):
            return noise_free
        try:
            measurement = _measurement(accuracy, latency)
            same = noise_free is accuracy
            true = measurement if same else _measurement(noise_free, latency)
            return Outcome(measurement, self.objective(measurement), true)
        except UsageError as error:
            return Failure(str(error))


def trial_of(proposal: Proposal, outcome: Outcome | Failure, repeat_of: int | None) -> Trial:
    """The trial that a proposal came to; `repeat_of` is the id of the first of its architecture."""
    if isinstance(outcome, Failure):
        return Trial(proposal, failure=outcome.reason, repeat_of=repeat_of)
    return Trial(proposal, outcome.measurement, outcome.reward, repeat_of=repeat_of)


def taken_token_list(place: int, tokens: object, space: SearchSpace) -> Tokens:
    """One of a user's token lists as valid tokens; `UsageError` names its place and the mistake.

    Numbers may be those of any library.
    """
    listed = getattr(tokens, "tolist", lambda: tokens)()  # an array of numpy or torch
    values = [whole_number(one) for one in listed] if isinstance(listed, list | tuple) else [None]
    if None in values:
        raise UsageError(
            f"token list {place} is {shown_answer(tokens)}; give a list of "
            f"{len(space.decisions)} whole numbers, one for each decision of the space"
        )
    try:
        return space.validate([value for value in values if value is not None])
    except UsageError as error:
        raise UsageError(f"token list {place} is malformed: {error}") from None


def _measurement(accuracy: AccuracyReading, latency: LatencyReading) -> Measurement:
    return Measurement(
        accuracy=accuracy.accuracy,
        latency_ms=latency.latency_ms,
        accuracy_sd=accuracy.sd,
        latency_sd_ms=latency.sd_ms,
        fidelity=accuracy.fidelity,
        cost_s=accuracy.cost_s + latency.cost_s,
        extrapolated=accuracy.extrapolated,
        other_costs=other_costs(latency.other_costs),
    )


def label_of(evaluator: object) -> str:
    """The name of an evaluator for messages: what it calls itself, else that of its class."""
    try:
        label: object = getattr(evaluator, "label", None)
    except Exception:
        label = None
    return label if isinstance(label, str) and label else type(evaluator).__name__


@dataclass(frozen=True, slots=True)
class _Call:
    """A call: whose it is, for messages, and how many seconds one architecture may take."""

    whose: str
    limit_s: float | None


Evaluate: TypeAlias = Callable[[Sequence[Architecture]], object]


def _isolated(
    evaluate: Evaluate, architectures: Sequence[Architecture], kind: type[Reading], call: _Call
) -> list[Reading | Failure]:
    """What an evaluator gives, taken in; where it raises, each architecture is tried by itself."""
    limit_s = None if call.limit_s is None else call.limit_s * max(len(architectures), 1)
    try:
        with time_limit(limit_s):
            answer = evaluate(architectures)
    except (UsageError, OutsideError) as error:
        if not isinstance(error, InvalidNetworkError | InvalidCostError):
            raise  # the benchmark does not fit together: no architecture would fare better
        return _one_by_one(evaluate, architectures, kind, call, error)
    except BaseException as error:
        if not is_plugins(error):
            raise
        return _one_by_one(evaluate, architectures, kind, call, error)
    return taken_readings(answer, len(architectures), kind, call.whose)


def _one_by_one(
    evaluate: Evaluate,
    architectures: Sequence[Architecture],
    kind: type[Reading],
    call: _Call,
    error: BaseException,
) -> list[Reading | Failure]:
    """After a batch raised: its only architecture's failure, or each architecture by itself."""
    if len(architectures) == 1:
        late = isinstance(error, OverdueError)
        return [Failure(f"{call.whose}: {error}" if late else named(error))]
    return [_isolated(evaluate, [architecture], kind, call)[0] for architecture in architectures]
