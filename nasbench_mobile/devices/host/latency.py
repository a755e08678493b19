"""Latency measured on this machine: LiteRT on one thread, every run paired with a reference's."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, cast

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.host.processor import processor_name
from nasbench_mobile.devices.host.worker import Burst
from nasbench_mobile.devices.host.worker_process import INSTALL, WorkerFailure, WorkerProcess
from nasbench_mobile.devices.pairing import PairedRatio, burst_ratio
from nasbench_mobile.devices.reference_latency import nominal_ms as kept_nominal_ms
from nasbench_mobile.errors import EvaluationError, NasbenchError, UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.zoo import network as zoo_network
from nasbench_mobile.types import Failure, Kind, LatencyReading

REFERENCE = "mobilenet-v2"
"""The reference: MobileNetV2 1.0 at 224 pixels, which the paper compares with too (our choice)."""
WARM_UP = 2
"""How many invokes after loading are not counted."""
BURST = 5
"""Pairs between one loading of the models and the next. Our choice, measured: with the models
loaded once, 40 pairs of MnasNet-A1 had a coefficient of variation of 1.5 % from one measurement to
the next, loaded anew for every 5 pairs 0.5 %."""
PAUSE_S = 0.02
"""Seconds between bursts, so that they see more than one mood of the machine (our choice)."""
NOMINAL_BURSTS = 40
PIECE_ROUNDS, PIECE_INVOKES = 3, 3
"""The rounds and invokes of a burst over pieces of networks. Three invokes in a row, because the
first finds its weights and input in memory, later ones in the cache, and inside a network it is
something between: with the mean of three, sums predicted whole networks with an error of 1.4 %,
with single runs 2.3 %, with runs in the cache alone 1.8 % (our choice, measured)."""


@dataclass(frozen=True, slots=True)
class HostMeasurement:
    """One network on this machine.

    `latency_ms` is `ratio` times `reference_ms`, the reference's nominal latency here. `cpu_ms` and
    `wall_ms` are the plain medians of the candidate's runs, which is what the unpaired protocol
    says, in thread CPU time and by the clock. `wall_ratio` is the ratio by the clock. `cost_s` are
    seconds by the clock, all told.
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
        """What a search sees; `sd_ms` is the standard error of `latency_ms`."""
        error = self.ratio.cv / math.sqrt(self.ratio.pairs / BURST)
        return LatencyReading(self.latency_ms, error * self.latency_ms, self.cost_s)

    def record(self) -> dict[str, Any]:
        """JSON form."""
        values = asdict(self)
        ratio = values.pop("ratio")
        return {
            "latency_ms": self.latency_ms,
            "interval_ms": [ratio["low"] * self.reference_ms, ratio["high"] * self.reference_ms],
            "spread": ratio["cv"],
            "ratio_to_reference": ratio["value"],
            "ratio_interval": [ratio["low"], ratio["high"]],
            "runs": ratio["pairs"],
            **values,
        }


class HostLatency:
    """Latency evaluator, measured, on this machine. One thread; each run paired with a reference's.

    A candidate is written as .tflite and run `pairs` times, each run beside one of MobileNetV2 1.0
    224, in bursts of `BURST` pairs between which both are loaded anew and warmed up. What counts is
    the ratio of the thread's CPU times (see `pairing.burst_ratio`) times the reference's nominal
    latency: `nominal_ms` where given, else measured once per processor and runtime and kept (see
    `nominal`). Where the ratio's 95 % interval is wider than +-`interval` (a fraction), more bursts
    follow, up to `max_pairs`; where that is not enough, the machine is too noisy and the
    measurement fails rather than mislead.

    The runtime lives in a process of its own (`python` names its interpreter, by default this one),
    which stays for the next candidate; where a file crashes it or takes longer than `limit_s`
    seconds, that measurement fails and another process is started. `MissingExtraError` where the
    runtime is not installed. `processor` names the machine it must be, where that matters.
    """

    kind: Kind = "measured"
    reference = REFERENCE
    passes = 8
    """How often a look-up table has each piece looked at. Our choice, measured: the random error of
    sums for whole networks was then 0.5 to 0.9 %, and 12 looks predicted them no better."""

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
        processor: str | None = None,
    ) -> None:
        if runtime not in INSTALL:
            raise UsageError(f"runtime is {runtime!r}; known are {', '.join(INSTALL)}")
        if not 2 * BURST <= pairs <= max_pairs:
            raise UsageError(
                f"pairs is {pairs} and max_pairs {max_pairs}; pairs must be at least {2 * BURST} "
                "(two bursts; one has no interval) and at most max_pairs"
            )
        for name, value in (("interval", interval), ("limit_s", limit_s)):
            if not value > 0:
                raise UsageError(f"{name} is {value!r}; it must be above 0")
        if nominal_ms is not None and not 0 < nominal_ms < math.inf:
            raise UsageError(f"nominal_ms is {nominal_ms!r}; it must be finite and above 0")
        self.device = processor_name()
        if processor not in (None, self.device):
            raise UsageError(
                f"this is to be measured on {processor!r}, but this machine is {self.device!r}; "
                "its latencies would be of another task"
            )
        self.runtime, self._pairs, self._max_pairs = runtime, pairs, max_pairs
        self._interval, self._limit_s, self._nominal_ms = interval, limit_s, nominal_ms
        self._worker = WorkerProcess(runtime, python)
        self._told = 0  # the start of the worker that was given the reference
        self._reference: bytes | None = None

    @property
    def label(self) -> str:
        return f"{self.runtime} on {self.device}, 1 thread, paired with {REFERENCE}"

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
            runs = self._runs_of(content, started + self._limit_s)
        except WorkerFailure as failure:
            return Failure(str(failure))
        if isinstance(runs, Failure):
            return runs
        return HostMeasurement(
            ratio=runs.ratio(CPU),
            wall_ratio=runs.ratio(WALL).value,
            cpu_ms=1e3 * median(runs.seconds(CPU)),
            wall_ms=1e3 * median(runs.seconds(WALL)),
            reference_ms=reference_ms,
            device=self.device,
            runtime=self.runtime,
            runtime_version=self._worker.version,
            cost_s=time.perf_counter() - started,
        )

    def piece_ratios(self, networks: Sequence[Network]) -> Sequence[float | Failure]:
        """One burst's look at many small networks, for look-up tables: ratios to the reference.

        One of the reference's runs serves them all. One that fails (or crashes the runtime) fails
        alone.
        """
        from nasbench_mobile.networks.tflite import to_tflite

        limit = time.perf_counter() + self._limit_s
        try:
            self._send([to_tflite(network) for network in networks], limit)
            answer = self._burst(limit, PIECE_ROUNDS, PIECE_INVOKES)
        except WorkerFailure as failure:
            if len(networks) == 1:
                return [Failure(str(failure))]
            return [self.piece_ratios([network])[0] for network in networks]
        found: list[float | Failure] = []
        for position, error in enumerate(answer["errors"]):
            runs = _Runs()
            runs.add(answer, position)
            found.append(runs.ratio(CPU).value if error is None else Failure(error))
        return found

    def whole_ratio(self, network: Network) -> float | Failure:
        """The ratio of a whole network to the reference, measured as `measure_network` does."""
        found = self.measure_network(network)
        return found if isinstance(found, Failure) else found.ratio.value

    def reference_ms(self) -> float:
        """The reference's nominal latency: given, kept from before, or measured now."""
        if self._nominal_ms is None:
            key = f"{self.device} {self.runtime} {self.runtime_version} {REFERENCE}"
            self._nominal_ms = kept_nominal_ms(key, self._measure_reference)
        return self._nominal_ms

    def close(self) -> None:
        """End the worker process; the next measurement starts another."""
        self._worker.close()

    def _measure_reference(self) -> float:
        """The median of the reference's own runs, in ms; takes a few seconds."""
        limit = time.perf_counter() + self._limit_s
        self._send([], limit)
        seconds: list[float] = []
        for _ in range(NOMINAL_BURSTS):
            seconds += [run[CPU] for run in self._burst(limit)["reference"]]
            time.sleep(PAUSE_S)
        return 1e3 * median(seconds)

    def _runs_of(self, content: bytes, limit: float) -> _Runs | Failure:
        """Enough runs of one candidate to know its ratio as well as was asked."""
        self._send([content], limit)
        runs = _Runs()
        while True:
            runs.add(self._burst(limit), 0)
            if runs.error is not None:
                return Failure(f"{self.runtime} cannot run the network: {runs.error}")
            if runs.pairs >= self._pairs and runs.ratio(CPU).half_width <= self._interval:
                return runs
            if runs.pairs >= self._max_pairs:
                return Failure(self._too_noisy(runs))
            time.sleep(PAUSE_S)

    def _too_noisy(self, runs: _Runs) -> str:
        width = runs.ratio(CPU).half_width
        return (
            f"the machine is too noisy: after {runs.pairs} pairs the ratio is known to "
            f"+-{100 * width:.1f} %, asked were +-{100 * self._interval:g} %; end other work on "
            "it, allow more pairs, or ask for a wider interval"
        )

    def _send(self, contents: Sequence[bytes], limit: float) -> None:
        """Give the worker the candidates, and the reference where it has started since."""
        self._worker.start()
        if self._told != self._worker.started:
            if self._reference is None:
                from nasbench_mobile.networks.tflite import to_tflite

                self._reference = to_tflite(zoo_network(REFERENCE))
            self._ask({"do": "reference"}, [self._reference], limit)
            self._told = self._worker.started
        self._ask({"do": "candidates"}, contents, limit)

    def _burst(self, limit: float, rounds: int = BURST, invokes: int = 1) -> Burst:
        record = {"do": "burst", "warm_up": WARM_UP, "rounds": rounds, "invokes": invokes}
        return cast(Burst, self._ask(record, (), limit))

    def _ask(
        self, record: dict[str, Any], payload: Sequence[bytes], limit: float
    ) -> dict[str, Any]:
        return self._worker.request(record, payload, limit_s=limit - time.perf_counter())


CPU, WALL = 0, 1
"""The positions of the two clocks in a run."""


class _Runs:
    """Runs of one candidate and of the reference beside it: (CPU, wall) seconds each."""

    def __init__(self) -> None:
        self._candidate: list[Sequence[float]] = []
        self._reference: list[Sequence[float]] = []
        self.error: str | None = None

    @property
    def pairs(self) -> int:
        return len(self._candidate)

    def add(self, answer: Burst, position: int) -> None:
        """A worker's answer to a burst, in which this candidate stands at `position`."""
        self.error = self.error or answer["errors"][position]
        self._candidate += answer["candidates"][position]
        self._reference += answer["reference"]

    def seconds(self, clock: int) -> list[float]:
        return [run[clock] for run in self._candidate]

    def ratio(self, clock: int) -> PairedRatio:
        return burst_ratio(self.seconds(clock), [run[clock] for run in self._reference], BURST)
