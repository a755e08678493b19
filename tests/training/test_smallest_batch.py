"""Batches of one image, which batch norm cannot be trained on where it sees one pixel of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.training.data import load_data
from nasbench_mobile.training.recipe import PROXY, Recipe
from nasbench_mobile.training.smallest_batch import check_batches, least_images
from nasbench_mobile.training.trainer import train

Tiny = Callable[..., Network]
RECIPE = PROXY.changed(batch_size=16, epochs=1)


@pytest.fixture(scope="module")
def digits() -> Callable[[int], Any]:
    def some(images: int) -> Any:
        return load_data("digits", train_images=images, validation_images=10)

    return some


def test_it_takes_two_images_where_one_pixel_is_left() -> None:
    network = zoo.network("mnasnet-small", input_size=32)
    assert least_images(network) == 2
    assert least_images(with_stem_stride(network, 1)) == 1
    assert least_images(zoo.network("mnasnet-small")) == 1


@pytest.mark.parametrize(("images", "recipe"), [(17, RECIPE), (40, RECIPE.changed(batch_size=1))])
def test_batches_of_one_pixel_are_refused_before_anything_is_trained(
    digits: Callable[[int], Any], tiny_network: Tiny, images: int, recipe: Recipe
) -> None:
    steps: list[int] = []
    with pytest.raises(UsageError, match="would have 1 image, and needs 2") as caught:
        train(
            tiny_network(size=2), digits(images), recipe,
            watch_step=lambda step, loss: steps.append(step),
        )  # fmt: skip
    assert not steps
    assert "give batch_size 2 and 20 training images, or more" in str(caught.value)


@pytest.mark.parametrize(("images", "size", "count"), [(17, 8, 17), (20, 2, 10), (21, 2, 10)])
def test_what_batch_norm_can_take_is_trained(
    digits: Callable[[int], Any], tiny_network: Tiny, images: int, size: int, count: int
) -> None:
    """Batches of one image with several pixels; of two with one, an odd image being left over."""
    steps: list[int] = []
    result = train(
        tiny_network(size=size), digits(images), RECIPE,
        watch_step=lambda step, loss: steps.append(step),
    )  # fmt: skip
    assert len(steps) == count
    assert 0 <= result.accuracy <= 1


def test_every_process_needs_its_share(tiny_network: Tiny) -> None:
    large, small = tiny_network(), tiny_network(size=2)
    check_batches(large, RECIPE, 160, processes=16)
    with pytest.raises(UsageError, match="1 image for 2 processes, and needs 2"):
        check_batches(large, RECIPE, 19, processes=2)
    check_batches(small, RECIPE, 80, processes=3)
    with pytest.raises(UsageError, match="4 images for 3 processes, and needs 6.* 80 training"):
        check_batches(small, RECIPE, 79, processes=3)
