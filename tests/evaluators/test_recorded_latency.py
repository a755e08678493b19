from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import LogError
from nasbench_mobile.evaluators.recorded_latency import RecordedLatency
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Failure, Kind, LatencyReading


class Meter:
    """Gives 1, 2, 3 ... ms, whatever is asked; every third measurement fails."""

    label, device = "a meter", "nothing real"

    def __init__(self, kind: Kind) -> None:
        self.kind, self.count = kind, 0

    def latency(self, architectures: Sequence[Architecture]) -> list[LatencyReading | Failure]:
        found = []
        for _ in architectures:
            self.count += 1
            noisy = self.count % 3 == 0
            found.append(Failure("noisy") if noisy else LatencyReading(float(self.count), 0.1, 2.0))
        return found

    def network_latency(self, network: Network) -> LatencyReading:
        return LatencyReading(float(len(network.nodes)))


@pytest.fixture
def architectures() -> list[Architecture]:
    space, rng = MnasNetSpace(), np.random.default_rng(0)
    return [Architecture(space, space.sample(rng)) for _ in range(3)]


def test_what_was_measured_is_told_and_not_measured_again(
    architectures: Sequence[Architecture], tmp_path: Path
) -> None:
    told: list[LatencyReading | Failure] = []
    path = tmp_path / "latencies.json"
    first = RecordedLatency(Meter("measured"), told.append, path).latency(architectures)
    assert told == list(first)
    assert first[2] == Failure("noisy")
    meter = Meter("measured")
    again = RecordedLatency(meter, told.append, path)
    assert (again.label, again.kind, again.device) == ("a meter", "measured", "nothing real")
    assert list(again.latency(architectures[:2])) == list(first[:2])
    assert meter.count == 0
    assert again.latency(architectures[2:]) == [LatencyReading(1.0, 0.1, 2.0)]  # a failure is tried
    assert len(told) == 6


def test_estimates_are_not_kept(architectures: Sequence[Architecture], tmp_path: Path) -> None:
    path = tmp_path / "latencies.json"
    meter = Meter("estimate")
    watched = RecordedLatency(meter, lambda _: None, path)
    watched.latency(architectures[:1])
    watched.latency(architectures[:1])
    assert meter.count == 2
    assert not path.exists()
    network = architectures[0].network()
    assert watched.network_latency(network) == meter.network_latency(network)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "it is not JSON"),
        ("[1]", "it holds no measured latencies"),
        ("3", "it holds no measured latencies"),
        ('[{"latency_ms": 3}]', "it holds no measured latencies"),
        ('[{"tokens": [0], "latency_ms": "3"}]', "key 'latency_ms' is '3'; it is a number"),
        ('[{"tokens": [0], "latency_ms": 3, "cost_s": 1, "more": 1}]', "it holds no measured"),
        ('[{"tokens": ["0"], "latency_ms": 3, "cost_s": 1}]', "it holds no measured"),
        ('[{"tokens": [0], "latency_ms": NaN, "cost_s": 1}]', "NaN is no number"),
    ],
)
def test_damage_is_named(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "latencies.json"
    path.write_text(content)
    with pytest.raises(LogError, match=f"{said}.*; remove it, and what it held is measured again"):
        RecordedLatency(Meter("measured"), lambda _: None, path)
