from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_mobile.training.batches import Batches, Share
from nasbench_mobile.training.data import BrokenImageWarning, ImageData, load_data
from nasbench_mobile.training.decoding import BrokenImageError
from nasbench_mobile.training.recipe import PROXY

CPU = torch.device("cpu")
RECIPE = PROXY.changed(batch_size=4)


@pytest.fixture(params=["cached", "decoded"])
def data(tree: Path, request: pytest.FixtureRequest) -> ImageData:
    cache_mb = 1024 if request.param == "cached" else 0.0001
    found = load_data(tree, validation_images=3, cache_mb=cache_mb)
    assert (found.train.pixels is None) == (request.param == "decoded")
    return found


def test_an_epoch_is_shuffled_cut_and_whole(data: ImageData) -> None:
    batches = Batches(RECIPE, 8, 0, CPU)
    found = list(batches.training(data.train, epoch=0))
    assert [tuple(images.shape) for images, _ in found] == [(4, 3, 8, 8)] * 3
    assert all(images.min() >= 0 and 30 < images.max() <= 255 for images, _ in found)
    order = np.random.default_rng((0, 0)).permutation(15)[:12]
    assert torch.cat([labels for _, labels in found]).tolist() == data.train.labels[order].tolist()


def test_a_batch_depends_on_seed_epoch_and_step_alone(data: ImageData) -> None:
    batches = Batches(RECIPE, 8, 0, CPU)
    first = [images for images, _ in batches.training(data.train, 1)]
    again = [images for images, _ in Batches(RECIPE, 8, 0, CPU).training(data.train, 1, first=2)]
    assert torch.equal(first[2], again[0])
    other = next(iter(Batches(RECIPE, 8, 1, CPU).training(data.train, 1)))[0]
    assert not torch.equal(first[0], other)
    later = next(iter(batches.training(data.train, 2)))[0]
    assert not torch.equal(first[0], later)


def test_shares_of_a_batch_are_the_batch(data: ImageData) -> None:
    whole = next(iter(Batches(RECIPE, 8, 0, CPU).training(data.train, 0)))
    parts = [
        next(iter(Batches(RECIPE, 8, 0, CPU, Share(rank, 2)).training(data.train, 0)))
        for rank in (0, 1)
    ]
    for rank, (images, labels) in enumerate(parts):
        torch.testing.assert_close(images, whole[0][rank::2])
        assert torch.equal(labels, whole[1][rank::2])


def test_evaluation_sees_every_image_once_alike(data: ImageData) -> None:
    batches = Batches(RECIPE, 8, 0, CPU)
    images, labels = next(iter(batches.evaluation(data.validation)))
    assert labels.tolist() == data.validation.labels.tolist()
    assert torch.equal(images, next(iter(batches.evaluation(data.validation)))[0])


def test_cached_and_decoded_images_evaluate_alike(tree: Path) -> None:
    # Crops of 8.75 pixels enlarged to 16: Pillow and PyTorch agree but for rounding.
    inputs = []
    for cache_mb in (1024, 0.0001):
        data = load_data(tree, validation_images=3, cache_mb=cache_mb)
        recipe = RECIPE.changed(evaluation_crop=1.0)
        inputs.append(next(iter(Batches(recipe, 16, 0, CPU).evaluation(data.validation)))[0])
    difference = (inputs[0] - inputs[1].float()).abs()[:, :, 2:-2, 2:-2]
    assert difference.max() <= 1.01


def test_loader_processes_change_nothing(tree: Path) -> None:
    data = load_data(tree, validation_images=3, cache_mb=0.0001)
    one = list(Batches(RECIPE, 8, 0, CPU).training(data.train, 0))
    two = list(Batches(RECIPE, 8, 0, CPU, loaders=1).training(data.train, 0))
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a[0], b[0])


def test_a_broken_image_is_left_out_or_fails(tree: Path) -> None:
    for broken in ("skip", "fail"):
        data = load_data(tree, validation_images=3, cache_mb=0.0001, broken=broken)
        order = np.random.default_rng((0, 0)).permutation(15)
        name = data.train.listed.names[order[1]]
        (tree / name).write_bytes(b"broken")
        batches = Batches(RECIPE, 8, 0, CPU).training(data.train, 0)
        if broken == "fail":
            with pytest.raises(BrokenImageError, match=name):
                next(batches)
        else:
            with pytest.warns(BrokenImageWarning, match=name):
                images, labels = next(batches)
            assert len(images) == len(labels) == 3


def test_a_batch_with_fewer_whole_images_than_needed_ends(tree: Path) -> None:
    data = load_data(tree, validation_images=3, cache_mb=0.0001, broken="skip")
    order = np.random.default_rng((0, 0)).permutation(15)
    for index in order[1:4]:  # all but one of the first batch
        (tree / data.train.listed.names[index]).write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning):
        images, _ = next(iter(Batches(RECIPE, 8, 0, CPU).training(data.train, 0)))
    assert len(images) == 1
    with pytest.warns(BrokenImageWarning), pytest.raises(BrokenImageError, match="but one"):
        next(iter(Batches(RECIPE, 8, 0, CPU, least=2).training(data.train, 0)))
    with pytest.warns(BrokenImageWarning):  # one is enough to evaluate on
        list(Batches(RECIPE, 8, 0, CPU, least=99).evaluation(data.train))


def test_a_batch_of_broken_images_alone_ends(tree: Path) -> None:
    data = load_data(tree, validation_images=3, cache_mb=0.0001, broken="skip")
    for path in (tree / "train").rglob("*.jpg"):
        path.write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning), pytest.raises(BrokenImageError, match="every image"):
        list(Batches(RECIPE, 8, 0, CPU).training(data.train, 0))
