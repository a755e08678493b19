"""Names, splits and identities of data, at their edges."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.data import _split
from nasbench_mobile.training.layout import Listed, held_out, identity, read_layout


def listed(*counts: int) -> Listed:
    labels = np.repeat(np.arange(len(counts)), counts)
    return Listed(tuple(f"{k}" for k in range(len(labels))), labels)


@pytest.mark.parametrize(
    ("images", "wanted"),
    [(listed(300, 300), 60), (listed(12, 12), 2), (listed(9, 9, 9, 9, 9, 9), 6),
     (listed(300_000, 300_000), 50_000)],
)  # fmt: skip
def test_a_tenth_is_held_out_one_a_class_at_least_and_50_000_at_most(
    images: Listed, wanted: int
) -> None:
    """The paper's 50,000 (MnasNet, section 4)."""
    kept, out = _split(images, None, None, 0)
    assert len(out.names) == wanted
    assert len(kept.names) == len(images.names) - wanted


def test_as_many_as_wanted_are_kept_to_train_on() -> None:
    images = listed(20, 10)
    kept, out = _split(images, 6, 24, 3)
    assert (len(kept.names), len(out.names)) == (24, 6)  # all there are: none is left out
    kept, again = _split(images, 6, 9, 3)
    assert again.names == out.names
    assert np.bincount(kept.labels).tolist() == [6, 3]
    assert not set(kept.names) & set(out.names)
    assert [images.labels[int(name)] for name in kept.names] == kept.labels.tolist()
    with pytest.raises(UsageError, match="train_images is 25, but 24 of 30 .* the 6 held out"):
        _split(images, 6, 25, 3)


def test_an_identity_is_a_hash_of_parts_classes_and_names_in_any_order() -> None:
    train = Listed(("b", "a", "c"), np.array([1, 0, 1]))
    held = Listed(("d",), np.array([0]))
    turned = train.at(np.array([2, 0, 1]))
    parts = [("train", train), ("validation", held)]
    name = identity(parts, ("x", "y"))
    text = "x\ny" + "train\x000\x00a\n" + "train\x001\x00b\n" + "train\x001\x00c\n"
    text += "validation\x000\x00d\n"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert name == f"3+1 images of 2 classes, {digest}"
    assert identity([("train", turned), ("validation", held)], ("x", "y")) == name
    other = Listed(train.names, np.array([1, 1, 1]))
    assert identity([("train", other), ("validation", held)], ("x", "y")) != name
    assert identity([("validation", train), ("train", held)], ("x", "y")) != name


def test_a_listed_part_keeps_names_and_labels_together() -> None:
    found = Listed(("a", "b", "c"), np.array([5, 6, 7])).at(np.array([2, 0]))
    assert (found.names, found.labels.tolist()) == (("c", "a"), [7, 5])


def test_fractions_of_a_class_go_where_they_are_largest() -> None:
    """7 of 50, 30 and 20: 3.5, 2.1 and 1.4 images, so the odd one is of the first class."""
    _, out = held_out(np.repeat([0, 1, 2], [50, 30, 20]), 7, seed=4)
    assert np.bincount(np.repeat([0, 1, 2], [50, 30, 20])[out]).tolist() == [4, 2, 1]
    # 10 of 10, 60 and 30 are whole shares, whichever class is the largest.
    labels = np.repeat([0, 1, 2], [10, 60, 30])
    assert np.bincount(labels[held_out(labels, 10, seed=4)[1]]).tolist() == [1, 6, 3]
    # 4 of 90, 5 and 5: one of each small class at least, so that the large one gives.
    labels = np.repeat([0, 1, 2], [90, 5, 5])
    assert np.bincount(labels[held_out(labels, 4, seed=4)[1]]).tolist() == [2, 1, 1]


def test_held_out_images_are_drawn_not_the_first() -> None:
    labels = np.repeat([0, 1], [40, 40])
    kept, out = held_out(labels, 10, seed=0)
    assert out.tolist() == sorted(out.tolist())
    assert kept.tolist() == sorted(set(range(80)) - set(out.tolist()))
    assert out.tolist() != [*range(5), *range(40, 45)]
    rng = np.random.default_rng(0)
    order = rng.permutation(80)
    first = [[k for k in order if labels[k] == label][:5] for label in (0, 1)]
    assert set(out.tolist()) == {int(k) for part in first for k in part}


@pytest.mark.parametrize("folder", ["test", "val", "validation"])
def test_each_name_of_the_test_folder_is_known(folder: str) -> None:
    names = [f"train/{c}/1.jpg" for c in "ab"] + [f"{folder}/{c}/1.jpg" for c in "ab"]
    found = read_layout(names, "set")
    assert found.test is not None
    assert found.test.names == tuple(names[2:])
    assert found.train.names == tuple(names[:2])


def test_of_several_test_folders_the_first_counts() -> None:
    names = [f"{part}/{c}/1.jpg" for part in ("train", "val", "test") for c in "ab"]
    found = read_layout(names, "set")
    assert found.test is not None
    assert found.test.names == ("test/a/1.jpg", "test/b/1.jpg")


def test_classes_named_as_parts_are_no_shared_folder() -> None:
    """`train/` alone above class folders is a part, not a folder that all share."""
    found = read_layout(["train/a/deep/1.jpg", "train/b/deep/2.jpg"], "set")
    assert found.classes == ("a", "b")
    deep = read_layout(["all/a/x/1.jpg", "all/b/x/2.jpg"], "set")
    assert deep.classes == ("a", "b")
    assert deep.train.names == ("all/a/x/1.jpg", "all/b/x/2.jpg")


def test_what_does_not_fit_is_counted() -> None:
    train = [f"train/{c}/1.jpg" for c in "abcdefgh"]
    known = [f"test/{c}/1.jpg" for c in "ah"]
    with pytest.raises(UsageError, match=r"lacks class b.*\(6 missing, 1 unknown\)"):
        read_layout([*train, *known, "test/z/1.jpg"], "set")
    other = [f"test/{c}/1.jpg" for c in "abcdefghzyxwvuts"]
    with pytest.raises(UsageError, match=r"has class s.*\(0 missing, 8 unknown\)"):
        read_layout([*train, *other], "set")
    with pytest.raises(UsageError, match=r"one class of training images \(all\)"):
        read_layout(["all/a/1.jpg", "all/2.jpg"], "set")  # not all lie deeper
    with pytest.raises(UsageError, match=r"one class of training images \(a\)"):
        read_layout(["train/a/1.jpg", "train/a/2.jpg"], "set")
