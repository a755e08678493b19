"""A whole host measurement; the bar is 1.8 s for a network of MobileNetV2's size and 40 pairs.

Seconds are CPU seconds of this process and of the worker. By the clock it takes as much longer as
other work on the machine and the pauses between bursts make it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.host.latency import HostLatency, HostMeasurement
from nasbench_mobile.lookup.block_keys import space_pieces
from nasbench_mobile.lookup.latency import LookupLatency
from nasbench_mobile.lookup.table_file import Entry, LookupFile
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.spaces.mnasnet import MnasNetSpace

TICKS_PER_S = 100.0
"""Of /proc; Linux has had no other for decades."""


@pytest.fixture(scope="module")
def host() -> Iterator[HostLatency]:
    evaluator = HostLatency(interval=10.0, nominal_ms=8.0)
    evaluator.measure_network(zoo.network("mobilenet-v2"))  # starts the worker
    yield evaluator
    evaluator.close()


@pytest.fixture
def cpu_s(host: HostLatency, request: pytest.FixtureRequest) -> None:
    """Let `benchmark` count the worker's CPU seconds as well as this process's."""
    process = host._worker._process
    assert process is not None
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        pytest.skip("CPU seconds of another process are read from /proc")

    def timer() -> float:
        fields = stat.read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    request.getfixturevalue("benchmark")._timer = timer


@pytest.mark.usefixtures("cpu_s")
def test_whole_measurement(benchmark: BenchmarkFixture, host: HostLatency) -> None:
    """Write MobileNetV2 1.0 224, load, warm up, 40 pairs."""
    network = zoo.network("mobilenet-v2")
    found = benchmark.pedantic(host.measure_network, (network,), rounds=10)
    assert isinstance(found, HostMeasurement)
    assert found.ratio.pairs == 40


def test_lookup_of_random_architectures(benchmark: BenchmarkFixture) -> None:
    """1,000 at once, states of their segments seen for the first time in the first round."""
    space, rng = MnasNetSpace(), np.random.default_rng(0)
    entries = {k: Entry((multiply_adds(n) / 3e8,)) for k, n in space_pieces(space).items()}
    plain: dict[str, Any] = {}
    about = ("mnasnet", plain, "on paper", "arithmetic", "1", "mobilenet-v2", 8.0, 1, "2020-01-01")
    model = LookupLatency(LookupFile(*about, keys=len(entries), scale=1.0, entries=entries))
    architectures = [Architecture(space, space.sample(rng)) for _ in range(1000)]
    assert len(benchmark(model.latency, architectures)) == 1000
