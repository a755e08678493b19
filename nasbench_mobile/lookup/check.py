"""How well a look-up table predicts networks it has not seen: they are measured whole."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import numpy as np

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.lookup.fill import RatioMeter, measure_whole
from nasbench_mobile.lookup.latency import LookupLatency
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.types import Tokens

CHECK_SEED = 2
NEAR = 0.10
"""Networks are near one latency where they are predicted within this fraction of it."""
MOST_NETWORKS = 10_000
"""How many networks a group may have: our choice, they are measured for half a day."""

LONGEST_DRAW = 100_000
VISITS = 3
"""How often every network is measured, minutes apart. Our choice, because what else a machine does
moved a network's ratio by 1.3 % from one quarter of an hour to the next, as much as a table's own
error, while 80 pairs in a row agreed to 0.5 %."""

Listener = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Quality:
    """How predictions compare with measurements of whole networks: mean absolute error in per cent,
    Kendall's tau, the mean signed error in per cent, the range of what was measured. `measuring` is
    the standard error of the measurements themselves in per cent, which is in all of these.
    """

    networks: int
    mape: float
    kendall_tau: float
    bias: float
    measuring: float
    fastest_ms: float
    slowest_ms: float


class CheckedNetwork(TypedDict):
    """One network, predicted and measured."""

    group: str
    """`random` or `near`."""
    tokens: list[int]
    predicted_ms: float
    measured_ms: float
    error_of_measuring: float
    """The standard error of what was measured, a share of it."""


@dataclass(frozen=True, slots=True)
class LookupCheck:
    """How well a table predicts networks drawn at random, and some near one latency."""

    random: Quality
    near: Quality
    near_ms: float
    rows: tuple[CheckedNetwork, ...]

    def record(self) -> dict[str, Any]:
        """JSON form; `rows` hold tokens, predicted and measured milliseconds of every network."""
        return {
            "random": asdict(self.random),
            "near": {"latency_ms": self.near_ms, "within": NEAR, **asdict(self.near)},
            "rows": list(self.rows),
        }


def check_lookup(
    model: LookupLatency,
    space: SearchSpace,
    meter: RatioMeter,
    networks: int = 40,
    seed: int = CHECK_SEED,
    listen: Listener = lambda done, total: None,
) -> LookupCheck:
    """Measure `networks` random networks, and as many near the median of their predictions,
    each `VISITS` times.

    None of them is one that the table's scale was fitted to. `UsageError` for fewer than 3
    networks, or where the table is of another device or runtime than `meter`.
    """
    if networks > MOST_NETWORKS:
        raise UsageError(f"{shown(networks)} networks; check with at most {MOST_NETWORKS:,}")
    if networks < 3:
        raise UsageError(f"{networks} networks say nothing of a table; check with at least 3")
    table = model.table
    for name, here in (("device", meter.device), ("runtime", meter.runtime)):
        if getattr(table, name) != here:
            raise UsageError(
                f"the table's {name} is {getattr(table, name)!r}, but what measures is {here!r}; "
                "check a table where it was filled"
            )
    drawn = _draw(space, np.random.default_rng(seed), set(table.fitted_to))
    random = [next(drawn) for _ in range(networks)]
    near_ms = statistics.median(_predict(model, space, one) for one in random)
    near = _near(model, space, drawn, near_ms, networks)
    groups = ["random"] * networks + ["near"] * networks
    drawn_all = [*random, *near]
    ratios: list[list[float]] = [[] for _ in drawn_all]
    for visit in range(VISITS):
        for place, tokens in enumerate(drawn_all):
            listen(visit * len(drawn_all) + place, VISITS * len(drawn_all))
            ratios[place].append(measure_whole(meter, space, tokens))
    rows = tuple[CheckedNetwork, ...](
        {
            "group": group,
            "tokens": list(tokens),
            "predicted_ms": _predict(model, space, tokens),
            "measured_ms": table.reference_ms * statistics.fmean(seen),
            "error_of_measuring": statistics.stdev(seen) / statistics.fmean(seen) / VISITS**0.5,
        }
        for group, tokens, seen in zip(groups, drawn_all, ratios, strict=True)
    )
    halves = [[row for row in rows if row["group"] == group] for group in ("random", "near")]
    return LookupCheck(_quality(halves[0]), _quality(halves[1]), near_ms, rows)


def _draw(space: SearchSpace, rng: np.random.Generator, seen: set[Tokens]) -> Iterator[Tokens]:
    """Random architectures, each once and none that was seen before."""
    for _ in range(LONGEST_DRAW):
        tokens = space.canonical(space.sample(rng))
        if tokens not in seen:
            seen.add(tokens)
            yield tokens
    raise UsageError(f"space {space.name!r} has too few networks near one latency; check fewer")


def _near(
    model: LookupLatency, space: SearchSpace, drawn: Iterator[Tokens], near_ms: float, count: int
) -> list[Tokens]:
    found: list[Tokens] = []
    while len(found) < count:
        tokens = next(drawn)
        if abs(_predict(model, space, tokens) / near_ms - 1) <= NEAR:
            found.append(tokens)
    return found


def _predict(model: LookupLatency, space: SearchSpace, tokens: Tokens) -> float:
    return model.network_latency(space.network(tokens)).latency_ms


def _quality(rows: Sequence[CheckedNetwork]) -> Quality:
    from scipy.stats import kendalltau

    predicted = np.array([row["predicted_ms"] for row in rows])
    measured = np.array([row["measured_ms"] for row in rows])
    errors = 100 * (predicted / measured - 1)
    return Quality(
        networks=len(rows),
        mape=float(np.abs(errors).mean()),
        kendall_tau=float(kendalltau(predicted, measured).statistic),
        bias=float(errors.mean()),
        measuring=100 * statistics.fmean(row["error_of_measuring"] for row in rows),
        fastest_ms=float(measured.min()),
        slowest_ms=float(measured.max()),
    )
