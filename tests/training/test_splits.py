"""Names of folders that split a data set, as public ones have them."""

from __future__ import annotations

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.splits import find_splits, is_split, split_name


@pytest.mark.parametrize(
    ("part", "folders"),
    [
        ("train", "train Train TRAIN training Training training_set train_images TrainingSet "
                  "trainset train-data images_train trainval Training-Data"),
        ("validation", "val Val valid validation Validation dev valid_set ValidationData eval"),
        ("test", "test Test testing test_set TestImages testset testing-data"),
        ("unlabelled", "pred unlabeled unlabelled predictions"),
    ],
)  # fmt: skip
def test_names_of_parts(part: str, folders: str) -> None:
    for folder in folders.split():
        said = split_name(folder)
        assert said is not None, folder
        assert (said.part, said.rest) == (part, ""), folder
        assert is_split(folder) == (part != "unlabelled")


@pytest.mark.parametrize(
    ("folder", "part", "rest"),
    [("seg_train", "train", "seg"), ("asl_alphabet_test", "test", "asl alphabet"),
     ("val2017", "validation", "2017"), ("bullet_train", "train", "bullet")],
)  # fmt: skip
def test_names_with_other_words(folder: str, part: str, rest: str) -> None:
    said = split_name(folder)
    assert said is not None
    assert (said.part, said.rest) == (part, rest)
    assert not is_split(folder)


@pytest.mark.parametrize(
    "folder", ["cat", "images", "trained", "strain", "protest", "latest", "devices", "value",
               "train_test_split", "testtrain", "é"],
)  # fmt: skip
def test_names_of_none_or_of_several(folder: str) -> None:
    assert split_name(folder) is None


@pytest.mark.parametrize(
    ("folders", "parts", "beside"),
    [
        ("train test", {"train": "train", "test": "test"}, ""),
        ("seg_pred seg_test seg_train",
         {"train": "seg_train", "test": "seg_test", "unlabelled": "seg_pred"}, ""),
        ("train2017 val2017 annotations", {"train": "train2017", "validation": "val2017"},
         "annotations"),
        ("train seg_train seg_test", {"train": "train"}, "seg_test seg_train"),
        ("train train_masks test", {"train": "train", "test": "test"}, "train_masks"),
        ("bullet_train freight_train bus", {}, "bullet_train bus freight_train"),
        ("bus prediction", {}, "bus prediction"),
    ],
)  # fmt: skip
def test_parts_are_found_beside_each_other(
    folders: str, parts: dict[str, str], beside: str
) -> None:
    found = find_splits(folders.split(), "set")
    assert found.parts == parts
    assert found.beside == tuple(beside.split())


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ("train Train", "has both Train/ and train/, which are names of one part"),
        ("train val valid", r"has both val/ and valid/, .* \(validation\)"),
        ("train test testing", "has both test/ and testing/"),
        ("a_train a_test b_train b_val", r"several training folders \(a_train/, b_train/\)"),
        ("test", "has test/, .*no folder to train on; give that folder itself"),
        ("test val", "has test/ and val/, .*name the training folder train/"),
        ("bus car test", "has test/ beside bus/, .*move all class folders together into one"),
    ],
)
def test_names_that_leave_it_open_are_refused_with_the_remedy(folders: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_splits(folders.split(), "set")
