"""Batches whose boxes, draws and parts are recomputed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_mobile.training import batches as batches_module
from nasbench_mobile.training.batches import Batches, Share, cropping_of
from nasbench_mobile.training.crops import Cropping, cut_batch
from nasbench_mobile.training.data import BrokenImageWarning, ImageData, load_data
from nasbench_mobile.training.decoding import BrokenImageError, cut, decode
from nasbench_mobile.training.preparation import central_box
from nasbench_mobile.training.recipe import PROXY

CPU = torch.device("cpu")
RECIPE = PROXY.changed(batch_size=4)
CROPPING = Cropping(0.08, 224 / 256, flip=True)


@pytest.fixture
def cached(tree: Path) -> ImageData:
    return load_data(tree, validation_images=3)


@pytest.fixture
def decoded(tree: Path) -> ImageData:
    return load_data(tree, validation_images=3, cache_mb=0.0001)


def test_a_cached_batch_is_drawn_by_seed_epoch_and_step(cached: ImageData) -> None:
    """Width before height, a box and then a flip for each image in the batch's order."""
    pixels = cached.train.pixels
    assert pixels is not None
    assert pixels.shape[2:] == (10, 12)
    found = list(Batches(RECIPE, 8, 5, CPU).training(cached.train, 2, first=1))
    assert len(found) == 2
    order = np.random.default_rng((5, 2)).permutation(15)
    for step, (images, labels) in zip((1, 2), found, strict=True):
        rng = np.random.default_rng((5, 2, step))
        chosen = order[4 * step : 4 * step + 4]
        drawn = [(CROPPING.random_box(rng, 12, 10), CROPPING.flips(rng)) for _ in chosen]
        boxes, flips = zip(*drawn, strict=True)
        torch.testing.assert_close(images, cut_batch(pixels[chosen], boxes, flips, 8))
        assert labels.tolist() == cached.train.labels[chosen].tolist()


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_decoded_image_is_drawn_by_seed_epoch_and_its_own_index(
    tree: Path, decoded: ImageData, epoch: int
) -> None:
    images, labels = next(iter(Batches(RECIPE, 8, 5, CPU).training(decoded.train, epoch)))
    order = np.random.default_rng((5, epoch)).permutation(15)
    for place, index in enumerate(order[:4]):
        name = decoded.train.listed.names[index]
        rng = np.random.default_rng((5, epoch, int(index)))
        box = CROPPING.random_box(rng, 12, 10)
        wanted = cut(decode((tree / name).read_bytes(), name), box, 8, CROPPING.flips(rng))
        assert torch.equal(images[place], wanted)
        assert labels[place] == decoded.train.labels[index]


def test_decoded_evaluation_takes_central_boxes(tree: Path, decoded: ImageData) -> None:
    [(images, labels)] = Batches(RECIPE, 8, 5, CPU).evaluation(decoded.validation)
    for place, name in enumerate(decoded.validation.listed.names):
        box = central_box(RECIPE.evaluation_crop, 12, 10)
        assert torch.equal(images[place], cut(decode((tree / name).read_bytes(), name), box, 8))
    assert labels.tolist() == decoded.validation.labels.tolist()
    assert images.dtype == torch.uint8


@pytest.mark.parametrize("kind", ["cached", "decoded"])
def test_evaluation_is_in_parts_and_shares_none_empty(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """15 images in batches of 7, 7 and 1: the second of two processes has 3, 3 and no third."""
    assert batches_module.EVALUATED_AT_ONCE == 256
    monkeypatch.setattr(batches_module, "EVALUATED_AT_ONCE", 7)
    data: ImageData = request.getfixturevalue(kind)
    wanted = data.train.labels
    whole = list(Batches(RECIPE, 8, 0, CPU).evaluation(data.train))
    assert [len(labels) for _, labels in whole] == [7, 7, 1]
    assert torch.cat([labels for _, labels in whole]).tolist() == wanted.tolist()
    parts = [
        list(Batches(RECIPE, 8, 0, CPU, Share(rank, 2)).evaluation(data.train)) for rank in (0, 1)
    ]
    assert [[len(labels) for _, labels in part] for part in parts] == [[4, 4, 1], [3, 3]]
    assert parts[1][1][1].tolist() == wanted[[8, 10, 12]].tolist()
    torch.testing.assert_close(parts[0][1][0], whole[1][0][::2])


def test_the_recipe_says_how_images_are_cut(cached: ImageData) -> None:
    recipe = RECIPE.changed(smallest_area=0.3, evaluation_crop=0.6, flip=False)
    assert cropping_of(recipe) == Cropping(0.3, 0.6, flip=False)
    pixels = cached.validation.pixels
    assert pixels is not None
    [(images, _)] = Batches(recipe, 6, 0, CPU).evaluation(cached.validation)
    assert torch.equal(images, pixels[:, :, 2:8, 3:9].float())  # 0.6 of 10 pixels


def test_the_last_incomplete_batch_is_left_out(cached: ImageData) -> None:
    """15 images are three batches of 4; the other three wait for another epoch's order."""
    assert len(list(Batches(RECIPE, 8, 0, CPU).training(cached.train, 0))) == 3
    assert len(list(Batches(RECIPE, 8, 0, CPU).training(cached.train, 0, first=3))) == 0


def test_what_is_broken_is_skipped_by_itself_and_the_rest_stays(
    tree: Path,
) -> None:
    data = load_data(tree, validation_images=3, cache_mb=0.0001, broken="skip")
    order = np.random.default_rng((0, 0)).permutation(15)
    names = [data.train.listed.names[index] for index in order[:4]]
    whole = next(iter(Batches(RECIPE, 8, 0, CPU).training(data.train, 0)))
    (tree / names[0]).unlink()
    (tree / names[2]).write_bytes(b"broken")
    batches = Batches(RECIPE, 8, 0, CPU, least=2)
    with pytest.warns(BrokenImageWarning, match="skipped: cannot") as warned:
        images, labels = next(iter(batches.training(data.train, 0)))
    assert len(warned) == 2
    assert torch.equal(images, whole[0][[1, 3]])
    assert torch.equal(labels, whole[1][[1, 3]])
    strict = Batches(RECIPE, 8, 0, CPU, least=3).training(data.train, 0)
    with pytest.warns(BrokenImageWarning), pytest.raises(BrokenImageError, match="the first: "):
        next(iter(strict))


def test_files_that_are_not_open_are_said(tree: Path) -> None:
    data = load_data(tree, validation_images=3, cache_mb=0.0001)
    object.__setattr__(data.train, "files", None)
    with pytest.raises(BrokenImageError, match="its files are not open"):
        next(iter(Batches(RECIPE, 8, 0, CPU).training(data.train, 0)))
