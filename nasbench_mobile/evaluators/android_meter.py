"""A phone as what a look-up table is filled through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

from nasbench_mobile.evaluators.android import AndroidLatency, Writer
from nasbench_mobile.evaluators.android_measurement import REFERENCE, AndroidMeasurement
from nasbench_mobile.evaluators.pairing import PairedRatio
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.zoo import network as zoo_network
from nasbench_mobile.types import Failure


class PhoneMeter:
    """A `fill_lookup.RatioMeter` on phones.

    What the phones are is read off a first measurement, of the reference itself. The number of
    pairs is that of the evaluator's settings, whatever `ratios` is asked for: on a phone a pair is
    two runs of a program, each of many inferences.
    """

    reference = REFERENCE

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

    def ratios(self, networks: Sequence[Network], *, pairs: int) -> Sequence[PairedRatio | Failure]:
        found = self._evaluator.measure([partial(self._write, network) for network in networks])
        return [one if isinstance(one, Failure) else one.ratio for one in found]

    @cached_property
    def _first(self) -> AndroidMeasurement:
        return self._evaluator.measure_network(zoo_network(REFERENCE))
