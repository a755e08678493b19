"""Links in folders of images: followed, and where they lead nowhere or back, said."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.data import BrokenImageWarning, load_data
from nasbench_mobile.training.decoding import BrokenImageError
from nasbench_mobile.training.images import open_images
from nasbench_mobile.training.layout import Layout
from nasbench_mobile.training.reading import read_place
from nasbench_mobile.training.walking import Entry, Kind, walk


def write(root: Path, names: str) -> Path:
    for name in names.split():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    return root


def read(root: Path) -> Layout:
    return read_place(open_images(root), root)


def said(layout: Layout) -> list[str]:
    return [str(one) for one in layout.left_out]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write(tmp_path / "store", "a/1.png a/2.png b/1.png c/1.png")


def test_a_link_to_a_file_a_class_a_part_or_all(tmp_path: Path, store: Path) -> None:
    root = write(tmp_path / "set", "train/b/1.png")
    (root / "train/a").symlink_to(store / "a")
    (root / "train/b/2.png").symlink_to(store / "c/1.png")
    write(tmp_path / "elsewhere", "a/1.png b/1.png")
    (root / "val").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "all").symlink_to(root)
    for place in (root, tmp_path / "all"):
        found = read(place)
        assert found.train.names == tuple(f"train/{c}/{i}.png" for c in "ab" for i in (1, 2))
        assert found.test is not None
        assert found.test.names == ("val/a/1.png", "val/b/1.png")
        assert said(found) == []
    files = open_images(root)
    assert files.read("train/a/2.png") == (store / "a/2.png").read_bytes()


def test_a_folder_and_its_link_are_both_read(tmp_path: Path, store: Path) -> None:
    (store / "again").symlink_to("a")
    assert read(store).classes == ("a", "again", "b", "c")


def test_links_that_lead_back_end_in_words(store: Path) -> None:
    (store / "a/up").symlink_to("..")
    (store / "b/self").symlink_to(".")
    (store / "c/other").symlink_to(store / "b")
    found = read(store)
    assert found.train.names == ("a/1.png", "a/2.png", "b/1.png", "c/1.png", "c/other/1.png")
    assert said(found) == ["3 links to folders they lie in (a/up and 2 more)"]


def test_broken_links_are_said_and_those_of_images_are_broken_images(store: Path) -> None:
    write(store, " ".join(f"{c}/{i}.png" for c in "abc" for i in range(5, 9)))
    (store / "d").symlink_to(store / "gone")
    (store / "round").symlink_to("about")
    (store / "about").symlink_to("round")
    assert said(read(store)) == ["3 broken links (about and 2 more)"]
    (store / "a/3.png").symlink_to(store / "gone.png")
    reason = re.escape(f"a/3.png: it is a link to {store}/gone.png, which is not there")
    with pytest.raises(BrokenImageError, match=reason):
        load_data(store, validation_images=3)
    with pytest.warns(BrokenImageWarning, match=reason):
        data = load_data(store, validation_images=6, broken="skip")
    assert data.skipped == ("a/3.png",)


def test_what_is_no_file_is_not_opened(store: Path) -> None:
    os.mkfifo(store / "a/pipe.png")
    found = read(store)
    assert "a/pipe.png" not in found.train.names
    assert said(found) == ["1 file that is none to be read (a/pipe.png)"]


def test_a_folder_that_may_not_be_read_is_named(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read all, so the refusal is made here."""
    scan = os.scandir

    def refuse(path: Path) -> Any:
        if path == store / "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match="cannot read .*/b: Permission denied; make it readable"):
        open_images(store)


class Nested:
    """Folders in each other, down to an image."""

    def __init__(self, depth: int) -> None:
        self.key = depth

    def entries(self) -> list[Entry]:
        if self.key == 0:
            return [Entry("1.png", Kind.FILE)]
        return [Entry("d", Kind.FOLDER, Nested(self.key - 1))]


def test_folders_may_lie_deeper_than_functions_may_call_each_other() -> None:
    assert walk(Nested(3000)).names == ("d/" * 3000 + "1.png",)
