"""What is in the images beside their names: sizes and hashes, read once."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nasbench_mobile.files.kept_folder import VARIABLE
from nasbench_mobile.training import content
from nasbench_mobile.training.content import Contents
from nasbench_mobile.training.data import BrokenImageWarning, load_data
from nasbench_mobile.training.decoding import ORIENTATION, BrokenImageError
from nasbench_mobile.training.images import open_images


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache in which sets of any size are kept."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(content, "SMALLEST_KEPT", 0)
    return tmp_path / "cache" / "images"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read for their content."""
    seen: list[str] = []
    really = Contents._read

    def read(self: Contents, name: str, decoding: bool) -> Any:
        seen.append(name)
        return really(self, name, decoding)

    monkeypatch.setattr(Contents, "_read", read)
    return seen


def settle(root: Path) -> None:
    """As if the files had lain there for a while."""
    for path in [root, *root.rglob("*")]:
        os.utime(path, (1e9, 1e9))


@pytest.fixture
def old_tree(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settle(tree)
    monkeypatch.setattr(content, "SETTLED_NS", -(10**18))  # ctime cannot be set back
    return tree


def test_content_is_of_what_is_in_the_files_not_of_where_they_lie(
    tree: Path, tmp_path: Path, jpeg: Callable[..., bytes]
) -> None:
    first = load_data(tree, validation_images=3)
    total = sum(path.stat().st_size for path in (tree / "train").rglob("*.jpg"))
    assert first.content.startswith(f"{total} bytes, ")
    moved = shutil.copytree(tree, tmp_path / "elsewhere")
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        tar.add(tree, arcname=".")
    for place in (moved, tmp_path / "set.tar"):
        assert load_data(place, validation_images=3).content == first.content
    path = moved / "train/c1/2.jpg"
    path.write_bytes(jpeg(77, seed=99))
    other = load_data(moved, validation_images=3)
    assert other.identity == first.identity
    assert other.content != first.content
    # The same bytes under other names are other content too: they have other classes.
    shutil.copytree(tree, tmp_path / "turned")
    zero, one = tmp_path / "turned/train/c0", tmp_path / "turned/train/c1"
    zero.rename(tmp_path / "kept")
    one.rename(zero)
    (tmp_path / "kept").rename(one)
    turned = load_data(tmp_path / "turned", validation_images=3)
    assert turned.identity == first.identity
    assert turned.content != first.content


def test_test_images_are_no_part_of_it(tree: Path, jpeg: Callable[..., bytes]) -> None:
    first = load_data(tree, validation_images=3).content
    (tree / "test/c0/0.jpg").write_bytes(jpeg(77, seed=99))
    assert load_data(tree, validation_images=3).content == first


def test_a_set_is_read_once(old_tree: Path, cache: Path, reads: list[str]) -> None:
    first = load_data(old_tree, validation_images=3)
    assert len(reads) == 18
    assert len(list(cache.iterdir())) == 1
    again = load_data(old_tree, validation_images=3)
    assert again.content == first.content
    assert len(reads) == 18
    # Another split is of the same files.
    other = load_data(old_tree, validation_images=4, split_seed=1)
    assert len(reads) == 18
    assert other.content.split(",")[0] == first.content.split(",")[0]
    assert other.content != first.content


def test_a_file_that_was_replaced_is_read_again(
    old_tree: Path, cache: Path, reads: list[str], jpeg: Callable[..., bytes]
) -> None:
    first = load_data(old_tree, validation_images=3)
    path = old_tree / "train/c1/2.jpg"
    size, times = path.stat().st_size, (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    old = path.read_bytes()
    path.write_bytes(old[:-3] + bytes([old[-3] ^ 1]) + old[-2:])
    os.utime(path, ns=times)  # as copying tools do that keep times
    assert path.stat().st_size == size
    reads.clear()
    assert load_data(old_tree, validation_images=3).content != first.content
    assert reads == ["train/c1/2.jpg"]
    path.write_bytes(old)
    assert load_data(old_tree, validation_images=3).content == first.content


def test_what_changed_a_moment_ago_is_not_believed(
    tree: Path, cache: Path, reads: list[str]
) -> None:
    load_data(tree, validation_images=3)
    assert not cache.exists()
    load_data(tree, validation_images=3)
    assert len(reads) == 36


def test_small_sets_leave_nothing_in_the_cache(
    old_tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "SMALLEST_KEPT", 1 << 20)
    load_data(old_tree, validation_images=3)
    assert not cache.exists()


def test_reading_much_is_told_of_once(
    old_tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_tree.parent / "set.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(old_tree, arcname=".")
    monkeypatch.setattr(content, "LARGE", 1000)
    for place in (old_tree, path):
        with pytest.warns(content.FirstReadingWarning, match=r"reading 0\.0 GiB of images once"):
            load_data(place, validation_images=3)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            load_data(place, validation_images=3)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 9}', '{"schema": 1, "files": 3}'])
def test_a_damaged_cache_is_made_anew(old_tree: Path, cache: Path, damage: str) -> None:
    first = load_data(old_tree, validation_images=3)
    [path] = cache.iterdir()
    whole = path.read_text()
    path.write_text(damage)
    assert load_data(old_tree, validation_images=3).content == first.content
    assert json.loads(path.read_text()) == json.loads(whole)


def test_a_cache_that_cannot_be_written_is_done_without(
    old_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "SMALLEST_KEPT", 0)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    assert load_data(old_tree, validation_images=3).content


def test_whether_images_can_be_decoded_is_kept_too(
    old_tree: Path, cache: Path, reads: list[str]
) -> None:
    (old_tree / "train/c1/2.jpg").write_bytes(b"broken")
    with pytest.warns(BrokenImageWarning):
        first = load_data(old_tree, validation_images=3, broken="skip")
    assert len(reads) == 18  # hashed and decoded in one go
    with pytest.warns(BrokenImageWarning):
        again = load_data(old_tree, validation_images=3, broken="skip")
    assert len(reads) == 18
    assert (again.skipped, again.identity, again.content) == (
        first.skipped, first.identity, first.content,
    )  # fmt: skip
    [path] = cache.iterdir()
    record = json.loads(path.read_text())
    record["reader"] = ["pillow 0"]  # another version may judge otherwise
    path.write_text(json.dumps(record))
    with pytest.warns(BrokenImageWarning):
        load_data(old_tree, validation_images=3, broken="skip")
    assert len(reads) == 36


def test_a_set_without_a_wish_to_skip_is_not_decoded_for_it(
    old_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(data: bytes, name: str) -> None:
        raise AssertionError(name)

    monkeypatch.setattr(content, "decode", decode)
    assert load_data(old_tree, validation_images=3).content


def test_a_file_that_cannot_be_read_is_broken(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "2.jpg" and path.parent.name == "c1":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(BrokenImageError, match=r"cannot read the image train/c1/2\.jpg.*denied"):
        load_data(tree, validation_images=3)
    with pytest.warns(BrokenImageWarning, match=r"train/c1/2\.jpg"):
        data = load_data(tree, validation_images=3, broken="skip")
    assert data.skipped == ("train/c1/2.jpg",)
    assert len(data.train) + len(data.validation) == 17


def test_images_that_are_read_otherwise_than_before_are_counted(tree: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.fromarray(np.zeros((10, 12, 3), np.uint8)).save(tree / "train/c0/0.jpg", exif=exif)
    Image.fromarray(np.zeros((10, 12), np.uint16)).save(tree / "train/c0/deep.png")
    assert load_data(tree, validation_images=3).read_otherwise == 2


def test_names_that_are_no_utf8_are_read(tree: Path, jpeg: Callable[..., bytes]) -> None:
    latin = os.fsencode(tree) + b"/train/c0/caf\xe9.jpg"
    try:
        with open(latin, "wb") as file:
            file.write(jpeg(90))
    except OSError:
        pytest.skip("this file system has no names but UTF-8")
    before = load_data(tree, validation_images=4)
    assert before.identity.startswith("15+4 images of 3 classes")
    assert json.loads(json.dumps(before.train.listed.names + before.validation.listed.names))
    os.replace(latin, latin.replace(b"\xe9", b"\xea"))
    assert load_data(tree, validation_images=4).identity != before.identity
    with open(latin.replace(b"\xe9", b"\xea"), "wb"):
        pass
    with pytest.raises(BrokenImageError, match="the file is empty"):
        load_data(tree, validation_images=4)
    with pytest.warns(BrokenImageWarning, match="caf"):
        assert len(load_data(tree, validation_images=4, broken="skip").skipped) == 1


def test_a_folder_that_is_called_like_an_image_is_none(
    tree: Path, jpeg: Callable[..., bytes]
) -> None:
    before = load_data(tree, validation_images=3)
    (tree / "train/c0/folder.jpg").mkdir()
    after = load_data(tree, validation_images=3)
    assert (after.identity, after.content) == (before.identity, before.content)
    (tree / "train/c0/folder.jpg/0.jpg").write_bytes(jpeg(90))
    assert load_data(tree, validation_images=3).identity.startswith("16+3 images")


def test_digits_have_a_content() -> None:
    first = load_data("digits")
    assert first.content.startswith(f"{1438 * 64} bytes, ")
    assert load_data("digits").content == first.content
    assert load_data("digits", split_seed=1).content != first.content


def test_an_archive_counts_as_one_file(old_tree: Path, cache: Path, reads: list[str]) -> None:
    path = old_tree.parent / "set.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(old_tree, arcname=".")
    first = Contents(open_images(path), path).look(["train/c0/0.jpg"])
    again = Contents(open_images(path), path).look(["train/c0/0.jpg"])
    assert first == again
    assert len(reads) == 1
    assert first["train/c0/0.jpg"].size == (old_tree / "train/c0/0.jpg").stat().st_size
