"""Sections of a data set: the images below one folder, by their names from there on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.splits import holds_splits, is_split
from nasbench_mobile.training.walking import Found, LeftOut


@dataclass(frozen=True)
class Section:
    """Images below a folder of a name: (name from where classes begin, whole name) of each.

    `prefix` is what stands before the former in the latter.
    """

    folder: str
    prefix: str
    pairs: tuple[tuple[str, str], ...]

    def folders(self) -> set[str]:
        return {inner.split("/", 1)[0] for inner, _ in self.pairs if "/" in inner}

    def inside(self, folder: str) -> Section:
        """The images of one of its folders."""
        prefix = self.prefix + f"{folder}/"
        names = [name for inner, name in self.pairs if inner.startswith(f"{folder}/")]
        return Section(folder, prefix, tuple((name[len(prefix) :], name) for name in names))

    def outside(self, folders: Iterable[str]) -> list[str]:
        """The names of images in none of these folders of it."""
        known = set(folders)
        return [n for i, n in self.pairs if "/" not in i or i.split("/", 1)[0] not in known]

    def without_repeated(self, classes: Collection[str] = ()) -> Section:
        """Without a folder that all share and that is no class, `seg_train/seg_train/<class>`."""
        section = self
        while (head := section._shared()) is not None and head not in classes:
            section = Section(self.folder, *_below(section, head))
        return section

    def is_unlabelled(self, classes: Collection[str]) -> bool:
        """Whether nothing says of what class its images are: no folders, or one of no class."""
        folders = self.folders()
        known = {one.casefold() for one in classes}
        return len(folders) < 2 and not any(folder.casefold() in known for folder in folders)

    def by_class(self, place: object) -> list[tuple[str, str]]:
        """(name, class) of every image."""
        loose = [name for inner, name in self.pairs if "/" not in inner]
        if loose:
            known = self.folder and len(loose) == len(self.pairs)
            class_of_its_own = (
                f"; if {self.folder}/ is itself a class, move all class folders together into one "
                "folder train/" if known and is_split(self.folder) else ""
            )  # fmt: skip
            raise UsageError(
                f"{place}: the image {loose[0]} lies in no class folder; move it into one"
                f"{class_of_its_own}"
            )
        return [(name, inner.split("/", 1)[0]) for inner, name in self.pairs]

    def left_out(self, which: str) -> LeftOut:
        return left_out_of([name for _, name in self.pairs], which)

    def _shared(self) -> str | None:
        """The one folder that all its images lie in, above other folders."""
        folders = self.folders()
        deep = all(inner.count("/") >= 2 for inner, _ in self.pairs)
        return next(iter(folders)) if deep and len(folders) == 1 else None


def top_section(names: Sequence[str]) -> Section:
    """The names without the folders that all share, unless one is a part of a data set."""
    section = Section("", "", tuple((name, name) for name in names))
    while (head := section._shared()) is not None:
        prefix, pairs = _below(section, head)
        below = Section("", prefix, pairs)
        if is_split(head) and not holds_splits(below.folders()):
            break
        section = below
    return section


def left_out_of(names: Sequence[str], which: str) -> LeftOut:
    return LeftOut(f"image {which}", f"images {which}", tuple(names))


def checked(section: Section, top: Section, place: object, found: Found | None) -> list[str]:
    """Folders without images where its classes lie, or beside the parts at the top.

    `UsageError` where a class, or a part, has images in formats that are not read and no others.
    """
    if found is None:
        return []
    empty = []
    for level in (section, top):
        there = level.folders()
        unread: dict[str, list[str]] = {}
        for name in found.unread:
            if name.startswith(level.prefix) and "/" in (inner := name[len(level.prefix) :]):
                unread.setdefault(inner.split("/", 1)[0], []).append(name)
        for folder, names in unread.items():
            if folder not in there and (level is section or is_split(folder)):
                raise UsageError(
                    f"{place}: {level.prefix}{folder}/ has no image in a format that is read, but "
                    f"{left_out_of(names, 'in others')}; convert them to PNG or JPEG, or take the "
                    "folder out of the data"
                )
        inside = (n[len(level.prefix) :] for n in found.folders if n.startswith(level.prefix))
        empty += [level.prefix + one for one in inside if "/" not in one and one not in there]
    return empty


def _below(section: Section, head: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    below = section.inside(head)
    return below.prefix, below.pairs
