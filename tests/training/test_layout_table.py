"""Layouts as public data sets have them: what is a class, a part, left out or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.data import load_data
from nasbench_mobile.training.images import open_images
from nasbench_mobile.training.layout import Layout
from nasbench_mobile.training.reading import read_place

HIDDEN = (
    "a/1.png a/._1.png b/1.png b/.ipynb_checkpoints/1-checkpoint.png __MACOSX/a/._1.png Thumbs.db "
    ".DS_Store a/@eaDir/1.png"
)


def made(root: Path, names: str) -> Path:
    """Empty files, and folders where a name ends in a slash."""
    for name in names.split():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def read(root: Path) -> Layout:
    return read_place(open_images(root), "set")


def parts_of(layout: Layout) -> dict[str, str]:
    parts = {"train": layout.train, "validation": layout.validation, "test": layout.test}
    return {part: " ".join(one.names) for part, one in parts.items() if one is not None}


@pytest.mark.parametrize(
    ("names", "classes", "parts", "folders"),
    [
        ("training/a/1.png training/b/1.png testing/a/1.png testing/b/1.png", "a b",
         {"train": "training/a/1.png training/b/1.png",
          "test": "testing/a/1.png testing/b/1.png"},
         {"train": "training", "test": "testing"}),
        ("Train/a/1.png Train/b/1.png Test/a/1.png Test/b/1.png", "a b",
         {"train": "Train/a/1.png Train/b/1.png", "test": "Test/a/1.png Test/b/1.png"},
         {"train": "Train", "test": "Test"}),
        ("training_set/a/1.png training_set/b/1.png test_set/a/1.png test_set/b/1.png", "a b",
         {"train": "training_set/a/1.png training_set/b/1.png",
          "test": "test_set/a/1.png test_set/b/1.png"},
         {"train": "training_set", "test": "test_set"}),
        ("seg_train/seg_train/a/1.png seg_train/seg_train/b/1.png seg_test/seg_test/a/1.png "
         "seg_test/seg_test/b/1.png seg_pred/seg_pred/1.png", "a b",
         {"train": "seg_train/seg_train/a/1.png seg_train/seg_train/b/1.png",
          "test": "seg_test/seg_test/a/1.png seg_test/seg_test/b/1.png"},
         {"train": "seg_train", "test": "seg_test"}),
        ("top/in/train/a/1.png top/in/train/b/1.png top/in/Val/a/1.png top/in/Val/b/1.png", "a b",
         {"train": "top/in/train/a/1.png top/in/train/b/1.png",
          "test": "top/in/Val/a/1.png top/in/Val/b/1.png"},
         {"train": "train", "test": "Val"}),
        ("train/a/1.png train/b/1.png valid/a/1.png valid/b/1.png test/a/1.png test/b/1.png",
         "a b",
         {"train": "train/a/1.png train/b/1.png", "validation": "valid/a/1.png valid/b/1.png",
          "test": "test/a/1.png test/b/1.png"},
         {"train": "train", "validation": "valid", "test": "test"}),
        ("training/train/a/1.png training/train/b/1.png training/test/a/1.png "
         "training/test/b/1.png", "a b",
         {"train": "training/train/a/1.png training/train/b/1.png",
          "test": "training/test/a/1.png training/test/b/1.png"},
         {"train": "train", "test": "test"}),
        ("train/test/1.png train/b/1.png", "b test", {"train": "train/b/1.png train/test/1.png"},
         {"train": "train"}),
        ("train/a/x/1.png train/a/y/1.png train/b/1.png", "a b",
         {"train": "train/a/x/1.png train/a/y/1.png train/b/1.png"}, {"train": "train"}),
        ("train/images/a/1.png train/images/b/1.png test/images/a/1.png test/images/b/1.png",
         "a b",
         {"train": "train/images/a/1.png train/images/b/1.png",
          "test": "test/images/a/1.png test/images/b/1.png"}, {"train": "train", "test": "test"}),
        ("bullet_train/1.png bus/1.png", "bullet_train bus",
         {"train": "bullet_train/1.png bus/1.png"}, {}),
        ("Cat/1.png cat/1.png dog/1.png", "Cat cat dog",
         {"train": "Cat/1.png cat/1.png dog/1.png"}, {}),
        ("a/1.GIF a/2.tiff b/1.jfif b/2.JPE b/3.ppm", "a b",
         {"train": "a/1.GIF a/2.tiff b/1.jfif b/2.JPE b/3.ppm"}, {}),
        (HIDDEN, "a b", {"train": "a/1.png b/1.png"}, {}),
        ("asl_train/asl_train/a/1.png asl_train/asl_train/b/1.png asl_test/asl_test/a_test.png",
         "a b", {"train": "asl_train/asl_train/a/1.png asl_train/asl_train/b/1.png"},
         {"train": "asl_train"}),
    ],
)  # fmt: skip
def test_classes_and_parts(
    tmp_path: Path, names: str, classes: str, parts: dict[str, str], folders: dict[str, str]
) -> None:
    found = read(made(tmp_path, names))
    assert " ".join(found.classes) == classes
    assert parts_of(found) == parts
    assert found.folders == folders
    for part in (found.train, found.validation, found.test):
        if part is not None:
            for name, label in zip(part.names, part.labels.tolist(), strict=True):
                assert f"/{found.classes[label]}/" in f"/{name}"


@pytest.mark.parametrize(
    ("names", "left_out"),
    [
        (HIDDEN, ["3 hidden files (.DS_Store and 2 more)",
                  "3 hidden folders (__MACOSX and 2 more)"]),
        ("train/a/1.png train/b/1.png test/1.png test/2.png",
         ["2 images of test/ in no class folder (test/1.png and 1 more)"]),
        ("train/a/1.png train/b/1.png test/test/1.png",
         ["1 image of test/ in no class folder (test/test/1.png)"]),
        ("train/a/1.png train/b/1.png pred/a/1.png",
         ["1 image of pred/ without classes (pred/a/1.png)"]),
        ("train/a/1.png train/b/1.png logo.png masks/1.png",
         ["2 images beside train/ in no part (logo.png and 1 more)"]),
        ("a/1.png b/1.png b/2.heic b/3.HEIC a/4.svg labels.csv",
         ["2 .heic files, a format that is not read (b/2.heic and 1 more)",
          "1 .svg file, a format that is not read (a/4.svg)", "1 other file (labels.csv)"]),
        ("train/a/1.png train/b/1.png train/c/ test/ other/1.txt",
         ["3 folders without images (other and 2 more)", "1 other file (other/1.txt)"]),
        ("a/1.png b/1.png c/d/", ["1 folder without images (c)"]),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said(tmp_path: Path, names: str, left_out: list[str]) -> None:
    found = read(made(tmp_path, names))
    assert found.classes == ("a", "b")
    assert [str(one) for one in found.left_out] == left_out


@pytest.mark.parametrize(
    ("names", "notes"),
    [
        ("train/a/1.png train/test/1.png", ("test/ in train/ is a class",)),
        ("a/x/1.png b/1.png", ("folders in class folders are part of the class (x/ of a)",)),
        ("Cat/1.png cat/1.png",
         ("Cat and cat, which differ in spelling alone, are two classes",)),
        ("train/a/1.png train/b/1.png", ()),
    ],
)  # fmt: skip
def test_what_else_the_owner_should_know(
    tmp_path: Path, names: str, notes: tuple[str, ...]
) -> None:
    assert read(made(tmp_path, names)).notes == notes


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a/1.png b/1.png test/1.png", "has test/ beside a/, by name a part"),
        ("test/a/1.png test/b/1.png val/a/1.png val/b/1.png", "has test/ and val/, by name"),
        ("train/1.png test/1.png",
         "train/1.png lies in no class folder; .*if train/ is itself a class"),
        ("bus/1.png car/1.png train/1.png", "if train/ is itself a class, move all class folders"),
        ("train/a/1.png train/b/1.png train/2.png", "train/2.png lies in no class folder"),
        ("train/a/1.png train/b/1.png test/a/1.png test/2.png", "test/2.png lies in no class"),
        ("train/a/1.png train/b/1.png test/a/1.png test/b/1.png test/c/1.png",
         "test/ has class c, unlike train/"),
        ("Train/Cat/1.png Train/Dog/1.png Test/cat/1.png Test/dog/1.png",
         "Test/ lacks class Cat, unlike Train/.*; cat and Cat differ in spelling alone"),
        ("train/Cat/1.png train/Dog/1.png test/cat/1.png", "cat and Cat differ in spelling alone"),
        ("train/e\u0301/1.png train/b/1.png test/\u00e9/1.png test/b/1.png", "in spelling alone"),
        ("a/1.png b/1.png c/1.heic c/2.heic",
         r"c/ has no image .* but 2 images in others \(c/1.heic and 1 more\)"),
        ("train/a/1.png train/b/1.npy", r"train/b/ has no image .*\(train/b/1.npy\)"),
        ("train/a/1.png train/b/1.png test/a/1.png test/b/1.avif",
         "test/b/ has no image in a format"),
        ("set/train/a/1.png set/train/b/1.png set/test/a/1.heic",
         "set/test/ has no image in a format"),
        ("cat/train/1.png cat/test/1.png dog/train/1.png dog/test/1.png",
         "others of its kind within cat/, .*give cat/ itself"),
        ("in/train/a/1.png in/train/b/1.png in/test/a/1.png logo.png", "within in/"),
        ("train/a/1.png train/b/1.png val/a/1.png dev/a/1.png", "has both dev/ and val/"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path: Path, names: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(made(tmp_path, names))


@pytest.mark.parametrize(
    ("names", "identity"),
    [
        ("a/{}.png b/{}.png", "9+3 images of 2 classes, 0ce960c1d7de"),
        ("all/set/a/{}.png all/set/b/{}.png", "9+3 images of 2 classes, 853fa0be55f0"),
        ("a/x/{}.png a/y/{}.png b/x/{}.JPG", "15+3 images of 2 classes, 0e6f98c07691"),
        ("train/a/{}.png train/b/{}.png", "9+3 images of 2 classes, a984c7a7013e"),
        ("set/train/a/{}.png set/train/b/{}.png set/test/a/{}.png set/test/b/{}.png",
         "9+3 images of 2 classes, d75426f10428"),
        ("train/a/{}.png train/b/{}.png val/a/{}.png val/b/{}.png",
         "9+3 images of 2 classes, a984c7a7013e"),
        ("train/a/{}.webp train/b/{}.bmp validation/a/{}.png validation/b/{}.jpeg",
         "9+3 images of 2 classes, 1cd546fca2ab"),
    ],
)  # fmt: skip
def test_data_read_as_ever_keeps_its_identity(tmp_path: Path, names: str, identity: str) -> None:
    """Tables and searches carry these, which were computed before parts had other names."""
    for name in names.split():
        for number in range(6):
            path = tmp_path / name.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(path)
    assert load_data(tmp_path, validation_images=3).identity == identity
