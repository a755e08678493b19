"""How well a measurement on this machine repeats, over restarts of the worker process."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nasbench_mobile.devices.host.latency import HostLatency, HostMeasurement
from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.types import Failure

WITHIN = (0.01, 0.02, 0.03, 0.05)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Repeated values of one protocol: their median (ms), coefficient of variation, the share
    within each fraction of the median, and the fraction that holds 95 % of them.
    """

    protocol: str
    median_ms: float
    cv: float
    within: dict[str, float]
    within_95: float


@dataclass(frozen=True, slots=True)
class Repeatability:
    """The paired protocol beside the plain medians of the very same runs."""

    restarts: int
    repeats: int
    cost_s: float
    agreements: tuple[Agreement, ...]
    measurements: tuple[HostMeasurement, ...]

    def record(self) -> dict[str, Any]:
        """JSON form."""
        first = self.measurements[0]
        return {
            "restarts": self.restarts,
            "repeats_each": self.repeats,
            "device": first.device,
            "runtime": first.runtime,
            "runtime_version": first.runtime_version,
            "runs_each": statistics.median(m.ratio.pairs for m in self.measurements),
            "median_cost_s": self.cost_s,
            "protocols": [asdict(agreement) for agreement in self.agreements],
            "latency_ms": [m.latency_ms for m in self.measurements],
        }


def repeat(
    evaluator: HostLatency,
    content: bytes,
    restarts: int,
    repeats: int,
    listen: Callable[[int, int], None] = lambda done, total: None,
) -> Repeatability:
    """Measure a .tflite file's content `repeats` times in each of `restarts` worker processes.

    `EvaluationError` where one of the measurements fails.
    """
    if restarts < 1 or repeats < 1 or restarts * repeats < 3:
        raise UsageError(
            f"{restarts} restarts of {repeats} measurements are too few to compare; make it 3 or "
            "more in all"
        )
    found: list[HostMeasurement] = []
    for _ in range(restarts):
        evaluator.close()
        for _ in range(repeats):
            one = evaluator.measure_file(content)
            if isinstance(one, Failure):
                raise EvaluationError(one.reason)
            found.append(one)
            listen(len(found), restarts * repeats)
    protocols = {
        "paired, CPU time": [one.latency_ms for one in found],
        "unpaired, CPU time": [one.cpu_ms for one in found],
        "unpaired, wall time": [one.wall_ms for one in found],
    }
    return Repeatability(
        restarts,
        repeats,
        statistics.median(one.cost_s for one in found),
        tuple(agreement(name, values) for name, values in protocols.items()),
        tuple(found),
    )


def agreement(protocol: str, values_ms: Sequence[float]) -> Agreement:
    """How well repeated values (two or more) agree.

    >>> agreement("example", [10.0, 10.2, 9.5]).within["3%"]
    0.6666666666666666
    """
    middle = statistics.median(values_ms)
    off = sorted(abs(value / middle - 1) for value in values_ms)
    return Agreement(
        protocol,
        middle,
        statistics.stdev(values_ms) / statistics.fmean(values_ms),
        {f"{w:.0%}": sum(one <= w for one in off) / len(off) for w in WITHIN},
        off[-(-95 * len(off) // 100) - 1],
    )
