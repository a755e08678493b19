"""Which files of a folder or archive are images, and what else lies there and is left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Protocol

from nasbench_mobile.printable import printable

SUFFIXES = (
    ".jpeg", ".jpg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib",
    ".ppm", ".pgm", ".pbm", ".pnm",
)  # fmt: skip
"""The endings of files that are read as images, in upper or lower case: our choice, what every
build of Pillow decodes and data sets come as. If a file has several pictures, the first is read."""

UNREAD = (
    ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".svg", ".svgz", ".npy", ".npz", ".ico",
    ".tga", ".psd", ".xcf", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf",
    ".exr", ".hdr", ".pcx", ".sgi", ".eps", ".ai", ".dcm", ".nii", ".fits", ".mat",
)  # fmt: skip
"""The endings of files that hold images too but are not read: they are counted, and a class that
has no others is refused."""

HIDDEN = ("__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin", "lost+found")
"""What systems leave beside files, in lower case; so is whatever begins with a dot."""


class Kind(Enum):
    """What an entry of a folder is, links followed."""

    FILE = "file"
    FOLDER = "folder"
    BROKEN = "broken link"
    SPECIAL = "special file"


class Entry(NamedTuple):
    """A name in a folder; `folder` where it is one."""

    name: str
    kind: Kind
    folder: Folder | None = None


class Folder(Protocol):
    """A folder on disk or in an archive; two of one `key` are one, whatever links led there."""

    @property
    def key(self) -> Hashable: ...

    def entries(self) -> Iterable[Entry]: ...


@dataclass(frozen=True)
class LeftOut:
    """Names that are not read, and what they are: `hidden file` and `hidden files`, say."""

    one: str
    many: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        count = len(self.names)
        more = f" and {count - 1:,} more" if count > 1 else ""
        return f"{count:,} {self.one if count == 1 else self.many} ({self.names[0]}{more})"

    def record(self) -> dict[str, Any]:
        return {"what": self.many, "count": len(self.names), "first": printable(self.names[0])}


@dataclass(frozen=True)
class Found:
    """What a walk found: names of images, of images in formats that are not read, and of folders.

    All are relative, with `/`, and sorted; hidden folders are not among them.
    """

    names: tuple[str, ...]
    unread: tuple[str, ...]
    folders: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def is_image(name: str) -> bool:
    """Whether a file's name is that of an image that is read."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def is_hidden(name: str) -> bool:
    """Whether the last part of a name is what people do not see and systems leave behind."""
    last = name.rsplit("/", 1)[-1]
    return last.startswith(".") or last.lower() in HIDDEN


def walk(root: Folder, outside: Sequence[str] = ()) -> Found:
    """Find all files below a folder, links followed but for those that lead back to themselves.

    A broken link with an image's name is an image that cannot be read, and counts as any other.
    `outside` are names of an archive that lead out of it.
    """
    found = _Walk()
    todo = [(root, "", frozenset([root.key]))]
    while todo:
        folder, prefix, above = todo.pop()
        for entry in folder.entries():
            name = prefix + entry.name
            inner = entry.folder
            if is_hidden(entry.name):
                (found.hidden_files if inner is None else found.hidden_folders).append(name)
            elif inner is None:
                found.file(name, entry.kind)
            elif inner.key in above:
                found.loops.append(name)
            else:
                found.folders.append(name)
                todo.append((inner, f"{name}/", above | {inner.key}))
    return found.result(outside)


@dataclass(frozen=True)
class _Walk:
    names: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    hidden_files: list[str] = field(default_factory=list)
    hidden_folders: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def file(self, name: str, kind: Kind) -> None:
        if kind is Kind.SPECIAL:
            self.special.append(name)
        elif is_image(name):
            self.names.append(name)
        elif kind is Kind.BROKEN:
            self.broken.append(name)
        elif PurePosixPath(name).suffix.lower() in UNREAD:
            self.unread.append(name)
        else:
            self.others.append(name)

    def result(self, outside: Sequence[str]) -> Found:
        kinds = [
            ("hidden file", "hidden files", self.hidden_files),
            ("hidden folder", "hidden folders", self.hidden_folders),
            *_by_suffix(self.unread),
            ("other file", "other files", self.others),
            ("broken link", "broken links", self.broken),
            ("link to a folder it lies in", "links to folders they lie in", self.loops),
            ("file that is none to be read", "files that are none to be read", self.special),
            ("name that leads out of it", "names that lead out of it", list(outside)),
        ]
        return Found(
            tuple(sorted(self.names)),
            tuple(sorted(self.unread)),
            tuple(sorted(self.folders)),
            tuple(LeftOut(one, many, tuple(sorted(names))) for one, many, names in kinds if names),
        )


def _by_suffix(names: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    suffixes = sorted({PurePosixPath(name).suffix.lower() for name in names})
    return [
        (
            f"{suffix} file, a format that is not read",
            f"{suffix} files, a format that is not read",
            [name for name in names if name.lower().endswith(suffix)],
        )
        for suffix in suffixes
    ]
