"""Which image belongs to which part and class: the layout of names, and the held-out split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError

Indices = NDArray[np.int64]

TEST_FOLDERS = ("test", "val", "validation")
"""Folders beside `train` that are the test set, the first that is there: ImageNet's `val` is what
the paper calls the test set, its validation set is held out of `train` (section 4)."""

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
    """Classes, training images, and test images where the set has them."""

    classes: tuple[str, ...]
    train: Listed
    test: Listed | None


def read_layout(names: Sequence[str], place: object) -> Layout:
    """From names `train/<class>/...` and `test/` or `val/`, or `<class>/...` alone.

    A folder that all share is left out. `UsageError` names what does not fit: one class, a class
    that one part lacks, images outside of class folders.
    """
    inner = _without_shared_folder(names)
    pairs = list(zip(inner, names, strict=True))
    folders = {name.split("/")[0] for name in inner}
    if "train" not in folders:
        train = _by_class(pairs, place)
        classes = _classes(train, place)
        return Layout(classes, _listed(train, classes), None)
    train = _by_class(_inside(pairs, "train"), place)
    classes = _classes(train, place)
    found = [folder for folder in TEST_FOLDERS if folder in folders]
    if not found:
        return Layout(classes, _listed(train, classes), None)
    test = _by_class(_inside(pairs, found[0]), place)
    _check_same(classes, {label for _, label in test}, found[0], place)
    return Layout(classes, _listed(train, classes), _listed(test, classes))


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
    digest = hashlib.sha256("\n".join(classes).encode())
    counts = []
    for part, listed in parts:
        counts.append(str(len(listed.names)))
        for name, label in sorted(zip(listed.names, listed.labels.tolist(), strict=True)):
            digest.update(f"{part}\0{label}\0{name}\n".encode())
    return f"{'+'.join(counts)} images of {len(classes)} classes, {digest.hexdigest()[:12]}"


def _stratified(labels: Indices, count: int) -> Indices:
    """Positions of the first of each class, as many as its share of `count`, at least one."""
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


def _without_shared_folder(names: Sequence[str]) -> list[str]:
    inner = list(names)
    while all(name.count("/") >= 2 for name in inner):
        heads = {name.split("/", 1)[0] for name in inner}
        if len(heads) > 1 or heads & {"train", *TEST_FOLDERS}:
            break
        inner = [name.split("/", 1)[1] for name in inner]
    return inner


def _inside(pairs: list[tuple[str, str]], folder: str) -> list[tuple[str, str]]:
    return [(n[len(folder) + 1 :], name) for n, name in pairs if n.startswith(f"{folder}/")]


def _by_class(pairs: list[tuple[str, str]], place: object) -> list[tuple[str, str]]:
    """(name, class) of every image."""
    for inner, name in pairs:
        if "/" not in inner:
            raise UsageError(f"{place}: the image {name} lies in no class folder; move it into one")
    return [(name, inner.split("/", 1)[0]) for inner, name in pairs]


def _classes(labelled: list[tuple[str, str]], place: object) -> tuple[str, ...]:
    classes = tuple(sorted({label for _, label in labelled}))
    if len(classes) < 2:
        raise UsageError(
            f"{place} has one class of training images ({', '.join(classes) or 'none'}); learning "
            "to tell them apart needs two or more, each in its own folder"
        )
    return classes


def _check_same(classes: tuple[str, ...], seen: set[str], folder: str, place: object) -> None:
    missing, unknown = sorted(set(classes) - seen), sorted(seen - set(classes))
    if missing or unknown:
        which = f"lacks class {missing[0]}" if missing else f"has class {unknown[0]}"
        raise UsageError(
            f"{place}: {folder}/ {which}, unlike train/; both need the same "
            f"class folders ({len(missing)} missing, {len(unknown)} unknown)"
        )


def _listed(labelled: list[tuple[str, str]], classes: tuple[str, ...]) -> Listed:
    number = {label: index for index, label in enumerate(classes)}
    labels = np.array([number[label] for _, label in labelled], np.int64)
    return Listed(tuple(name for name, _ in labelled), labels)
