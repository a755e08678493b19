"""Latencies of reference networks on a device of the user's: this host or a phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import LatencyEvaluator

HOST, ANDROID = "host", "android:"


@dataclass(frozen=True, slots=True)
class Measured:
    """One network's latency and its standard error (ms); None, and why, where it failed."""

    name: str
    latency_ms: float | None
    sd_ms: float | None = None
    failure: str | None = None


def check_device(spec: str) -> None:
    """`UsageError` where a device is neither `host` nor `android:SERIAL`."""
    if spec != HOST and not spec.removeprefix(ANDROID):
        raise UsageError("device is 'android:' without a serial; see `nasbench-mobile devices`")
    if spec != HOST and not spec.startswith(ANDROID):
        raise UsageError(f"device is {spec!r}; known are host and android:SERIAL")


def meter(spec: str) -> LatencyEvaluator:
    """The evaluator of a device: `host` or `android:SERIAL`; `UsageError` else."""
    check_device(spec)
    if spec == HOST:
        from nasbench_mobile.devices.host.latency import HostLatency

        return HostLatency()
    from nasbench_mobile.devices.android.meter import android_latency

    return android_latency(serial=spec.removeprefix(ANDROID))


def measure(evaluator: LatencyEvaluator, networks: Mapping[str, Network]) -> list[Measured]:
    """Measure each; one that fails is a row with its reason, and the others go on."""
    found = []
    for name, network in networks.items():
        try:
            reading = evaluator.network_latency(network)
            found.append(Measured(name, reading.latency_ms, reading.sd_ms))
        except EvaluationError as error:
            found.append(Measured(name, None, failure=str(error)))
    return found
