"""A reward of one's own."""

from nasbench_mobile.types import Measurement


def reward(measurement: Measurement, *, power: float = 0.5) -> float:
    """Accuracy over a power of the latency."""
    return measurement.accuracy / measurement.latency_ms**power
