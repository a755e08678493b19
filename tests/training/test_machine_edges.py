"""Optimizers, limits, launchers and files of images, at their edges."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.training import archives, limits
from nasbench_mobile.training import data as data_module
from nasbench_mobile.training.archives import TarFiles
from nasbench_mobile.training.average import averaged, decay_after
from nasbench_mobile.training.batches import Share
from nasbench_mobile.training.data import default_input_size, load_data
from nasbench_mobile.training.dropout import OwnDropout, own_dropout
from nasbench_mobile.training.images import FolderFiles, open_images
from nasbench_mobile.training.launcher import OneDevice
from nasbench_mobile.training.limits import Limits, TrainingFailure
from nasbench_mobile.training.optimizers import TensorFlowRMSProp, build_optimizer
from nasbench_mobile.training.recipe import FULL, PROXY
from nasbench_mobile.training.smallest_batch import check_batches, least_images
from nasbench_mobile.training.trainer import TrainingSetting

Tiny = Callable[..., Network]
Jpeg = Callable[..., bytes]


def test_rmsprop_starts_as_tensorflows_does_and_skips_what_has_no_gradient() -> None:
    """From ms = 1: ms 0.9 + 0.1 * 4 = 1.3; the step is 0.1 * 2 / sqrt(1.3 + 0.001)."""
    weight, idle = nn.Parameter(torch.tensor([1.0])), nn.Parameter(torch.tensor([7.0]))
    optimizer = TensorFlowRMSProp([weight, idle], 0.1)
    closed: list[bool] = []

    def closure() -> float:
        closed.append(torch.is_grad_enabled())
        weight.grad = torch.tensor([2.0])
        return 0.25

    assert optimizer.step(closure) == 0.25
    assert closed == [True]
    assert weight.item() == pytest.approx(1 - 0.2 / 1.301**0.5)
    assert idle.item() == 7.0
    before = weight.item()
    step = 0.9 * 0.2 / 1.301**0.5 + 0.2 / (0.9 * 1.3 + 0.4 + 0.001) ** 0.5
    assert optimizer.step() is None
    assert weight.item() == pytest.approx(before - step)


def test_recipes_optimizers_have_their_momentum(tiny_network: Tiny) -> None:
    module = to_module(tiny_network())
    sgd = build_optimizer(module, PROXY.changed(momentum=0.7))
    assert isinstance(sgd, torch.optim.SGD)
    assert [(g["momentum"], g["lr"], g["nesterov"]) for g in sgd.param_groups] == [
        (0.7, 0.0, False)
    ] * 2
    rmsprop = build_optimizer(
        module, FULL.changed(momentum=0.6, rms_decay=0.5, rms_epsilon=0.25, weight_decay=0.125)
    )
    assert [
        (g["momentum"], g["decay"], g["epsilon"], g["lr"], g["weight_decay"])
        for g in rmsprop.param_groups
    ] == [(0.6, 0.5, 0.25, 0.0, 0.125), (0.6, 0.5, 0.25, 0.0, 0.0)]
    plain = nn.Linear(2, 2)
    assert len(build_optimizer(plain, PROXY).param_groups) == 1  # none has batch norm's weights


def test_an_average_starts_at_the_weights_and_ends_at_its_decay() -> None:
    assert [decay_after(n, 0.5) for n in (0, 2, 8, 9)] == [0.1, 0.25, 0.5, 0.5]
    module = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        module.weight.fill_(3.0)
    average = averaged(module, 0.9)
    assert average.module.get_parameter("weight").item() == 3.0
    with torch.no_grad():
        module.weight.fill_(14.0)
    average.update_parameters(module)  # after one step d = 2 / 11
    assert average.module.get_parameter("weight").item() == pytest.approx(3 * 2 / 11 + 14 * 9 / 11)


def test_a_dropouts_own_rate_stays_unless_another_is_given(tiny_network: Tiny) -> None:
    for rate, wanted in ((None, 0.2), (0.5, 0.5), (0.0, 0.0)):
        module = to_module(tiny_network())
        own_dropout(module, rate, torch.Generator())
        layer = module.get_submodule("head/dropout")
        assert isinstance(layer, OwnDropout)
        assert layer.rate == wanted
    images_in = torch.ones(1000)
    assert torch.equal(OwnDropout(0.0, torch.Generator())(images_in), images_in)


def test_kept_memory_is_measured_in_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`/proc` tells kB; the limit is what the process has and what it may take beside it."""
    status = tmp_path / "status"
    status.write_text("VmPeak:   99 kB\nVmData:\t   2048 kB\nVmStk: 5 kB\n")
    assert limits._kilobytes(status, "VmData") == 2048
    with pytest.raises(NasbenchError, match="has no VmSwap"):
        limits._kilobytes(status, "VmSwap")
    told = {"VmData": 7, "MemAvailable": 9}
    monkeypatch.setattr(limits, "_kilobytes", lambda path, key: told[key])
    assert (limits._in_use(), limits._available()) == (7 * 1024, 9 * 1024)
    import resource

    if not hasattr(resource, "RLIMIT_DATA"):
        pytest.skip("there is no such limit here")
    asked: list[tuple[int, int]] = []
    infinite = resource.RLIM_INFINITY
    for soft, memory_mb, wanted in (
        (infinite, 3.0, 7 * 1024 + 3 * 2**20),
        (infinite, None, 16 * 1024),
        (10_000, 3.0, 10_000),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda which, soft=soft: (soft, infinite))
        monkeypatch.setattr(resource, "setrlimit", lambda which, pair: asked.append(pair))
        with limits._data_limit(memory_mb):
            assert asked.pop() == (wanted, infinite)
        assert asked.pop() == (soft, infinite)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("shapes differ"), False),
    ],
)
def test_what_is_out_of_memory_is_a_failed_training(error: Exception, failure: bool) -> None:
    wanted = TrainingFailure if failure else type(error)
    with pytest.raises(wanted) as caught, Limits().memory():
        raise error
    assert ("ran out of memory; a smaller batch" in str(caught.value)) == failure


def test_a_limit_itself_is_allowed() -> None:
    Limits(time_s=2).check_time(2.0)
    assert Limits(time_s=1e-9, memory_mb=0.5) == Limits(1e-9, 0.5)


@pytest.mark.parametrize(("precision", "half"), [("auto", False), ("32", False), ("bf16", True)])
def test_precision_on_a_cpu(precision: Any, half: bool) -> None:
    launcher = OneDevice("cpu", precision)
    assert launcher.precision == ("bf16" if half else "32")
    with launcher.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if half else torch.float32)
    assert launcher.share == Share(0, 1)
    assert launcher.total(torch.tensor(3.0)) == 3.0
    module = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    assert launcher.set_up(module, optimizer) == (module, optimizer)


def test_auto_is_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert OneDevice().device == torch.device("cpu")


def test_a_folders_images_are_told_by_suffix_and_sorted(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.png", "a/x.webp", "a/y.txt", "a/z.jpeg", "c.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    files = open_images(tmp_path)
    assert isinstance(files, FolderFiles)
    assert files.names == ("a/x.webp", "a/z.jpeg", "b/1.png", "b/2.JPG", "c.bmp")
    assert files.read("b/1.png") == b"b/1.png"


def packed(path: Path, mode: Any, contents: dict[str, bytes]) -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        folder = tarfile.TarInfo("folder.png")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_tars_images_are_read_by_tidy_names(tmp_path: Path, mode: str) -> None:
    contents = {"./b/2.jpg": b"second" * 99, "/a/1.png": b"first", "a/read.me": b"no image"}
    files = open_images(packed(tmp_path / "set.tar", mode, contents))
    assert isinstance(files, TarFiles)
    assert files.names == ("a/1.png", "b/2.jpg")
    assert files.read("b/2.jpg") == b"second" * 99
    assert files.read("a/1.png") == b"first"


def test_a_compressed_tar_is_held_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archives.COMPRESSED_LIMIT == 2 * 2**30
    path = packed(tmp_path / "set.tgz", "w:gz", {"a/1.jpg": b"x" * 60, "b/2.jpg": b"y" * 40})
    monkeypatch.setattr(archives, "COMPRESSED_LIMIT", 100)
    assert len(open_images(path).names) == 2
    monkeypatch.setattr(archives, "COMPRESSED_LIMIT", 99)
    with pytest.raises(UsageError, match="unpacks to more than"):
        open_images(path)
    plain = packed(tmp_path / "set.tar", "w", {"a/1.jpg": b"x" * 60, "b/2.jpg": b"y" * 40})
    assert len(open_images(plain).names) == 2  # read where they lie, however many


def test_images_are_cached_up_to_their_side_and_room(
    tmp_path: Path, write_images: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 images of 12 x 10 in two parts: 3 * 120 bytes each, 16 of them to train on."""
    write_images(tmp_path, [f"{c}/{i}.jpg" for c in "ab" for i in range(10)])
    assert data_module.CACHED_SIDE == 128

    def cached(**options: Any) -> list[bool]:
        data = load_data(tmp_path, validation_images=4, **options)
        return [part.pixels is not None for part in (data.train, data.validation)]

    exact = 2 * 16 * 3 * 120 / 2**20
    assert cached(cache_mb=exact) == [True, True]
    assert cached(cache_mb=exact * 0.999) == [False, True]
    monkeypatch.setattr(data_module, "CACHED_SIDE", 12)
    assert cached() == [True, True]
    monkeypatch.setattr(data_module, "CACHED_SIDE", 11)
    assert cached() == [False, False]


@pytest.mark.parametrize(
    ("size", "wanted"), [((32, 20), 32), ((20, 32), 32), ((33, 20), 224), ((20, 33), 224)]
)
def test_networks_for_small_images_take_32_pixels(
    tmp_path: Path, write_images: Callable[..., None], size: tuple[int, int], wanted: int
) -> None:
    write_images(tmp_path, [f"{c}/{i}.jpg" for c in "ab" for i in range(3)], size=size)
    data = load_data(tmp_path, validation_images=2)
    assert default_input_size(data) == wanted
    assert default_input_size(load_data(tmp_path, validation_images=2, cache_mb=0.0)) == 224


def test_digits_are_grey_pixels_of_0_to_255() -> None:
    from sklearn.datasets import load_digits

    data = load_data("digits", train_images=100, validation_images=50)
    bunch = load_digits()
    assert data.train.pixels is not None
    for place in (0, 57):
        number = int(data.train.listed.names[place].removeprefix("digit-"))
        wanted = np.round(bunch.images[number] * 255 / 16)
        for channel in data.train.pixels[place]:
            assert np.array_equal(channel, wanted)
        assert data.train.labels[place] == bunch.target[number]
    assert (len(data.train), len(data.validation)) == (100, 50)
    assert data.identity.startswith("digits: 100+50 images of 10 classes, ")
    assert data.classes == tuple("0123456789")


def test_batches_need_two_images_only_where_one_pixel_is_normalised(tiny_network: Tiny) -> None:
    small, large = tiny_network(size=2), tiny_network(size=4)
    assert (least_images(small), least_images(large)) == (2, 1)
    one = PROXY.changed(batch_size=1)
    check_batches(large, one, 1)
    with pytest.raises(UsageError, match=r"1 image, and needs 2.*batch_size 2 and 20 training"):
        check_batches(small, one, 40)
    check_batches(small, PROXY.changed(batch_size=2), 20)
    with pytest.raises(UsageError, match="2 images for 3 processes, and needs 3") as caught:
        check_batches(large, PROXY, 20, processes=3)
    assert "give batch_size 3 and 40 training images" in str(caught.value)
    assert "Batch norm" not in str(caught.value)


@pytest.mark.parametrize("options", [{"threads": 0}, {"threads": 2_200_000_000}, {"loaders": -1}])
def test_more_threads_or_loaders_than_any_machine_has_are_refused(options: dict[str, Any]) -> None:
    [(name, count)] = options.items()
    with pytest.raises(UsageError, match=f"{name} is {count}; it must be [01] to 4,096"):
        TrainingSetting(**options)
