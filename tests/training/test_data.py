import re
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from nasbench_mobile.errors import MissingExtraError, UsageError
from nasbench_mobile.extras import install_command
from nasbench_mobile.training import reading
from nasbench_mobile.training.data import BrokenImageWarning, default_input_size, load_data
from nasbench_mobile.training.decoding import BrokenImageError, decode


def pack(tree: Path, path: Path, mode: Literal["w", "w:xz"]) -> Path:
    with tarfile.open(path, mode) as tar:
        tar.add(tree, arcname="." if mode == "w" else "set")
    return path


def test_a_tree_and_its_tars_are_one_data_set(tree: Path, tmp_path: Path) -> None:
    wanted = load_data(tree, validation_images=3)
    packings: list[tuple[str, Literal["w", "w:xz"]]] = [
        ("plain.tar", "w"),
        ("packed.tar.xz", "w:xz"),
    ]
    for path, mode in packings:
        found = load_data(pack(tree, tmp_path / path, mode), validation_images=3)
        assert found.classes == wanted.classes == ("c0", "c1", "c2")
        assert found.train.pixels is not None
        assert wanted.train.pixels is not None
        assert np.array_equal(found.train.pixels, wanted.train.pixels)
        assert np.array_equal(found.train.labels, wanted.train.labels)
        assert found.identity.startswith("15+3 images of 3 classes")
    assert wanted.test is not None
    assert len(wanted.test) == 6


def test_identity_does_not_depend_on_where_the_data_lies(tree: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(tree, tmp_path / "elsewhere")
    plain = pack(tree, tmp_path / "plain.tar", "w")
    names = {load_data(place, validation_images=3).identity for place in (tree, moved, plain)}
    assert len(names) == 1
    assert load_data(tree, validation_images=3, split_seed=1).identity not in names
    assert load_data(tree, validation_images=4).identity not in names


def test_test_images_are_in_no_other_part(tree: Path) -> None:
    data = load_data(tree, validation_images=3)
    assert data.test is not None
    parts = [data.train, data.validation, data.test]
    seen = [name for part in parts for name in part.listed.names]
    assert len(seen) == len(set(seen)) == 24
    assert all(name.startswith("test/") for name in data.test.listed.names)
    assert not any(
        name.startswith("test/")
        for part in (data.train, data.validation)
        for name in part.listed.names
    )


def test_train_images_keeps_some_of_every_class(tree: Path) -> None:
    data = load_data(tree, validation_images=3, train_images=6)
    assert np.bincount(data.train.labels).tolist() == [2, 2, 2]
    with pytest.raises(UsageError, match="train_images is 16"):
        load_data(tree, validation_images=3, train_images=16)


def test_grey_and_cmyk_images_become_rgb(jpeg: Callable[..., bytes]) -> None:
    # CMYK of 55 each: 255 (1 - 55 / 255)^2 = 157.
    for mode, brightness, wanted in (("L", 200, 200), ("CMYK", 55, 157), ("RGB", 200, 200)):
        pixels = decode(jpeg(brightness, mode=mode), "x.jpg")
        assert pixels.shape == (10, 12, 3)
        assert abs(float(pixels.mean()) - wanted) < 5


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"no"])
def test_a_broken_image_is_named_and_fails_or_is_skipped(
    tree: Path, damage: Callable[[bytes], bytes]
) -> None:
    broken = tree / "train" / "c1" / "2.jpg"
    broken.write_bytes(damage(broken.read_bytes()))
    with pytest.raises(BrokenImageError, match="train/c1/2.jpg"):
        load_data(tree, validation_images=3)
    with pytest.warns(BrokenImageWarning, match="train/c1/2.jpg"):
        data = load_data(tree, validation_images=3, broken="skip")
    assert data.skipped == ("train/c1/2.jpg",)
    assert len(data.train) + len(data.validation) == 17


def test_small_images_of_one_size_are_cached_others_are_not(
    tree: Path, jpeg: Callable[..., bytes]
) -> None:
    cached = load_data(tree, validation_images=3)
    assert cached.train.pixels is not None
    assert tuple(cached.train.pixels.shape) == (15, 3, 10, 12)
    assert cached.train.pixels.element_size() == 1
    assert load_data(tree, validation_images=3, cache_mb=0.001).train.pixels is None
    (tree / "train" / "c0" / "0.jpg").write_bytes(jpeg(90, (30, 20)))
    mixed = load_data(tree, validation_images=3)
    assert mixed.train.pixels is None or mixed.validation.pixels is None
    assert mixed.identity == cached.identity


def test_digits_need_no_download() -> None:
    data = load_data("digits")
    assert len(data.classes) == 10
    assert (len(data.train), len(data.validation)) == (1295, 143)
    assert data.test is not None
    assert len(data.test) == 359
    assert data.train.pixels is not None
    assert data.train.pixels.shape[1:] == (3, 8, 8)
    assert default_input_size(data) == 32
    other = load_data("digits", split_seed=1)
    assert other.test is not None
    assert other.test.listed.names == data.test.listed.names
    assert other.identity != data.identity


def test_bad_places_are_named(tmp_path: Path, write_images: Callable[..., None]) -> None:
    with pytest.raises(UsageError, match="no data at"):
        load_data(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no images"):
        load_data(tmp_path / "empty")
    (tmp_path / "not.tar").write_text("no tar")
    with pytest.raises(UsageError, match=r"cannot read the tar file .*not\.tar"):
        load_data(tmp_path / "not.tar")


@pytest.mark.parametrize("mode", ["w", "w:xz"])
def test_a_tar_cut_short_is_refused(tree: Path, tmp_path: Path, mode: Literal["w", "w:xz"]) -> None:
    path = pack(tree, tmp_path / "set.tar", mode)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(UsageError, match="is it whole"):
        load_data(path)


def test_a_class_of_which_nothing_can_be_read_is_named(tree: Path) -> None:
    for path in (tree / "train" / "c1").iterdir():
        path.write_bytes(b"broken")
    with (
        pytest.warns(BrokenImageWarning),
        pytest.raises(UsageError, match=r"class 'c1' no image can be read: .*train/c1/0\.jpg: .*"),
    ):
        load_data(tree, validation_images=3, broken="skip")


@pytest.mark.parametrize("size", [(12, 10), (160, 140)])  # kept decoded, and not
def test_the_split_is_drawn_of_what_can_be_read(
    tmp_path: Path,
    write_images: Callable[..., None],
    class_names: Callable[..., list[str]],
    size: tuple[int, int],
) -> None:
    write_images(tmp_path, class_names("", 2, 10), size=size)
    whole = load_data(tmp_path, validation_images=4, broken="skip")
    assert whole.identity == load_data(tmp_path, validation_images=4).identity
    held = [name for name in whole.validation.listed.names if name.startswith("c0/")]
    for name in held:
        (tmp_path / name).write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning) as told:
        data = load_data(tmp_path, validation_images=4, broken="skip")
    assert [name in str(each.message) for name, each in zip(held, told, strict=True)] == [True] * 2
    assert data.skipped == tuple(held)
    assert np.bincount(data.validation.labels).tolist() == [2, 2]
    assert np.bincount(data.train.labels).tolist() == [6, 8]
    assert not {*held} & {*data.train.listed.names, *data.validation.listed.names}
    assert data.identity.startswith("14+4 images")


@pytest.mark.parametrize("size", [(8, 8), (150, 140)])
def test_broken_test_images_are_left_out_before_they_are_read(
    tmp_path: Path, write_images: Callable[..., None], class_names: Callable[..., list[str]],
    size: tuple[int, int],
) -> None:  # fmt: skip
    write_images(tmp_path, class_names("train/", 2, 10), size=size)
    write_images(tmp_path, class_names("test/", 2, 3), size=size)
    names = [f"test/c{label}/{index}.jpg" for label in (0, 1) for index in range(3)]
    for name in names[:2]:
        (tmp_path / name).write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning):
        data = load_data(tmp_path, broken="skip", tested=True)
    assert data.test is not None
    assert (len(data.test), data.skipped) == (4, tuple(names[:2]))
    assert f"4 to test on; left out: 2 broken images ({names[0]} and 1 more)" in reading.line(data)
    for name in names[2:]:
        (tmp_path / name).write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning):
        data = load_data(tmp_path, broken="skip", tested=True)
    assert data.test is None
    assert data.skipped == tuple(names)


def test_what_was_drawn_of_all_goes_on_with_its_split(
    tmp_path: Path, write_images: Callable[..., None], class_names: Callable[..., list[str]]
) -> None:
    write_images(tmp_path, class_names("", 2, 10))
    whole = load_data(tmp_path, validation_images=4, broken="skip")
    held = next(name for name in whole.validation.listed.names if name.startswith("c0/"))
    (tmp_path / held).write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning, match=held):
        then = load_data(tmp_path, validation_images=4, broken="skip", earlier=whole.identity)
    assert then.identity == whole.identity
    assert np.bincount(then.validation.labels).tolist() == [1, 2]
    with pytest.warns(BrokenImageWarning):
        now = load_data(tmp_path, validation_images=4, broken="skip")
    assert now.identity != whole.identity
    with pytest.warns(BrokenImageWarning):  # what was begun by this version goes on as well
        again = load_data(tmp_path, validation_images=4, broken="skip", earlier=now.identity)
    assert (again.identity, again.content) == (now.identity, now.content)


def test_without_pillow_the_pip_command_is_given(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    wanted = f"reading images needs pillow, not installed here; run: {install_command('train')}"
    with pytest.raises(MissingExtraError, match=re.escape(wanted)):
        load_data(tree)
