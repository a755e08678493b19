"""A phone as what a look-up table is filled through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

from nasbench_mobile.devices.android.latency import AndroidLatency, Writer, android_evaluator
from nasbench_mobile.devices.android.measurement import REFERENCE, AndroidMeasurement
from nasbench_mobile.devices.android.settings import AndroidSettings
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.zoo import network as zoo_network
from nasbench_mobile.types import Failure


def android_latency(
    *, serial: str, pairs: int = 8, nominal_ms: float | None = None
) -> AndroidLatency:
    """The evaluator a benchmark names as `android`: `serial` as in `android:SERIAL`."""
    return android_evaluator(serial, settings=AndroidSettings(pairs=pairs), nominal_ms=nominal_ms)


class PhoneMeter:
    """A `fill_lookup.RatioMeter` on phones.

    What the phones are is read off a first measurement, of the reference itself. Pieces are looked
    at once: each look is the evaluator's pairs of runs, of many inferences each.
    """

    reference = REFERENCE
    passes = 1

    def __init__(self, evaluator: AndroidLatency, write: Writer = to_tflite) -> None:
        self._evaluator, self._write = evaluator, write

    @property
    def device(self) -> str:
        return self._first.device

    @property
    def runtime(self) -> str:
        return self._first.runtime

    @property
    def runtime_version(self) -> str:
        return self._first.runtime_version

    def reference_ms(self) -> float:
        return self._first.reference_ms

    def piece_ratios(self, networks: Sequence[Network]) -> Sequence[float | Failure]:
        found = self._evaluator.measure([partial(self._write, network) for network in networks])
        return [one if isinstance(one, Failure) else one.ratio.value for one in found]

    def whole_ratio(self, network: Network) -> float | Failure:
        return self.piece_ratios([network])[0]

    @cached_property
    def _first(self) -> AndroidMeasurement:
        return self._evaluator.measure_network(zoo_network(REFERENCE))
