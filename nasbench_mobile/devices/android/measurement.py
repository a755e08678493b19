"""What is known after a network was measured on a phone."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.devices.android.state import DeviceState
from nasbench_mobile.devices.host.delegation import Delegation
from nasbench_mobile.devices.pairing import PairedRatio
from nasbench_mobile.types import LatencyReading

REFERENCE = "mobilenet-v2"
"""The reference: MobileNetV2 1.0 at 224 pixels, as on the host."""


@dataclass(frozen=True, slots=True)
class AndroidMeasurement:
    """One network on one phone.

    `latency_ms` is `ratio` times `reference_ms`, the reference's nominal latency on this device;
    `low_ms` and `high_ms` are the 95 % interval of the median. `raw_ms` is the plain median of the
    candidate's runs. `before` and `after` are the phone's states. `runtime_version` is the digest
    of the `benchmark_model` that ran: it says no version itself. `core_mask` was chosen by
    `cores_by` (see `cpu_cores`; `given`: by the user). Of every run `inferences_per_run` were asked
    for and at least `inferences_done` done; `delegation` is who ran the network.
    """

    latency_ms: float
    low_ms: float
    high_ms: float
    ratio: PairedRatio
    raw_ms: float
    reference_ms: float
    device: str
    serial: str
    runtime_version: str
    core_mask: str | None
    cores_by: str | None
    inferences_per_run: int
    inferences_done: int
    delegation: Delegation
    before: DeviceState
    after: DeviceState
    cost_s: float
    runtime: str = "benchmark_model"
    reference: str = REFERENCE
    threads: int = 1

    def record(self) -> dict[str, Any]:
        """JSON form: milliseconds, fractions and the runs' count."""
        left_out = ("latency_ms", "low_ms", "high_ms", "ratio", "before", "after", "delegation")
        names = (field.name for field in dataclasses.fields(self))
        return {
            "latency_ms": self.latency_ms,
            "interval_ms": [self.low_ms, self.high_ms],
            "spread": self.ratio.cv,
            "ratio_to_reference": self.ratio.value,
            "ratio_interval": [self.ratio.low, self.ratio.high],
            "runs": self.ratio.pairs,
            **{name: getattr(self, name) for name in names if name not in left_out},
            "ran_by": self.delegation.ran_by,
            "nodes_delegated": self.delegation.delegated,
            "nodes": self.delegation.nodes,
            "before": self.before.record(),
            "after": self.after.record(),
        }

    @property
    def reading(self) -> LatencyReading:
        """What a search sees; `sd_ms` is the standard error of `latency_ms`.

        Pairs are independent: each is two starts of the program.
        """
        error = self.ratio.cv / math.sqrt(self.ratio.pairs)
        return LatencyReading(self.latency_ms, error * self.latency_ms, self.cost_s)
