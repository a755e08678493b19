"""Why two architectures differ: each differing decision's own share of latency and accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypedDict

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.types import Failure, Tokens

PIXEL1_MODEL = "pixel1-tunas.json"
SURROGATES = {"mnasnet-anb": "imagenet-anb-ridge.json"}
"""The fitted accuracy models that come with the package, by the space they know."""


def built_in_model(file: str) -> Path:
    """The path of a fitted model of the package."""
    return Path(str(resources.files("nasbench_mobile.benchmarks"))) / file


@cache
def built_in_pixel1() -> Pixel1Latency:
    """The package's own Pixel 1 estimate."""
    return Pixel1Latency.from_file(built_in_model(PIXEL1_MODEL))


@cache
def surrogate_for(space_name: str) -> SurrogateAccuracy | None:
    """The package's own accuracy surrogate of a space, or None."""
    file = SURROGATES.get(space_name)
    return None if file is None else SurrogateAccuracy.from_file(built_in_model(file))


class Figures(TypedDict):
    """Milliseconds and percentage points of accuracy; None where no surrogate knows the space."""

    latency_ms: float | None
    accuracy_points: float | None


class DecisionChange(Figures):
    """What a decision alone changes; `first` and `second` are its values in words."""

    decision: str
    first: str
    second: str


class Explanation(TypedDict):
    """Why two architectures differ."""

    space: str
    first: list[int]
    second: list[int]
    differences: list[DecisionChange]
    together: Figures
    """The total less the sum of the parts."""
    total: Figures
    no_accuracy: str | None
    """Why there is no accuracy; None where there is one."""


def explain_difference(space: SearchSpace, first: Tokens, second: Tokens) -> Explanation:
    """Each differing decision applied alone to `first`: its change in ms and accuracy points."""
    base = _figures(space, first)
    rows: list[DecisionChange] = []
    for position, decision in enumerate(space.decisions):
        if first[position] == second[position]:
            continue
        changed = (*first[:position], second[position], *first[position + 1 :])
        rows.append(
            {
                "decision": decision.name,
                "first": _value(decision.labels, first[position]),
                "second": _value(decision.labels, second[position]),
                **_minus(_figures(space, changed), base),
            }
        )
    total = _minus(_figures(space, second), base)
    return {
        "space": space.name,
        "first": list(first),
        "second": list(second),
        "differences": rows,
        "together": _beyond(total, rows),
        "total": total,
        "no_accuracy": _no_accuracy(space.name),
    }


def _no_accuracy(space_name: str) -> str | None:
    """Why there is no accuracy for architectures of a space; None where there is one."""
    if space_name in SURROGATES:
        return None
    return (
        f"no accuracies: no surrogate knows the space {space_name}; there is one of "
        f"{', '.join(SURROGATES)}"
    )


def _figures(space: SearchSpace, tokens: Tokens) -> Figures:
    architecture = Architecture(space, tokens)
    surrogate = surrogate_for(space.name)
    points = None
    if surrogate is not None:
        reading = surrogate.accuracy([architecture])[0]
        points = None if isinstance(reading, Failure) else 100.0 * reading.accuracy
    latency_ms = built_in_pixel1().network_latency(architecture.network()).latency_ms
    return {"latency_ms": latency_ms, "accuracy_points": points}


def _minus(figures: Figures, base: Figures) -> Figures:
    return {
        "latency_ms": _less(figures["latency_ms"], [base["latency_ms"]]),
        "accuracy_points": _less(figures["accuracy_points"], [base["accuracy_points"]]),
    }


def _beyond(total: Figures, parts: Sequence[DecisionChange]) -> Figures:
    """What of a total change its parts, each taken alone, do not add up to."""
    return {
        "latency_ms": _less(total["latency_ms"], [row["latency_ms"] for row in parts]),
        "accuracy_points": _less(
            total["accuracy_points"], [row["accuracy_points"] for row in parts]
        ),
    }


def _less(value: float | None, parts: Sequence[float | None]) -> float | None:
    """A figure less the sum of others; None where one of them is not known."""
    known = [part for part in parts if part is not None]
    return None if value is None or len(known) < len(parts) else value - sum(known)


def _value(labels: tuple[str, ...], token: int) -> str:
    return labels[token] if labels else str(token)
