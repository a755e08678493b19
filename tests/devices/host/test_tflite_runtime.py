"""The older runtime, in the environment of its own that `tox -e tflite-runtime` makes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from nasbench_mobile.devices.host.latency import HostLatency, HostMeasurement
from nasbench_mobile.networks import zoo
from nasbench_mobile.types import Failure

if importlib.util.find_spec("tflite_runtime") is None:
    pytest.skip("tflite-runtime is not installed (tox -e tflite-runtime)", allow_module_level=True)


@pytest.fixture(scope="module")
def host() -> Iterator[HostLatency]:
    evaluator = HostLatency(runtime="tflite-runtime", pairs=10, interval=10.0, nominal_ms=8.0)
    yield evaluator
    evaluator.close()


@pytest.mark.parametrize("name", zoo.MODELS)
def test_it_runs_what_is_written(host: HostLatency, name: str) -> None:
    """Squeeze-and-excitation, depthwise convolutions, ReLU6: two years older, it knows them."""
    found = host.measure_network(zoo.network(name, 0.5, 96))
    assert isinstance(found, HostMeasurement), found
    assert found.ratio.value > 0
    assert found.runtime == "tflite-runtime"
    assert found.runtime_version.startswith("2.")


def test_a_corrupt_file_is_a_failure(host: HostLatency) -> None:
    found = host.measure_file(b"this is no model")
    assert isinstance(found, Failure)
    assert "tflite-runtime" in found.reason
