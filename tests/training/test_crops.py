import numpy as np
import pytest
import torch

from nasbench_mobile.training import crops, preparation
from nasbench_mobile.training.decoding import cut
from nasbench_mobile.training.preparation import Preparation, central_box


def boxes(
    count: int,
    width: float,
    height: float,
    smallest: float = 0.08,
    share: float = 0.875,
    seed: int = 0,
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cropping = crops.Cropping(smallest, share, flip=True)
    return np.array([cropping.random_box(rng, width, height) for _ in range(count)])


def test_random_boxes_lie_within_and_keep_area_and_aspect() -> None:
    left, top, right, bottom = boxes(4000, 500, 375).T
    assert left.min() >= 0
    assert top.min() >= 0
    assert right.max() <= 500
    assert bottom.max() <= 375
    share = (right - left) * (bottom - top) / (500 * 375)
    aspect = (right - left) / (bottom - top)
    assert 0.08 - 1e-9 <= share.min() < 0.1
    assert share.max() > 0.9
    assert 3 / 4 - 1e-9 <= aspect.min() < 0.8
    assert 1.3 < aspect.max() <= 4 / 3 + 1e-9


def test_where_no_box_fits_the_central_one_is_taken() -> None:
    # The whole of a wide image has no aspect ratio between 3/4 and 4/3.
    found = boxes(5, 1000, 100, smallest=1.0)
    np.testing.assert_allclose(found, np.tile([456.25, 6.25, 543.75, 93.75], (5, 1)))


def test_central_box_is_the_evaluation_crop() -> None:
    assert central_box(224 / (224 + 32), 500, 256) == (138.0, 16.0, 362.0, 240.0)


def test_half_are_flipped_or_none() -> None:
    rng = np.random.default_rng(0)
    flips = [crops.Cropping(0.08, 1, flip=True).flips(rng) for _ in range(1000)]
    assert abs(np.mean(flips) - 0.5) < 0.08  # five standard deviations
    assert not any(crops.Cropping(0.08, 1, flip=False).flips(rng) for _ in range(20))


def test_cutting_everything_gives_the_image_and_its_mirror() -> None:
    pixels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    whole = [(0.0, 0.0, 8.0, 8.0)] * 2
    result = crops.cut_batch(pixels, whole, [False, True], 8)
    torch.testing.assert_close(result[0], pixels[0].float(), rtol=0, atol=1e-3)
    torch.testing.assert_close(result[1], pixels[1].flip(2).float(), rtol=0, atol=1e-3)


@pytest.mark.parametrize("flip", [False, True])
def test_batch_and_single_cut_agree_where_nothing_shrinks(flip: bool) -> None:
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
    box = (3.0, 5.0, 15.0, 17.0)
    one = cut(array, box, 24, flip)
    pixels = torch.from_numpy(array).permute(2, 0, 1)[None]
    many = crops.cut_batch(pixels, [box], [flip], 24)[0]
    inner = slice(1, -1)  # at its edge a box's neighbours count in the one way alone
    difference = (many - one.float()).abs()[:, inner, inner]
    assert difference.max() < 1.01  # one rounds to integers
    assert one.dtype == torch.uint8


def test_central_batch_is_the_central_box() -> None:
    pixels = torch.arange(16 * 16, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(1, 3, 16, 16)
    result = crops.central_batch(pixels, Preparation(8, 0.5, "side", "float32"))
    assert torch.equal(result, pixels[:, :, 4:12, 4:12].float())


def test_normalised_by_channel_and_channels_last() -> None:
    images = torch.full((2, 3, 4, 4), 255.0)
    result = crops.normalise(images)
    wanted = [(1 - m) / d for m, d in zip(preparation.MEAN, preparation.DEVIATION, strict=True)]
    assert result[0, :, 0, 0].tolist() == pytest.approx(wanted)
    assert result.is_contiguous(memory_format=torch.channels_last)
