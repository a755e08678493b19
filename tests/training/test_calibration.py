from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.batches import Batches
from nasbench_mobile.training.calibration import SAMPLED, Calibration, calibration_images
from nasbench_mobile.training.crops import normalise
from nasbench_mobile.training.data import load_data
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.recipe import PROXY
from nasbench_mobile.training.walking import SUFFIXES

PLAIN = Preparation(4, 1.0, "side", "float32", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def shade(path: Path, grey: int, form: str = "PNG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 6), (grey, grey, grey)).save(path, form)


def shades(found: Calibration) -> list[int]:
    return [round(float(image.mean() * 255)) for image in found.images]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Classes a, b and c of 40, 8 and 2 images, shades 0 to 39, 100 to 107 and 200, 201."""
    for name, first, count in (("a", 0, 40), ("b", 100, 8), ("c", 200, 2)):
        for index in range(count):
            shade(tmp_path / "set" / name / f"{index:02}.png", first + index)
    return tmp_path / "set"


def test_a_sample_is_of_all_classes_alike(folder: Path) -> None:
    found = calibration_images(folder, PLAIN, 12)
    drawn = Counter(grey // 100 for grey in shades(found))
    assert drawn == {0: 5, 1: 5, 2: 2}
    assert found.said == f"12 of the 50 training images of {folder}, from 3 classes"
    assert {image.shape for image in found.images} == {(4, 4, 3)}
    first = shades(calibration_images(folder, PLAIN, 3))
    assert {grey // 100 for grey in first} == {0, 1, 2}


def test_a_sample_is_drawn_by_seed(folder: Path) -> None:
    def drawn(seed: int) -> list[int]:
        return shades(calibration_images(folder, PLAIN, 9, seed))

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)
    assert len(set(drawn(3))) == 9
    assert len(calibration_images(folder, PLAIN).images) == 50 < SAMPLED


def test_test_images_are_not_taken(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    folder.rename(tmp_path / "whole" / "train")
    for name in ("a", "b", "c"):
        shade(tmp_path / "whole" / "test" / name / "0.png", 255)
    found = calibration_images(tmp_path / "whole", PLAIN)
    assert len(found.images) == 50
    assert 255 not in shades(found)
    assert found.said.startswith("the 50 training images of ")


def test_folders_that_are_no_classes_are_drawn_from_alike(tmp_path: Path) -> None:
    for index in range(30):
        shade(tmp_path / f"{index:02}.png", index)
    shade(tmp_path / "more" / "of" / "x.png", 200)
    shade(tmp_path / "more" / "y.png", 250)
    found = calibration_images(tmp_path, PLAIN, 4)
    assert {200, 250} < set(shades(found))
    assert found.said == f"4 of the 32 images of {tmp_path}, from 3 folders"
    one = tmp_path / "more" / "of"
    assert calibration_images(one, PLAIN).said == f"the 1 image of {one}"


def test_every_suffix_that_training_reads_is_read(tmp_path: Path) -> None:
    for index, suffix in enumerate(SUFFIXES):
        form = Image.registered_extensions()[suffix]
        shade(tmp_path / f"{index}{suffix.upper() if index % 2 else suffix}", 100 + index, form)
    (tmp_path / "notes.txt").write_text("no image")
    found = calibration_images(tmp_path, PLAIN)
    assert len(found.images) == len(SUFFIXES) >= 5
    assert sorted(shades(found)) == pytest.approx([100 + i for i in range(len(SUFFIXES))], abs=2)


def test_a_tar_file_is_taken_as_by_training(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        tar.add(folder, "set")
    packed = calibration_images(tmp_path / "set.tar", PLAIN, 12)
    assert shades(packed) == shades(calibration_images(folder, PLAIN, 12))


def test_damaged_images_are_replaced_and_said(folder: Path) -> None:
    (folder / "c" / "00.png").write_bytes(b"no image")
    found = calibration_images(folder, PLAIN, 12)
    assert Counter(grey // 100 for grey in shades(found)) == {0: 6, 1: 5, 2: 1}
    assert "; 1 could not be read, the first: cannot decode the image" in found.said
    assert "00.png" in found.said


def test_images_that_cannot_calibrate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no images"):
        calibration_images(tmp_path, PLAIN)
    (tmp_path / "bad.png").write_bytes(b"not a png")
    with pytest.raises(UsageError, match=r"none of the 1 images of .* can be read.*bad\.png"):
        calibration_images(tmp_path, PLAIN)


def test_digits_are_prepared_as_their_evaluation_does() -> None:
    data = load_data("digits")
    preparation = Preparation(32, PROXY.evaluation_crop, "side", "float32")
    found = calibration_images("digits", preparation, 10)
    batches = Batches(PROXY, 32, 0, torch.device("cpu"))
    known = torch.cat([normalise(batch) for batch, _ in batches.evaluation(data.train)])
    labels = data.train.labels
    seen = set()
    for image in found.images:
        apart = (known - torch.from_numpy(image).permute(2, 0, 1)).abs().amax((1, 2, 3))
        assert float(apart.min()) < 1e-5
        seen.add(int(labels[int(apart.argmin())]))
    assert seen == set(range(10))
    assert found.said == f"10 of the {len(labels):,} training images of digits, from 10 classes"


def test_a_photographs_crop_is_that_of_its_evaluation(
    tmp_path: Path, jpeg: Callable[..., bytes]
) -> None:
    for name in ("a/1.jpg", "b/1.jpg", "a/2.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg(90, (200, 150), seed=ord(name[0]) + ord(name[2])))
    data = load_data(tmp_path, validation_images=2)
    assert data.train.pixels is None
    batches = Batches(PROXY, 48, 0, torch.device("cpu"))
    [(batch, _)] = batches.evaluation(data.train)
    found = calibration_images(tmp_path, Preparation(48)).images
    for wanted in normalise(batch).permute(0, 2, 3, 1).numpy():
        assert min(np.abs(wanted - image).max() for image in found) < 1e-6
