"""Folders that split a data set, told by their names: `train`, `Testing`, `seg_test`, `valid`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nasbench_mobile.errors import UsageError

Part: TypeAlias = Literal["train", "validation", "test", "unlabelled"]

WORDS: Mapping[Part, tuple[str, ...]] = {
    "train": ("train", "training", "trainval"),
    "validation": ("val", "valid", "validation", "validate", "dev", "eval", "evaluation"),
    "test": ("test", "testing"),
    "unlabelled": ("unlabeled", "unlabelled", "pred", "predict", "prediction", "predictions"),
}
"""What public data sets call their parts, in upper or lower case (our choice)."""

FILLERS = (
    "set", "sets", "data", "dataset", "image", "images", "img", "imgs", "picture", "pictures",
    "photo", "photos", "folder", "dir", "split", "files",
)  # fmt: skip
"""Words beside these that say nothing: `training_set`, `TestImages`, `trainset`."""

_PARTS: dict[str, Part] = {word: part for part, words in WORDS.items() for word in words}
_PARTS |= {
    glued: part
    for word, part in list(_PARTS.items())
    for filler in FILLERS
    for glued in (word + filler, filler + word)
}


@dataclass(frozen=True)
class SplitName:
    """What a folder's name says: a part, and the rest of its words (`seg` of `seg_train`)."""

    part: Part
    rest: str


@dataclass(frozen=True)
class Splits:
    """The folders of the parts, and those beside them that are none.

    Where there is no `train` among them, classes lie at the top: `parts` is then empty.
    """

    parts: Mapping[Part, str]
    beside: tuple[str, ...]


def split_name(folder: str) -> SplitName | None:
    """The one part that a folder's name names; None where it names none or several."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folder).casefold()
    words = re.findall(r"[^\W\d_]+|\d+", apart)
    parts = [_PARTS[word] for word in words if word in _PARTS]
    if len(parts) != 1:
        return None
    rest = [word for word in words if word not in _PARTS and word not in FILLERS]
    return SplitName(parts[0], " ".join(rest))


def is_split(folder: str) -> bool:
    """Whether a name means a part of a data set and nothing else, as `seg_train` does not."""
    said = split_name(folder)
    return said is not None and not said.rest and said.part != "unlabelled"


def find_splits(folders: Iterable[str], place: object) -> Splits:
    """Which of the folders beside each other are parts.

    A name with other words in it (`seg_train`) is a part only with another part of the same words
    (`seg_test`) beside it, as it may else be a class: `bullet_train`. `UsageError` where names are
    those of parts and it is not clear which is which.
    """
    listed = sorted(folders)
    said = {folder: name for folder in listed if (name := split_name(folder)) is not None}
    rest = _rest(said, place)
    if rest is None:
        _refuse_lone(listed, place)
        return Splits({}, tuple(listed))
    parts: dict[Part, str] = {}
    for folder, name in said.items():
        if name.rest != rest:
            continue
        if name.part in parts and name.part != "unlabelled":
            raise UsageError(
                f"{place} has both {parts[name.part]}/ and {folder}/, which are names of one part "
                f"of a data set ({name.part}); rename or move one of them"
            )
        parts.setdefault(name.part, folder)
    return Splits(parts, tuple(folder for folder in listed if folder not in parts.values()))


def holds_splits(folders: Iterable[str]) -> bool:
    """Whether there is a training folder with another part beside it."""
    said = {name for folder in folders if (name := split_name(folder)) is not None}
    trains = {name.rest for name in said if name.part == "train"}
    return any(name.rest in trains and name.part != "train" for name in said)


def splits_inside(names: Sequence[str]) -> str | None:
    """A class folder that holds split folders, such as `bottle` of `bottle/train` and `/test`."""
    inside: dict[str, set[str]] = {}
    for name in names:
        parts = name.split("/")
        if len(parts) > 2:
            inside.setdefault(parts[0], set()).add(parts[1])
    for folder, inner in sorted(inside.items()):
        if holds_splits(filter(is_split, inner)):
            return folder
    return None


def _rest(said: Mapping[str, SplitName], place: object) -> str | None:
    """The other words that names of the parts share: none at all where a plain `train` is there."""
    if any(name == SplitName("train", "") for name in said.values()):
        return ""
    parts = Counter((name.rest, name.part) for name in set(said.values()) if name.rest)
    trains = [rest for rest, part in parts if part == "train"]
    paired = [
        rest for rest in trains
        if any(other == rest and part != "train" for other, part in parts)
    ]  # fmt: skip
    if len(paired) > 1:
        shown = [folder for folder, n in said.items() if n.part == "train" and n.rest in paired]
        raise UsageError(
            f"{place} has several training folders ({', '.join(f'{one}/' for one in shown)}); give "
            "a folder that holds one data set"
        )
    return paired[0] if paired else None


def _refuse_lone(folders: Sequence[str], place: object) -> None:
    lone = [folder for folder in folders if is_split(folder)]
    if not lone:
        return
    shown = " and ".join(f"{folder}/" for folder in lone)
    others = [folder for folder in folders if folder not in lone]
    if not others and len(lone) == 1:
        remedy = f"give that folder itself as the data, or put a folder train/ beside {shown}"
    else:
        remedy = (
            "name the training folder train/; or, if it is the name of a class, move all class "
            "folders together into one folder train/"
        )
    beside = f" beside {others[0]}/" if others else ""
    raise UsageError(
        f"{place} has {shown}{beside}, by name a part of a data set, but no folder to train on; "
        f"{remedy}"
    )
