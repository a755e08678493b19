"""The trainer beside a plain loop (bar: 0.97 of its images/s), the decoder beside a bare one (0.7).

Both sides are timed in turns in one run, in process CPU seconds; the ratio is that of the medians.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch.nn import functional

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.training.batches import Batches
from nasbench_mobile.training.crops import central_batch, normalise
from nasbench_mobile.training.data import ImageData, Images, load_data
from nasbench_mobile.training.layout import Listed
from nasbench_mobile.training.limits import torch_threads
from nasbench_mobile.training.recipe import PROXY
from nasbench_mobile.training.trainer import train

ROUNDS, STEPS, BATCH = 7, 4, 128


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turns(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median CPU seconds of both, after a round to warm up."""
    pairs = [(cpu_s(first), cpu_s(second)) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def step_seconds(network: Network, data: ImageData) -> list[float]:
    """CPU seconds from each step's end to the next's, augmentation and all."""
    ends: list[float] = []
    train(
        network, data, PROXY.changed(batch_size=BATCH, epochs=0.8),
        watch_step=lambda *_: ends.append(time.process_time()),
    )  # fmt: skip
    return np.diff(ends).tolist()


def plain_step_seconds(network: Network, data: ImageData) -> list[float]:
    """The least that trains the same module on the same images: no augmentation, no checks."""
    module = to_module(network)
    optimizer = torch.optim.SGD(module.parameters(), 0.01, momentum=0.9, fused=True)
    assert data.train.pixels is not None
    images = normalise(central_batch(data.train.pixels, 1.0, 32))
    labels = torch.from_numpy(data.train.labels)
    ends = []
    for step in range(8):
        chosen = torch.arange(step * BATCH, (step + 1) * BATCH)
        loss = functional.cross_entropy(module(images[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ends.append(time.process_time())
    return np.diff(ends).tolist()


def test_training_throughput(benchmark: BenchmarkFixture) -> None:
    """MnasNet-A1, depth multiplier 0.35, 32 px, stem stride 1, batch 128, one thread."""
    network = with_stem_stride(zoo.network("mnasnet-a1", 0.35, 32, classes=10), 1)
    data = load_data("digits")

    def both() -> tuple[float, float]:
        with torch_threads(1):
            rounds = [
                (step_seconds(network, data), plain_step_seconds(network, data)) for _ in range(4)
            ]
        ours, plain = zip(*rounds[1:], strict=True)
        return (statistics.median(sum(ours, [])), statistics.median(sum(plain, [])))

    ours, plain = benchmark.pedantic(both, rounds=1)
    benchmark.extra_info |= {
        "images_per_s": BATCH / ours,
        "plain_images_per_s": BATCH / plain,
        "ratio": plain / ours,
    }
    assert ours > 0


class Encoded:
    """JPEG files in memory, so that no disk is timed."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self._contents = contents
        self.names = tuple(contents)

    def read(self, name: str) -> bytes:
        return self._contents[name]


def photographs(count: int, side: int) -> dict[str, bytes]:
    """JPEG files with a photograph's share of detail: smooth shapes under some noise."""
    from PIL import Image

    rng, found = np.random.default_rng(0), {}
    for index in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (side // 16, side // 16, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.int16)
        noisy = np.clip(smooth + rng.integers(-12, 13, smooth.shape), 0, 255).astype(np.uint8)
        content = io.BytesIO()
        Image.fromarray(noisy).save(content, "JPEG", quality=90)
        found[f"{index}.jpg"] = content.getvalue()
    return found


@pytest.mark.parametrize("side", [224, 400])
def test_input_pipeline(benchmark: BenchmarkFixture, side: int) -> None:
    """JPEGs to normalised batches of 224 px, one process, beside decoding them and no more."""
    from PIL import Image

    contents = photographs(64, side)
    listed = Listed(tuple(contents), np.zeros(len(contents), np.int64))
    images = Images(listed, Encoded(contents), None, "fail")
    batches = Batches(PROXY.changed(batch_size=32), 224, 0, torch.device("cpu"))

    def ours() -> None:
        assert sum(len(labels) for _, labels in batches.training(images, 0)) == len(contents)

    def bare() -> None:
        for content in contents.values():
            np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    with torch_threads(1):
        found, wanted = benchmark.pedantic(in_turns, (ours, bare), rounds=1)
    benchmark.extra_info |= {
        "images_per_s": len(contents) / found,
        "bare_images_per_s": len(contents) / wanted,
        "ratio": wanted / found,
    }
    assert found > 0
