"""Latency measured on this machine: LiteRT on one thread, every run paired with a reference's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import EvaluationError, NasbenchError, UsageError
from nasbench_mobile.evaluators.nominal import nominal_ms as kept_nominal_ms
from nasbench_mobile.evaluators.pairing import PairedRatio, paired_ratio
from nasbench_mobile.evaluators.processor import processor_name
from nasbench_mobile.evaluators.worker_process import INSTALL, WorkerFailure, WorkerProcess
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.zoo import network as zoo_network
from nasbench_mobile.types import Failure, Kind, LatencyReading

REFERENCE = "mobilenet-v2"
"""The reference: MobileNetV2 1.0 at 224 pixels, which the paper compares with too (our choice)."""
WARM_UP = 3
BURST = 10
"""Pairs in one burst (our choice: 4 such bursts reached a coefficient of variation near 1 %)."""
PAUSE_S = 0.05
"""Between bursts, so that they see more than one mood of the machine (our choice)."""
NOMINAL_BURSTS = 20


@dataclass(frozen=True, slots=True)
class HostMeasurement:
    """One network on this machine.

    `latency_ms` is `ratio` times `reference_ms`, the reference's nominal latency here. `cpu_ms` and
    `wall_ms` are the plain medians of the candidate's runs, which is what the unpaired protocol
    says, in thread CPU time and by the clock. `wall_ratio` is the ratio by the clock.
    """

    ratio: PairedRatio
    wall_ratio: float
    cpu_ms: float
    wall_ms: float
    reference_ms: float
    device: str
    runtime: str
    runtime_version: str
    cost_s: float
    reference: str = REFERENCE
    threads: int = 1

    @property
    def latency_ms(self) -> float:
        return self.ratio.value * self.reference_ms

    @property
    def reading(self) -> LatencyReading:
        """What a search sees; `sd_ms` is of one pair, not of the median."""
        return LatencyReading(self.latency_ms, self.ratio.cv * self.latency_ms, self.cost_s)

    def record(self) -> dict[str, Any]:
        """JSON form."""
        values = asdict(replace(self))
        ratio = values.pop("ratio")
        return {
            "latency_ms": self.latency_ms,
            "interval_ms": [ratio["low"] * self.reference_ms, ratio["high"] * self.reference_ms],
            "ratio_to_reference": ratio["value"],
            "half_width": self.ratio.half_width,
            "spread": ratio["cv"],
            "runs": ratio["pairs"],
            **values,
        }


class HostLatency:
    """Latency evaluator, measured, on this machine. One thread; each run paired with a reference's.

    A candidate is written as .tflite, loaded, warmed up, and run `pairs` times in bursts of
    `BURST`, each run beside one of MobileNetV2 1.0 224. What counts is the median ratio of the
    thread's CPU times, times the reference's nominal latency: `nominal_ms` where given, else
    measured once per processor and runtime and kept (see `nominal`). Where the median's 95 %
    interval is wider than +-`interval` (a fraction), more bursts follow, up to `max_pairs`; where
    that is not enough, the machine is too noisy and the measurement fails rather than mislead.

    The runtime lives in a process of its own (`python` names its interpreter, by default this one),
    which stays for the next candidate; where a file crashes it or takes longer than `limit_s`
    seconds, that measurement fails and another process is started. `MissingExtraError` where the
    runtime is not installed.
    """

    kind: Kind = "measured"

    def __init__(
        self,
        *,
        runtime: str = "ai-edge-litert",
        python: str | None = None,
        pairs: int = 40,
        interval: float = 0.03,
        max_pairs: int = 400,
        limit_s: float = 60.0,
        nominal_ms: float | None = None,
    ) -> None:
        if runtime not in INSTALL:
            raise UsageError(f"runtime is {runtime!r}; known are {', '.join(INSTALL)}")
        if not 6 <= pairs <= max_pairs:
            raise UsageError(
                f"pairs is {pairs} and max_pairs {max_pairs}; pairs must be at least 6 (fewer have "
                "no interval) and at most max_pairs"
            )
        for name, value in (("interval", interval), ("limit_s", limit_s)):
            if not value > 0:
                raise UsageError(f"{name} is {value!r}; it must be above 0")
        if nominal_ms is not None and not nominal_ms > 0:
            raise UsageError(f"nominal_ms is {nominal_ms!r}; it must be above 0 milliseconds")
        self.device = processor_name()
        self._runtime, self._pairs, self._max_pairs = runtime, pairs, max_pairs
        self._interval, self._limit_s, self._nominal_ms = interval, limit_s, nominal_ms
        self._worker = WorkerProcess(runtime, python)
        self._loaded_in = 0  # the start of the worker that holds the reference
        self._reference: bytes | None = None

    @property
    def label(self) -> str:
        return f"{self._runtime} on {self.device}, 1 thread, paired with {REFERENCE}"

    @property
    def runtime_version(self) -> str:
        self._worker.start()
        return self._worker.version

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        """One reading or failure per architecture, of its full-size network."""
        found = [self.measure_network(one.network()) for one in architectures]
        return [one if isinstance(one, Failure) else one.reading for one in found]

    def network_latency(self, network: Network) -> LatencyReading:
        """`EvaluationError` with the reason where the measurement failed."""
        found = self.measure_network(network)
        if isinstance(found, Failure):
            raise EvaluationError(found.reason)
        return found.reading

    def measure_network(self, network: Network) -> HostMeasurement | Failure:
        """Write a network with synthetic weights and measure it."""
        from nasbench_mobile.networks.tflite import to_tflite

        started = time.perf_counter()
        try:
            content = to_tflite(network)
        except NasbenchError as error:
            return Failure(f"the network cannot be written as .tflite: {error}")
        found = self.measure_file(content)
        if isinstance(found, Failure):
            return found
        return replace(found, cost_s=time.perf_counter() - started)

    def measure_file(self, content: bytes) -> HostMeasurement | Failure:
        """Measure a .tflite file's content."""
        started = time.perf_counter()
        try:
            reference_ms = self.reference_ms()
            runs = self._runs(content, started)
        except WorkerFailure as failure:
            return Failure(str(failure))
        if isinstance(runs, Failure):
            return runs
        return HostMeasurement(
            ratio=runs.ratio("cpu"),
            wall_ratio=runs.ratio("wall").value,
            cpu_ms=1e3 * median(runs.candidate["cpu"]),
            wall_ms=1e3 * median(runs.candidate["wall"]),
            reference_ms=reference_ms,
            device=self.device,
            runtime=self._runtime,
            runtime_version=self._worker.version,
            cost_s=time.perf_counter() - started,
        )

    def reference_ms(self) -> float:
        """The reference's nominal latency: given, kept from before, or measured now."""
        if self._nominal_ms is None:
            key = f"{self.device} {self._runtime} {self.runtime_version} {REFERENCE}"
            self._nominal_ms = kept_nominal_ms(key, self._measure_reference)
        return self._nominal_ms

    def close(self) -> None:
        """End the worker process; the next measurement starts another."""
        self._worker.close()

    def _measure_reference(self) -> float:
        """The median over bursts, in ms; about two seconds."""
        self._hold_reference()
        seconds: list[float] = []
        for _ in range(NOMINAL_BURSTS):
            record = {"do": "alone", "runs": BURST}
            seconds += [cpu for cpu, _ in self._ask(record)["runs"]]
            time.sleep(PAUSE_S)
        return 1e3 * median(seconds)

    def _runs(self, content: bytes, started: float) -> _Runs | Failure:
        self._hold_reference()
        limit = started + self._limit_s
        loaded = self._ask({"do": "load", "warm_up": WARM_UP}, content, limit=limit)
        if not all(loaded["finite"]):
            return Failure("the network's output is not finite (NaN or infinity)")
        runs = _Runs()
        while True:
            runs.add(self._ask({"do": "rounds", "rounds": BURST}, limit=limit))
            if runs.pairs >= self._pairs and runs.ratio("cpu").half_width <= self._interval:
                return runs
            if runs.pairs >= self._max_pairs:
                return Failure(self._too_noisy(runs))
            time.sleep(PAUSE_S)

    def _too_noisy(self, runs: _Runs) -> str:
        width = runs.ratio("cpu").half_width
        return (
            f"the machine is too noisy: after {runs.pairs} pairs the ratio is known to "
            f"+-{100 * width:.1f} %, asked were +-{100 * self._interval:g} %; end other work on "
            "it, allow more pairs, or ask for a wider interval"
        )

    def _hold_reference(self) -> None:
        """See to it that the worker that runs now has the reference."""
        self._worker.start()
        if self._loaded_in != self._worker.started:
            if self._reference is None:
                from nasbench_mobile.networks.tflite import to_tflite

                self._reference = to_tflite(zoo_network(REFERENCE))
            self._ask({"do": "reference", "warm_up": WARM_UP}, self._reference)
            self._loaded_in = self._worker.started

    def _ask(
        self, record: dict[str, Any], *payload: bytes, limit: float | None = None
    ) -> dict[str, Any]:
        left = self._limit_s if limit is None else limit - time.perf_counter()
        return self._worker.request(record, payload, limit_s=left)


class _Runs:
    """Runs of one candidate and of the reference, in seconds, by CPU and wall clock."""

    def __init__(self) -> None:
        self.candidate: dict[str, list[float]] = {"cpu": [], "wall": []}
        self.reference: dict[str, list[float]] = {"cpu": [], "wall": []}

    @property
    def pairs(self) -> int:
        return len(self.candidate["cpu"])

    def add(self, answer: dict[str, Any]) -> None:
        for into, runs in (
            (self.candidate, answer["candidates"][0]),
            (self.reference, answer["reference"]),
        ):
            into["cpu"] += [cpu for cpu, _ in runs]
            into["wall"] += [wall for _, wall in runs]

    def ratio(self, clock: str) -> PairedRatio:
        return paired_ratio(self.candidate[clock], self.reference[clock])
