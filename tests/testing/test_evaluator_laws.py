"""Evaluators that break their laws are named; the built-in models keep them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import nasbench_mobile
from nasbench_mobile.architecture import Architecture
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.testing import EvaluatorContract
from nasbench_mobile.testing.evaluator_laws import EVALUATOR_LAWS, EvaluatorSubject
from nasbench_mobile.testing.law import judge
from nasbench_mobile.types import AccuracyReading, Failure, Kind, LatencyReading

MODELS = Path(nasbench_mobile.__file__).parent / "benchmarks"


class TestSurrogate(EvaluatorContract):
    evaluator = SurrogateAccuracy
    model = MODELS / "imagenet-anb-ridge.json"


class TestPixel1(EvaluatorContract):
    evaluator = Pixel1Latency
    model = MODELS / "pixel1-tunas.json"
    space = MnasNetSpace


class Sound:
    """1 ms a token; broken ones inherit and spoil one thing."""

    label = "made up"
    device = "none"
    kind: Kind = "synthetic"

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        return [LatencyReading(1.0 + sum(each.tokens)) for each in architectures]

    def network_latency(self, network: Network) -> LatencyReading:
        return LatencyReading(float(len(network.nodes)))


class Nameless(Sound):
    label = ""


class Guessed(Sound):
    kind = "guess"  # type: ignore[assignment]


class Raises(Sound):
    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        raise OSError("no device")


class OnlyFailures(Sound):
    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        return [Failure("no device") for _ in architectures]


class OneShort(Sound):
    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        return super().latency(architectures[1:])


class Negative(Sound):
    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        return [LatencyReading(-1.0) for _ in architectures]


class Sorted(Sound):
    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        values = sorted(1.0 + sum(each.tokens) for each in architectures)
        return [LatencyReading(value) for value in values]


class Gambles(Sound):
    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        return [LatencyReading(1.0 + random.random()) for _ in architectures]


class Doorless(Sound):
    def network_latency(self, network: Network) -> LatencyReading:
        raise AttributeError("tokens")


class Percent:
    label = "percent"
    fidelity = None

    def accuracy(self, architectures: Sequence[Architecture]) -> Sequence[Any]:
        return [AccuracyReading(75.0) for _ in architectures]


class NoReadings(Percent):
    def accuracy(self, architectures: Sequence[Architecture]) -> Sequence[Any]:
        return [0.75 for _ in architectures]


@pytest.mark.parametrize(
    ("evaluator", "law", "words"),
    [
        (object, "every_call_returns", "neither a method accuracy nor a method latency"),
        (Raises, "every_call_returns", "latency of 8 architectures raised OSError: no device"),
        (OnlyFailures, "every_call_returns", "every reading failed, the first because: no device"),
        (
            OneShort,
            "every_call_returns",
            "gave 7 readings for 8 architectures; one for each",
        ),
        (Nameless, "it_says_what_it_is", "label is ''"),
        (Guessed, "it_says_what_it_is", "kind is 'guess'; it is one of estimate, measured"),
        (Negative, "readings_are_sound", "must be finite and above 0"),
        (Percent, "readings_are_sound", "a fraction in [0, 1] (not percent)"),
        (
            NoReadings,
            "readings_are_sound",
            "gave 0.75, which is neither a reading (Accuracy",
        ),
        (Sorted, "same_in_any_company", "in a batch and LatencyReading(latency_ms=25.0"),
        (Gambles, "no_global_random_state", "changed the global random state of random"),
        (Doorless, "networks_without_tokens", "network_latency raised AttributeError"),
    ],
)
def test_a_broken_evaluator_is_named(evaluator: Any, law: str, words: str) -> None:
    laws = [each for each in EVALUATOR_LAWS if each.name == law]
    [verdict] = judge(laws, EvaluatorSubject(evaluator, MnasNetAnbSpace), limit_s=30.0)
    assert verdict.result == "broken"
    assert words in verdict.seen


def test_one_that_measures_need_not_repeat_itself() -> None:
    subject = EvaluatorSubject(Gambles, MnasNetAnbSpace, repeatable=False)
    verdicts = {verdict.law: verdict for verdict in judge(EVALUATOR_LAWS, subject, 30.0)}
    assert verdicts["same_in_any_company"].result == "not judged"
    assert verdicts["readings_are_sound"].result == "kept"
