"""What many tests share: a small problem on a real space, with made-up (synthetic) evaluators."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.objectives.mnasnet import LatencyObjective
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.types import (
    AccuracyReading,
    Failure,
    Fidelity,
    Kind,
    LatencyReading,
    Tokens,
)

collect_ignore = ["data"]
"""Old files, which hold strategies and no tests."""

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("untimed", deadline=None)  # machines under load are slow by turns
settings.load_profile("untimed")
os.environ.pop("COLUMNS", None)  # some runners of tests set a width; the tests have their own


def pytest_collection_finish() -> None:
    """What was imported stays: no garbage collection, of which trainings ask many, looks at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of outside data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("NASBENCH_MOBILE_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"outside data is not at {folder} (set NASBENCH_MOBILE_SHARED)")
    return folder


@pytest.fixture(scope="session")
def paper_folder() -> Path:
    """What MnasNet's paper prints, table by table, read off by hand (see NOTICE)."""
    return ROOT / "tests" / "data" / "paper"


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the fitted models that come with the package."""
    return Path(str(resources.files("nasbench_mobile.benchmarks")))


@pytest.fixture(scope="session")
def surrogate(models: Path) -> SurrogateAccuracy:
    return SurrogateAccuracy.from_file(models / "imagenet-anb-ridge.json")


@pytest.fixture(scope="session")
def pixel1(models: Path) -> Pixel1Latency:
    return Pixel1Latency.from_file(models / "pixel1-tunas.json")


@pytest.fixture(autouse=True)
def _unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that a test marked `no_cover` starts are not measured either.

    They take twice as long under coverage, and run what tests of the commands run in this process.
    """
    if request.node.get_closest_marker("no_cover"):
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            monkeypatch.delenv(name)


@dataclass
class SyntheticAccuracy:
    """Accuracy that grows with every token; counts the architectures it was asked for."""

    fidelity: Fidelity | None = None
    label: str = "synthetic accuracy"
    evaluated: list[Tokens] = field(default_factory=list)
    wrong: Callable[[Tokens], bool] = lambda _: False

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        readings = []
        for architecture in architectures:
            if self.wrong(architecture.tokens):
                raise RuntimeError("the training diverged")
            self.evaluated.append(architecture.tokens)
            readings.append(AccuracyReading(0.5 + sum(architecture.tokens) / 1000))
        return readings

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        """Less training, less accuracy."""
        readings = self.accuracy(architectures)
        return [
            AccuracyReading(reading.accuracy * fidelity)
            for reading, fidelity in zip(readings, fidelities, strict=True)
            if isinstance(reading, AccuracyReading)
        ]


@dataclass
class SyntheticLatency:
    """10 ms and 1 ms more for every unit of every token."""

    label: str = "synthetic latency"
    device: str = "nothing real"
    kind: Kind = "synthetic"

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        return [LatencyReading(10.0 + sum(a.tokens)) for a in architectures]

    def network_latency(self, network: Network) -> LatencyReading:
        return LatencyReading(float(len(network.nodes)))


@pytest.fixture
def synthetic_problem() -> Problem:
    accuracy = SyntheticAccuracy()
    return Problem(
        space=MnasNetAnbSpace(),
        accuracy=accuracy,
        noise_free=accuracy,
        latency=SyntheticLatency(),
        objective=LatencyObjective(alpha=-0.07, beta=-0.07, target_ms=30.0),
    )


@pytest.fixture
def fake_adb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An adb server without phones (tests/fake_adb.py) that this process takes for its own."""
    pytest.importorskip("adbutils", reason="adbutils is not installed (extra 'android')")
    spec = importlib.util.spec_from_file_location("fake_adb", ROOT / "tests" / "fake_adb.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fake_adb", module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANDROID_ADB_SERVER_HOST", "127.0.0.1")
    with module.FakeAdb() as server:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
        yield server


@pytest.fixture
def synthetic_table() -> Callable[..., Any]:
    """Makes a table of `mnasnet` whose accuracies are made up (synthetic), not trained.

    Deeper, wider and 5x5 is better, and noise of `noise` comes on top, another for each seed; the
    first `repeated` architectures have three seeds. `accuracy(tokens)` may be given instead.
    """
    import numpy as np

    from nasbench_mobile.spaces.mnasnet import MnasNetSpace
    from nasbench_mobile.tables.row import Row
    from nasbench_mobile.tables.table import Header, LatencyColumn, Table

    space = MnasNetSpace()
    effects = np.random.default_rng(4).uniform(0.001, 0.006, len(space.decisions))

    def grown(tokens: Tokens) -> float:
        return 0.3 + float(effects @ np.array(tokens))

    def make(
        count: int = 40,
        *,
        repeated: int = 20,
        noise: float = 0.004,
        accuracy: Callable[[Tokens], float] = grown,
        tokens: Sequence[Tokens] | None = None,
        multiply_adds: Callable[[Tokens], float] = lambda tokens: 1e8 + sum(tokens),
    ) -> Table:
        rng = np.random.default_rng(0)
        chosen = tokens or [space.canonical(space.sample(rng)) for _ in range(count)]
        rows = [
            Row(
                one, seed, "uniform", accuracy=accuracy(one) + noise * float(rng.normal()),
                history=(0.1,), cost_s=10.0, latency_ms={"pixel1": 20.0 + sum(one)},
                parameters=10**6, multiply_adds=int(multiply_adds(one)),
            )
            for seed in range(3)
            for place, one in enumerate(chosen)
            if seed == 0 or place < repeated
        ]  # fmt: skip
        training = {
            "recipe": {
                "name": "synthetic", "epochs": 1.0, "batch_size": 8, "optimizer": "sgd",
                "learning_rate": 0.1, "schedule": "cosine",
            },
            "stem_stride": 1, "epochs": 1.0, "data": "synthetic", "width": 0.35,
            "input_size": 32, "precision": "32",
        }  # fmt: skip
        one: LatencyColumn = {"label": "synthetic", "device": "none", "kind": "synthetic"}
        header = Header({"name": "mnasnet", "options": {}}, training, {"pixel1": one})
        return Table(header, (), tuple(rows))

    return make
