import numpy as np
import pytest
import torch

from nasbench_mobile.training import crops
from nasbench_mobile.training.decoding import cut


def boxes(count, width, height, smallest=0.08, share=0.875, seed=0):
    rng = np.random.default_rng(seed)
    ones = np.ones(count)
    return crops.random_boxes(rng, ones * width, ones * height, smallest, share)


def test_random_boxes_lie_within_and_keep_area_and_aspect():
    left, top, right, bottom = boxes(4000, 500.0, 375.0).T
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


def test_where_no_box_fits_the_central_one_is_taken():
    # The whole of a wide image has no aspect ratio between 3/4 and 4/3.
    found = boxes(5, 1000.0, 100.0, smallest=1.0)
    np.testing.assert_allclose(found, np.tile([456.25, 6.25, 543.75, 93.75], (5, 1)))


def test_central_box_is_the_evaluation_crop():
    [box] = crops.central_boxes(np.array([500.0]), np.array([256.0]), 224 / 256)
    assert box.tolist() == [138.0, 16.0, 362.0, 240.0]


def test_cutting_everything_gives_the_image_and_its_mirror():
    pixels = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    whole = np.tile([0.0, 0.0, 8.0, 8.0], (2, 1))
    result = crops.cut_batch(pixels, whole, np.array([False, True]), 8)
    torch.testing.assert_close(result[0], pixels[0].float(), rtol=0, atol=1e-3)
    torch.testing.assert_close(result[1], pixels[1].flip(2).float(), rtol=0, atol=1e-3)


def test_batch_and_single_cut_agree_where_nothing_shrinks():
    from PIL import Image

    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
    box = np.array([[3.0, 5.0, 15.0, 17.0]])
    one = cut(Image.fromarray(array), tuple(box[0].tolist()), 24)
    pixels = torch.from_numpy(array).permute(2, 0, 1)[None]
    many = crops.cut_batch(pixels, box, np.array([False]), 24)[0].permute(1, 2, 0).numpy()
    inner = slice(1, -1)  # at its edge a box's neighbours count in the one way alone
    difference = np.abs(many - one.astype(np.float32))[inner, inner]
    assert float(difference.max()) <= 1.0  # Pillow rounds to integers


def test_central_batch_is_the_central_box():
    pixels = torch.arange(16 * 16, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(1, 3, 16, 16)
    result = crops.central_batch(pixels, 0.5, 8)
    assert torch.equal(result, pixels[:, :, 4:12, 4:12].float())


def test_normalised_by_channel_and_channels_last():
    images = torch.full((2, 3, 4, 4), 255.0)
    result = crops.normalise(images)
    wanted = [(1 - m) / d for m, d in zip(crops.MEAN, crops.DEVIATION, strict=True)]
    assert result[0, :, 0, 0].tolist() == pytest.approx(wanted)
    assert result.is_contiguous(memory_format=torch.channels_last)
