"""The laws of `protocols.AccuracyEvaluator` and `LatencyEvaluator`, on sampled architectures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

import numpy as np

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.plugins.answers import AnswerError, listed_readings, taken_reading
from nasbench_mobile.protocols import AccuracyEvaluator, LatencyEvaluator, SearchSpace
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.law import Law, LawBroken, NotJudged, unbroken
from nasbench_mobile.testing.toy_problem import global_state, seed_globals
from nasbench_mobile.types import AccuracyReading, Failure, Kind, LatencyReading, Measurement

SOUND = "readings_are_sound"
ADVICE = "; what fails for one architecture is that one's Failure"
_KINDS = {"accuracy": AccuracyReading, "latency": LatencyReading}

Reading: TypeAlias = AccuracyReading | LatencyReading | Failure


@dataclass(frozen=True)
class EvaluatorSubject:
    """An evaluator to examine: how it and a space of its are built.

    `repeatable`: asked again, it gives the same reading; one that measures a device does not.
    `samples` is on how many architectures it is tried.
    """

    make: Callable[[], AccuracyEvaluator | LatencyEvaluator]
    make_space: Callable[[], SearchSpace]
    repeatable: bool = True
    samples: int = 8

    def build(self, watch: Watch) -> _Evaluator:
        with watch.over("building the evaluator"), unbroken("building it"):
            evaluator = self.make()
        space = self.make_space()
        rng = np.random.default_rng(1)
        asked = [Architecture(space, space.sample(rng)) for _ in range(self.samples)]
        return _Evaluator(evaluator, asked, watch)


class _Evaluator:
    """An evaluator whose calls are watched and whose answers are checked."""

    def __init__(self, evaluator: Any, asked: list[Architecture], watch: Watch) -> None:
        self.evaluator, self.asked, self._watch = evaluator, asked, watch
        self.gives = [name for name in ("accuracy", "latency") if hasattr(evaluator, name)]
        if not self.gives:
            raise LawBroken("it has neither a method accuracy nor a method latency")

    def readings(self, architectures: Sequence[Architecture]) -> list[Reading]:
        """The evaluator's readings of all that it gives, those of each kind in order."""
        found: list[Reading] = []
        for name in self.gives:
            call = f"{name} of {len(architectures)} architectures"
            with self._watch.over(call), unbroken(call, ADVICE):
                answer = getattr(self.evaluator, name)(architectures)
            kind: type[Any] = _KINDS[name]
            try:
                listed = listed_readings(answer, len(architectures), kind)
            except AnswerError as error:
                raise LawBroken(f"{call} gave {error}") from None
            try:
                found += [taken_reading(reading, kind) for reading in listed]
            except AnswerError as error:
                raise LawBroken(f"{call} gave {error}", SOUND) from None
        return found


def every_call_returns(subject: EvaluatorSubject, watch: Watch) -> str:
    evaluator = subject.build(watch)
    readings = evaluator.readings(evaluator.asked)
    failed = [reading.reason for reading in readings if isinstance(reading, Failure)]
    if len(failed) == len(readings):
        raise LawBroken(f"every reading failed, the first because: {failed[0]}")
    return f"{len(readings)} readings of {' and '.join(evaluator.gives)}, {len(failed)} failed"


def it_says_what_it_is(subject: EvaluatorSubject, watch: Watch) -> str:
    evaluator = subject.build(watch).evaluator
    said = {"label": evaluator.label}
    if hasattr(evaluator, "latency"):
        said |= {"device": evaluator.device, "kind": evaluator.kind}
        if evaluator.kind not in get_args(Kind):
            raise LawBroken(f"kind is {evaluator.kind!r}; it is one of {', '.join(get_args(Kind))}")
    for name, value in said.items():
        if not isinstance(value, str) or not value:
            raise LawBroken(f"{name} is {value!r}; it must be words for logs and captions")
    return ", ".join(f"{name} {value!r}" for name, value in said.items())


def readings_are_sound(subject: EvaluatorSubject, watch: Watch) -> str:
    evaluator = subject.build(watch)
    readings = evaluator.readings(evaluator.asked)
    for reading in readings:
        _check(reading)
    good = [reading for reading in readings if not isinstance(reading, Failure)]
    values = [r.accuracy if isinstance(r, AccuracyReading) else r.latency_ms for r in good]
    return f"{len(good)} readings from {min(values):.4g} to {max(values):.4g}" if good else "none"


def same_in_any_company(subject: EvaluatorSubject, watch: Watch) -> str:
    if not subject.repeatable:
        raise NotJudged("it measures: no two readings are the same")
    evaluator = subject.build(watch)
    asked = evaluator.asked
    together = evaluator.readings(asked)
    backwards = evaluator.readings(asked[::-1])
    alone = [evaluator.readings([architecture]) for architecture in asked]
    fresh = subject.build(watch).readings(asked)
    for position, architecture in enumerate(asked):
        for kind, name in enumerate(evaluator.gives):
            offset = kind * len(asked)
            first = together[offset + position]
            others = {
                "alone": alone[position][kind],
                "in the opposite order": backwards[offset + len(asked) - 1 - position],
                "by an evaluator built anew": fresh[offset + position],
            }
            for how, other in others.items():
                if other != first:
                    raise LawBroken(
                        f"{name} of {list(architecture.tokens)} is {first} in a batch and "
                        f"{other} {how}"
                    )
    return f"{len(together)} readings, the same alone, backwards and built anew"


def networks_without_tokens(subject: EvaluatorSubject, watch: Watch) -> str:
    evaluator = subject.build(watch)
    if "latency" not in evaluator.gives:
        raise NotJudged("it gives no latency")
    network = evaluator.asked[0].network()
    with watch.over("network_latency"), unbroken("network_latency"):
        try:
            reading = evaluator.evaluator.network_latency(network)
        except UsageError as error:
            return f"refused with a reason: {error}"
    try:
        taken = taken_reading(reading, LatencyReading)
    except AnswerError as error:
        raise LawBroken(f"network_latency gave {error}", SOUND) from None
    if isinstance(taken, Failure):
        raise LawBroken(f"network_latency gave a Failure: {taken.reason}")
    _check(taken)
    return f"{taken.latency_ms:.4g} ms for a network given without tokens"


def no_global_random_state(subject: EvaluatorSubject, watch: Watch) -> str:
    runs = []
    for seed in (11, 12):
        seed_globals(seed)
        before = global_state()
        evaluator = subject.build(watch)
        runs.append(evaluator.readings(evaluator.asked))
        changed = [name for name, state in global_state().items() if state != before.get(name)]
        if changed and set(changed) <= before.keys():
            raise LawBroken(f"it changed the global random state of {' and '.join(changed)}")
    if subject.repeatable and runs[0] != runs[1]:
        raise LawBroken("readings depend on the global random state, which others use as well")
    return f"neither read nor set, looked for in {', '.join(before)}"


EVALUATOR_LAWS: tuple[Law[EvaluatorSubject], ...] = (
    Law("every_call_returns", "Every call returns in time", every_call_returns),
    Law("it_says_what_it_is", "It says what it is", it_says_what_it_is),
    Law(SOUND, "Readings are numbers in range", readings_are_sound),
    Law("same_in_any_company", "Readings are the same in any batch", same_in_any_company),
    Law("networks_without_tokens", "Networks without tokens are priced", networks_without_tokens),
    Law("no_global_random_state", "Global random state is left alone", no_global_random_state),
)
"""All laws of an evaluator, in the order in which they are judged."""


def _check(reading: Reading) -> None:
    """`LawBroken` where a reading is out of range."""
    try:
        match reading:
            case AccuracyReading():
                Measurement(reading.accuracy, latency_ms=1.0)
            case LatencyReading():
                Measurement(0.5, reading.latency_ms)
    except UsageError as error:
        raise LawBroken(f"{reading} cannot be: {error}") from None
