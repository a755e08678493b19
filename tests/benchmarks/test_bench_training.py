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
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.recipe import PROXY
from nasbench_mobile.training.trainer import train

ROUNDS, BATCH = 7, 128


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turns(*works: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each, after a round to warm up."""
    rounds = [[cpu_s(work) for work in works] for _ in range(ROUNDS + 1)][1:]
    return [statistics.median(seconds) for seconds in zip(*rounds, strict=True)]


class PlainLoop:
    """The least that trains the same module on the same images: no augmentation, no checks."""

    def __init__(self, network: Network, data: ImageData) -> None:
        assert data.train.pixels is not None
        self._module = to_module(network)
        self._optimizer = torch.optim.SGD(self._module.parameters(), 0.01, momentum=0.9, fused=True)
        whole = Preparation(32, 1.0, "side", "float32")
        self._images = normalise(central_batch(data.train.pixels, whole))
        self._labels = torch.from_numpy(data.train.labels)

    def step(self, number: int) -> None:
        start = number * BATCH % (len(self._labels) - BATCH)
        chosen = torch.arange(start, start + BATCH)
        loss = functional.cross_entropy(self._module(self._images[chosen]), self._labels[chosen])
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()


def test_training_throughput(benchmark: BenchmarkFixture) -> None:
    """MnasNet-A1, width multiplier 0.35, 32 px, stem stride 1, batch 128, one thread."""
    network = with_stem_stride(zoo.network("mnasnet-a1", 0.35, 32, classes=10), 1)
    data = load_data("digits")
    plain = PlainLoop(network, data)
    ours_s, plain_s = [], []
    mark = 0.0

    def watch(number: int, loss: object) -> None:
        """After each of our steps, one of the plain loop's: neighbours in time."""
        nonlocal mark
        ours_s.append(time.process_time() - mark)
        plain_s.append(cpu_s(lambda: plain.step(number)))
        mark = time.process_time()

    def both() -> None:
        # Nine steps of ten an epoch lie between two others; the tenth has an evaluation before it.
        train(network, data, PROXY.changed(batch_size=BATCH, epochs=4), watch_step=watch)

    benchmark.pedantic(both, rounds=1)
    steps = [step for step in range(len(ours_s)) if step % 10]
    ours = statistics.median(ours_s[step] for step in steps)
    wanted = statistics.median(plain_s[step] for step in steps)
    benchmark.extra_info |= {
        "images_per_s": BATCH / ours,
        "plain_images_per_s": BATCH / wanted,
        "ratio": statistics.median(plain_s[step] / ours_s[step] for step in steps),
    }
    assert ours > 0


class Encoded:
    """JPEG files in memory, so that no disk is timed."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self._contents = contents
        self.names = tuple(contents)

    def read(self, name: str) -> bytes:
        return self._contents[name]


def photographs(count: int, width: int, height: int) -> dict[str, bytes]:
    """JPEG files with a photograph's share of detail: smooth shapes under some noise."""
    from PIL import Image

    rng, found = np.random.default_rng(0), {}
    for index in range(count):
        coarse = Image.fromarray(
            rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
        )
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
        noisy = np.clip(smooth + rng.integers(-12, 13, smooth.shape), 0, 255).astype(np.uint8)
        content = io.BytesIO()
        Image.fromarray(noisy).save(content, "JPEG", quality=90)
        found[f"{index}.jpg"] = content.getvalue()
    return found


@pytest.mark.parametrize(("width", "height"), [(224, 224), (500, 375)])
def test_input_pipeline(benchmark: BenchmarkFixture, width: int, height: int) -> None:
    """JPEGs to batches of 224 px (bytes, as loader processes give them), beside decoding alone.

    500 x 375 is what most of ImageNet's photographs have.
    """
    import simplejpeg
    from PIL import Image

    contents = photographs(64, width, height)
    listed = Listed(tuple(contents), np.zeros(len(contents), np.int64))
    images = Images(listed, Encoded(contents), None, "fail")
    batches = Batches(PROXY.changed(batch_size=32), 224, 0, torch.device("cpu"))

    def ours() -> None:
        assert sum(len(labels) for _, labels in batches.training(images, 0)) == len(contents)

    def bare() -> None:
        for content in contents.values():
            simplejpeg.decode_jpeg(content)

    def bare_pillow() -> None:
        for content in contents.values():
            np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    with torch_threads(1):
        found, wanted, pillow = benchmark.pedantic(in_turns, (ours, bare, bare_pillow), rounds=1)
    benchmark.extra_info |= {
        "images_per_s": len(contents) / found,
        "bare_images_per_s": len(contents) / wanted,
        "bare_pillow_images_per_s": len(contents) / pillow,
        "ratio": wanted / found,
        "ratio_to_pillow": pillow / found,
    }
    assert found > 0
