"""Why two architectures differ: each differing decision's own share of latency and accuracy."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.types import Failure, Tokens

PIXEL1_MODEL = "pixel1-tunas.json"
SURROGATES = {"mnasnet-anb": "imagenet-anb-ridge.json"}
"""Fitted accuracy models that come with the package, by the space they know."""


def built_in_model(file: str) -> Path:
    """Where a fitted model of the package lies."""
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


def explain_difference(space: SearchSpace, first: Tokens, second: Tokens) -> dict[str, Any]:
    """Each differing decision applied alone to `first`: its change in ms and accuracy points.

    Returns {"space", "first", "second", "differences": [{decision, first, second, latency_ms,
    accuracy_points}], "together", "total", "no_accuracy"}. `together` is the total less the sum of
    the parts; accuracy is None where no surrogate knows the space, and `no_accuracy` then says so.
    """
    base = _figures(space, first)
    rows = []
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
    parts = {key: [row[key] for row in rows] for key in total}
    together = {
        key: None if value is None else value - sum(parts[key]) for key, value in total.items()
    }
    return {
        "space": space.name,
        "first": list(first),
        "second": list(second),
        "differences": rows,
        "together": together,
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


def _figures(space: SearchSpace, tokens: Tokens) -> dict[str, float | None]:
    architecture = Architecture(space, tokens)
    surrogate = surrogate_for(space.name)
    points = None
    if surrogate is not None:
        reading = surrogate.accuracy([architecture])[0]
        points = None if isinstance(reading, Failure) else 100.0 * reading.accuracy
    latency_ms = built_in_pixel1().network_latency(architecture.network()).latency_ms
    return {"latency_ms": latency_ms, "accuracy_points": points}


def _minus(figures: dict[str, float | None], base: dict[str, float | None]) -> dict[str, Any]:
    changes: dict[str, float | None] = {}
    for key, value in figures.items():
        before = base[key]
        changes[key] = None if value is None or before is None else value - before
    return changes


def _value(labels: tuple[str, ...], token: int) -> str:
    return labels[token] if labels else str(token)
