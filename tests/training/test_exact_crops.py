"""Crops by their formulas worked out by hand, and resizing against Pillow and pixels counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nasbench_mobile.training import crops
from nasbench_mobile.training.decoding import cut
from nasbench_mobile.training.preparation import Preparation, central_box

WIDTH, HEIGHT = 500, 375


class Drawn:
    """A generator that gives these numbers, and says how many were wanted."""

    def __init__(self, *values: float) -> None:
        self._values, self.wanted = values, list[Any]()

    def random(self, count: int | None = None) -> Any:
        self.wanted.append(count)
        return self._values[0] if count is None else np.array(self._values)


def box_of(*draws: float, smallest: float = 0.08, **size: float) -> tuple[float, ...]:
    """The box of draws: (share, aspect) of the first attempts, the last two for the place."""
    *attempts, left, top = draws
    padded = (*attempts, *[0.0] * (2 * crops.ATTEMPTS - len(attempts)), left, top)
    rng: Any = Drawn(*padded)
    cropping = crops.Cropping(smallest, 0.875, flip=True)
    box = cropping.random_box(rng, size.get("width", WIDTH), size.get("height", HEIGHT))
    assert rng.wanted == [22]
    return box


@pytest.mark.parametrize("level", [0.0, 0.25, 0.5, 0.6])
def test_a_random_boxs_aspect_is_log_uniform_and_its_area_uniform(level: float) -> None:
    box = box_of(level, 1 - level, 0.3, 0.6)
    area = WIDTH * HEIGHT * (0.08 + 0.92 * level)
    aspect = (3 / 4) ** level * (4 / 3) ** (1 - level)
    width, height = math.sqrt(area * aspect), math.sqrt(area / aspect)
    assert width < WIDTH
    assert height < HEIGHT
    left, top = 0.3 * (WIDTH - width), 0.6 * (HEIGHT - height)
    assert box == pytest.approx((left, top, left + width, top + height))


def test_the_middle_draw_of_aspects_is_a_square() -> None:
    left, top, right, bottom = box_of(0.2, 0.5, 0.0, 0.0)
    assert right - left == pytest.approx(bottom - top)


def test_of_boxes_drawn_the_first_that_fits_is_taken() -> None:
    # All of the area, as wide as 4/3: it is the image. Narrower ones are too tall for it.
    assert box_of(1.0, 1.0, 0.0, 0.0, width=400, height=300) == pytest.approx((0, 0, 400, 300))
    too_tall, too_wide, fits = (1.0, 0.2), (1.0, 1.0), (0.0, 0.5)
    side = math.sqrt(0.08 * 300 * 300)
    box = box_of(*too_tall, *too_wide, *fits, 0.5, 1.0, width=300, height=300)
    assert box == pytest.approx((150 - side / 2, 300 - side, 150 + side / 2, 300))


def test_the_central_box_lies_in_the_middle_of_wide_and_of_tall_images() -> None:
    assert central_box(0.5, 100, 60) == (35.0, 15.0, 65.0, 45.0)
    assert central_box(0.5, 60, 100) == (15.0, 35.0, 45.0, 65.0)


def test_where_no_box_fits_the_central_one_is_cut_as_for_evaluation() -> None:
    assert box_of(*[1.0, 1.0] * 10, 0.0, 0.0, width=300, height=300) == central_box(0.875, 300, 300)


@pytest.mark.parametrize(("draw", "flipped"), [(0.49, True), (0.5, False), (0.99, False)])
def test_an_image_is_mirrored_below_one_half(draw: float, flipped: bool) -> None:
    rng: Any = Drawn(draw)
    assert crops.Cropping(0.08, 1.0, flip=True).flips(rng) is flipped
    assert crops.Cropping(0.08, 1.0, flip=False).flips(rng) is False
    assert rng.wanted == [None, None]  # as many draws where none is wanted


def pixels_of(height: int, width: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (1, 3, height, width), dtype=np.uint8))


def central(pixels: torch.Tensor, share: float, size: int) -> torch.Tensor:
    return crops.central_batch(pixels, Preparation(size, share, "side", "float32"))


def resized(pixels: torch.Tensor, size: int) -> np.ndarray[Any, Any]:
    """By Pillow's antialiased bilinear filter, in floating point."""
    channels = [
        Image.fromarray(channel.numpy().astype(np.float32), "F").resize(
            (size, size), Image.Resampling.BILINEAR
        )
        for channel in pixels[0]
    ]
    return np.stack([np.asarray(channel) for channel in channels])


@pytest.mark.parametrize(("height", "width"), [(16, 19), (21, 16)])
def test_central_crops_that_shrink_are_antialiased(height: int, width: int) -> None:
    """A quarter of 16 pixels a side: 4 of them, from the middle, and all 16 made 5."""
    pixels = pixels_of(height, width)
    top, left = (height - 16) // 2, (width - 16) // 2
    middle = pixels[:, :, top : top + 16, left : left + 16]
    found = central(pixels, 1.0, 5)
    np.testing.assert_allclose(found[0], resized(middle, 5), atol=0.01)
    inner = pixels[:, :, (height - 4) // 2 :, (width - 4) // 2 :][:, :, :4, :4]
    assert torch.equal(central(pixels, 0.25, 4), inner.float())
    np.testing.assert_allclose(central(pixels, 0.25, 9)[0], resized(inner, 9), atol=0.01)


def test_a_central_crop_has_a_pixel_at_least() -> None:
    pixels = pixels_of(7, 7)
    found = central(pixels, 0.01, 2)
    assert torch.equal(found[0], pixels[0, :, 3:4, 3:4].float().expand(3, 2, 2))


def test_a_central_crops_side_is_rounded() -> None:
    pixels = pixels_of(16, 16)  # 0.3 of it is 4.8 pixels
    assert torch.equal(central(pixels, 0.3, 5), pixels[:, :, 5:10, 5:10].float())


def test_random_crops_of_cached_images_are_not_antialiased() -> None:
    """Of 16 pixels made 4, each is the mean of the two in the middle of its four, both ways."""
    pixels = pixels_of(16, 20)
    box = (2.0, 0.0, 18.0, 16.0)
    [found] = crops.cut_batch(pixels, [box], [False], 4)
    inner = pixels[0, :, :, 2:18].float()
    wanted = (inner[:, 1::4] + inner[:, 2::4]) / 2
    wanted = (wanted[:, :, 1::4] + wanted[:, :, 2::4]) / 2
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-2)
    [mirrored] = crops.cut_batch(pixels, [box], [True], 4)
    torch.testing.assert_close(mirrored, wanted.flip(2), rtol=0, atol=1e-2)


def test_each_image_of_a_batch_has_its_own_box() -> None:
    pixels = torch.cat([pixels_of(8, 10, seed) for seed in (1, 2)])
    boxes = [(0.0, 4.0, 4.0, 8.0), (6.0, 1.0, 10.0, 5.0)]
    found = crops.cut_batch(pixels, boxes, [False, True], 4)
    torch.testing.assert_close(found[0], pixels[0, :, 4:8, 0:4].float(), rtol=0, atol=1e-2)
    mirrored = pixels[1, :, 1:5, 6:10].float().flip(2)
    torch.testing.assert_close(found[1], mirrored, rtol=0, atol=1e-2)


def test_beyond_the_edge_the_last_pixels_are_repeated() -> None:
    pixels = pixels_of(4, 4)
    [found] = crops.cut_batch(pixels, [(0.0, 0.0, 4.0, 4.0)], [False], 8)
    torch.testing.assert_close(found[:, 0, 0], pixels[0, :, 0, 0].float(), rtol=0, atol=1e-2)


@pytest.mark.parametrize("flip", [False, True])
def test_a_decoded_images_crop_is_antialiased_where_it_shrinks(flip: bool) -> None:
    array = pixels_of(20, 24)[0].permute(1, 2, 0).contiguous().numpy()
    found = cut(array, (3.4, 1.6, 20.6, 19.4), 5, flip)  # whole pixels: 3 to 21, 2 to 19
    part = torch.from_numpy(array[2:19, 3:21]).permute(2, 0, 1)[None]
    wanted = resized(part.flip(3) if flip else part, 5)
    assert np.abs(found.numpy() - wanted).max() <= 1.01  # one rounds to integers


def test_a_crop_of_less_than_a_pixel_is_that_pixel() -> None:
    array = pixels_of(6, 6)[0].permute(1, 2, 0).contiguous().numpy()
    found = cut(array, (2.2, 4.1, 2.4, 4.3), 3)
    assert (found.numpy() == array[4, 2][:, None, None]).all()


def test_normalising_takes_the_mean_off_and_divides_by_the_deviation() -> None:
    images = torch.tensor([0, 51, 102], dtype=torch.uint8).view(1, 3, 1, 1)
    wanted = [(0 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.4 - 0.406) / 0.225]
    assert crops.normalise(images)[0, :, 0, 0].tolist() == pytest.approx(wanted, rel=1e-5)
