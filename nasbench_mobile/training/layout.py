"""Which image belongs to which part and class: the layout of names, and the held-out split."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.sections import Section, checked, left_out_of, top_section
from nasbench_mobile.training.splits import Splits, find_splits, is_split, splits_inside
from nasbench_mobile.training.walking import Found, LeftOut

Indices = NDArray[np.int64]

PAPER_VALIDATION = 50_000
"""Images held out of ImageNet's training set (MnasNet, section 4)."""


@dataclass(frozen=True, eq=False)
class Listed:
    """Names and their classes (indices into `classes`) of one part of a data set."""

    names: tuple[str, ...]
    labels: Indices

    def at(self, indices: Indices) -> Listed:
        return Listed(tuple(self.names[i] for i in indices), self.labels[indices])


@dataclass(frozen=True, eq=False)
class Layout:
    """Classes, training images, and test and validation images where the set has folders of them.

    `folders` are the parts' folders, `left_out` are images of no part, and `notes` is what else
    the owner of the images should be told.
    """

    classes: tuple[str, ...]
    train: Listed
    test: Listed | None
    validation: Listed | None = None
    folders: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def read_layout(names: Sequence[str], place: object, found: Found | None = None) -> Layout:
    """Read the layout of names `train/<class>/...`, also with `val/` and `test/`, or `<class>/...`.

    `splits` has the names of parts. A folder that all share is left out, within a part too. Where
    only one of `val` and `test` is there, it is the test set, as ImageNet's `val` is what the paper
    calls its test set, the validation set being held out of `train` (section 4); where there are
    both, `val` is the validation set. One without class folders is left out, as nobody has said
    what is on its images. `found` tells what lies beside these names. `UsageError` names what does
    not fit: one class, a class that a part lacks or of which no image is in a format that is read,
    images outside of class folders, and folders whose names leave open what they are.
    """
    top = top_section(names)
    splits = find_splits(top.folders(), place)
    if not splits.parts:
        return _plain(top, place, found)
    train = top.inside(splits.parts["train"]).without_repeated()
    empty = [checked(train, top, place, found)]
    classes = _classes(train.by_class(place), place)
    sections, left_out = _sections(top, train, splits, classes)
    listed = {}
    for part, section in sections.items():
        empty.append(checked(section, top, place, found))
        labelled = section.by_class(place)
        _check_same(classes, {label for _, label in labelled}, section.folder, train.folder, place)
        listed[part] = _listed(labelled, classes)
    return Layout(
        classes, listed["train"], listed.get("test"), listed.get("validation"),
        {part: section.folder for part, section in sections.items()},
        (*left_out, *_without_images(empty)), _notes(classes, [*sections.values()]),
    )  # fmt: skip


def _sections(
    top: Section, train: Section, splits: Splits, classes: Sequence[str]
) -> tuple[dict[str, Section], list[LeftOut]]:
    """The sections to train, validate and test on, and the images of no class or part."""
    sections: dict[str, Section] = {"train": train}
    left_out = []
    for part, folder in splits.parts.items():
        section = top.inside(folder).without_repeated(classes)
        if part == "unlabelled":
            left_out.append(section.left_out(f"of {folder}/ without classes"))
        elif part != "train" and section.is_unlabelled(classes):
            left_out.append(section.left_out(f"of {folder}/ in no class folder"))
        elif part != "train":
            sections[part] = section
    if beside := top.outside(splits.parts.values()):
        left_out.append(left_out_of(beside, f"beside {train.folder}/ in no part"))
    if "test" not in sections and "validation" in sections:
        sections["test"] = sections.pop("validation")
    return sections, left_out


def _plain(top: Section, place: object, found: Found | None) -> Layout:
    """Class folders at the top."""
    if (holder := splits_inside([inner for inner, _ in top.pairs])) is not None:
        raise UsageError(
            f"{place} has a training folder and others of its kind within {holder}/, where they "
            f"would be one class; give {holder}/ itself as the data, or have train/ and test/ lie "
            "above the class folders"
        )
    empty = checked(top, top, place, found)
    train = top.by_class(place)
    classes = _classes(train, place)
    return Layout(
        classes, _listed(train, classes), None, left_out=_without_images([empty]),
        notes=_notes(classes, [top]),
    )  # fmt: skip


def held_out(labels: Indices, count: int, seed: int) -> tuple[Indices, Indices]:
    """(kept, held out) indices, sorted: `count` held out by seed, each class in its proportion.

    That classes keep their shares is our choice, because a small set's validation would else lack
    some; the paper's 50,000 of 1.28 million are "randomly selected".
    """
    classes = int(labels.max()) + 1
    if not classes <= count < len(labels):
        raise UsageError(
            f"a validation split of {count} images does not fit a set of {len(labels)} in "
            f"{classes} classes; hold out at least one a class and fewer than there are"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    held = np.sort(order[_stratified(labels[order], count)])
    kept = np.setdiff1d(np.arange(len(labels)), held)
    missing = np.setdiff1d(np.arange(classes), labels[kept])
    if len(missing):
        raise UsageError(
            f"holding out {count} of {len(labels)} images leaves none of class {missing[0]} to "
            "train on; hold out fewer, or give the class more images"
        )
    return kept, held


def identity(parts: Iterable[tuple[str, Listed]], classes: Sequence[str]) -> str:
    """What data this is: counts, and a hash of every name, its class and its part."""
    # Names that are no UTF-8 on disk are hashed as the bytes they are there.
    digest = hashlib.sha256("\n".join(classes).encode("utf-8", "surrogateescape"))
    counts = []
    for part, listed in parts:
        counts.append(str(len(listed.names)))
        for name, label in sorted(zip(listed.names, listed.labels.tolist(), strict=True)):
            digest.update(f"{part}\0{label}\0{name}\n".encode("utf-8", "surrogateescape"))
    return f"{'+'.join(counts)} images of {len(classes)} classes, {digest.hexdigest()[:12]}"


def _stratified(labels: Indices, count: int) -> Indices:
    """The positions of the first of each class, as many as its share of `count`, at least one."""
    sizes = np.bincount(labels)
    exact = sizes * (count / len(labels))
    shares = np.maximum(np.floor(exact).astype(np.int64), sizes > 0)
    for index in np.argsort(shares - exact, kind="stable")[: max(count - int(shares.sum()), 0)]:
        shares[index] += 1
    while shares.sum() > count:  # the least classes were given one
        shares[np.argmax(shares)] -= 1
    ordered = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.concatenate(
        [ordered[start : start + share] for start, share in zip(starts, shares, strict=True)]
    )


def _classes(labelled: list[tuple[str, str]], place: object) -> tuple[str, ...]:
    classes = tuple(sorted({label for _, label in labelled}))
    if len(classes) < 2:
        raise UsageError(
            f"{place} has one class of training images ({', '.join(classes) or 'none'}); learning "
            "to tell them apart needs two or more, each in its own folder"
        )
    return classes


def _check_same(
    classes: tuple[str, ...], seen: set[str], folder: str, train_folder: str, place: object
) -> None:
    missing, unknown = sorted(set(classes) - seen), sorted(seen - set(classes))
    if not missing and not unknown:
        return
    which = f"lacks class {missing[0]}" if missing else f"has class {unknown[0]}"
    alike = {_folded(name): name for name in missing}
    near = next((one for one in unknown if _folded(one) in alike), None)
    hint = "" if near is None else f"; {near} and {alike[_folded(near)]} differ in spelling alone"
    raise UsageError(
        f"{place}: {folder}/ {which}, unlike {train_folder}/; both need the same "
        f"class folders ({len(missing)} missing, {len(unknown)} unknown){hint}"
    )


def _without_images(empty: Iterable[Sequence[str]]) -> tuple[LeftOut, ...]:
    names = tuple(sorted({name for part in empty for name in part}))
    return (LeftOut("folder without images", "folders without images", names),) if names else ()


def _notes(classes: Sequence[str], sections: Sequence[Section]) -> tuple[str, ...]:
    notes = []
    if named := [one for one in classes if is_split(one)]:
        notes.append(f"{named[0]}/ in {sections[0].folder}/ is a class")
    spelt: dict[str, str] = {}
    for one in classes:
        other = spelt.setdefault(_folded(one), one)
        if other != one:
            notes.append(f"{other} and {one}, which differ in spelling alone, are two classes")
            break
    deep = next((inner for part in sections for inner, _ in part.pairs if inner.count("/") > 1), "")
    if deep:
        kept, inside = deep.split("/")[:2]
        notes.append(f"folders in class folders are part of the class ({inside}/ of {kept})")
    return tuple(notes)


def _folded(name: str) -> str:
    """A name without what people overlook: case, and how accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _listed(labelled: list[tuple[str, str]], classes: tuple[str, ...]) -> Listed:
    number = {label: index for index, label in enumerate(classes)}
    labels = np.array([number[label] for _, label in labelled], np.int64)
    return Listed(tuple(name for name, _ in labelled), labels)
