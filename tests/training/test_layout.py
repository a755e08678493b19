import numpy as np
import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.layout import held_out, identity, read_layout


def names(folder: str, classes: str, each: int = 2) -> list[str]:
    return [f"{folder}{c}/{i}.jpg" for c in classes for i in range(each)]


def test_train_and_test_folders() -> None:
    found = read_layout(names("train/", "ab") + names("test/", "ab", 1), "set")
    assert found.classes == ("a", "b")
    assert found.train.names == ("train/a/0.jpg", "train/a/1.jpg", "train/b/0.jpg", "train/b/1.jpg")
    assert found.train.labels.tolist() == [0, 0, 1, 1]
    assert found.test is not None
    assert found.test.labels.tolist() == [0, 1]


def test_imagenets_val_folder_is_the_test_set() -> None:
    found = read_layout(names("train/", "ab") + names("val/", "ab"), "set")
    assert found.test is not None
    assert set(found.test.names) == set(names("val/", "ab"))


@pytest.mark.parametrize("shared", ["", "imagenet/", "data/imagenet/"])
def test_class_folders_alone_and_folders_that_all_share(shared: str) -> None:
    plain = read_layout(names(shared, "ab"), "set")
    assert plain.classes == ("a", "b")
    assert plain.test is None
    parted = read_layout(names(f"{shared}train/", "ab"), "set")
    assert parted.classes == ("a", "b")


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (names("train/", "a"), "one class"),
        (names("", "a"), "one class"),
        (["1.jpg", "a/1.jpg"], "no class folder"),
        (names("train/", "ab") + names("test/", "a"), "lacks class b"),
        (names("train/", "ab") + names("test/", "abc"), "has class c"),
    ],
)
def test_what_does_not_fit_is_named(listed: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_layout(listed, "set")


def test_held_out_by_seed_each_class_in_its_share() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    kept, out = held_out(labels, 10, seed=1)
    assert np.bincount(labels[out]).tolist() == [6, 3, 1]
    assert sorted([*kept, *out]) == list(range(100))
    assert np.array_equal(held_out(labels, 10, seed=1)[1], out)
    assert not np.array_equal(held_out(labels, 10, seed=2)[1], out)


@pytest.mark.parametrize("count", range(3, 40))
def test_any_count_is_met(count: int) -> None:
    labels = np.repeat([0, 1, 2], [50, 3, 2])
    kept, out = held_out(labels, count, seed=0)
    assert len(out) == count
    assert set(labels[out]) == set(labels[kept]) == {0, 1, 2}


@pytest.mark.parametrize("count", [0, 1, 2, 20, 50])
def test_a_split_that_does_not_fit_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match="does not fit"):
        held_out(np.repeat([0, 1, 2], [10, 5, 5]), count, seed=0)


def test_a_class_must_keep_an_image_to_train_on() -> None:
    with pytest.raises(UsageError, match="none of class 1"):
        held_out(np.array([0] * 9 + [1]), 3, seed=0)


def test_identity_tells_files_and_splits_apart_not_their_place() -> None:
    found = read_layout(names("train/", "ab", 8), "set")
    kept, out = held_out(found.train.labels, 4, 0)
    parts = [("train", found.train.at(kept)), ("validation", found.train.at(out))]
    name = identity(parts, found.classes)
    assert name.startswith("12+4 images of 2 classes, ")
    kept, out = held_out(found.train.labels, 4, 1)
    other = [("train", found.train.at(kept)), ("validation", found.train.at(out))]
    assert identity(other, found.classes) != name
    assert identity(parts, ("a", "c")) != name
