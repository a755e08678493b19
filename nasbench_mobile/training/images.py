"""Where images lie: folders, tar and zip files, listed by name and read one at a time."""

from __future__ import annotations

import os
import shlex
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Protocol

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.archives import TarFiles, ZipFiles
from nasbench_mobile.training.walking import SUFFIXES, Entry, Found, Kind, is_image, walk

PACKED_OTHERWISE = (
    (b"\x28\xb5\x2f\xfd", "zstd", "tar --zstd -xf {path} -C {folder}"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x {path} -o{folder}"),
    (b"Rar!\x1a\x07", "rar", "unrar x {path} {folder}/"),
    (b"\x04\x22\x4d\x18", "lz4", "lz4 -dc {path} | tar -xf - -C {folder}"),
    (b"LZIP", "lzip", "tar --lzip -xf {path} -C {folder}"),
    (b"\x1f\x9d", "compress", "tar -Zxf {path} -C {folder}"),
)
"""How archives begin that the standard library cannot unpack, and the command that does."""


class ImageFiles(Protocol):
    """Encoded images; `names` are relative paths with `/`, sorted."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes:
        """The file's content; `OSError` where it cannot be read."""


class OpenedFiles(ImageFiles, Protocol):
    """The image files of a place; `found` has their names and all else that lies there."""

    @property
    def found(self) -> Found: ...


class FolderFiles:
    """Images below a folder, links to files and folders followed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.found = walk(_Directory(root))
        self.names = self.found.names

    def read(self, name: str) -> bytes:
        path = self._root / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            if not path.is_symlink():
                raise
        raise FileNotFoundError(f"it is a link to {path.readlink()}, which is not there")


class _Directory:
    """A folder on disk, as a walk sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            status = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from error
        self.key: Hashable = status.st_dev, status.st_ino

    def entries(self) -> Iterator[Entry]:
        try:
            with os.scandir(self._path) as entries:
                listed = list(entries)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        for entry in listed:
            kind = _kind(entry)
            inner = _Directory(self._path / entry.name) if kind is Kind.FOLDER else None
            yield Entry(entry.name, kind, inner)


def open_images(path: Path) -> OpenedFiles:
    """The images of a folder, tar or zip file; `UsageError` where there are none."""
    if not path.exists():
        raise UsageError(
            f"there is no data at {path}; give a folder, .tar or .zip with train/<class>/ or "
            "<class>/ folders of images in it, or the word digits"
        )
    files = FolderFiles(path) if path.is_dir() else _archive(path)
    if not files.names:
        there = "; ".join(map(str, files.found.left_out))
        raise UsageError(
            f"{path} has no images ({', '.join(SUFFIXES)}){there and f', but {there}'}; it needs "
            "train/<class>/ or <class>/ folders of them"
        )
    return files


def _archive(path: Path) -> OpenedFiles:
    if not path.is_file() or is_image(path.name):
        what = "one image" if path.is_file() else "no file or folder"
        raise UsageError(f"{path} is {what}; give a folder, .tar or .zip with images by class")
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise _unreadable(path, error) from error
    if start.startswith(b"PK"):
        return ZipFiles(path)
    for magic, name, command in PACKED_OTHERWISE:
        if start.startswith(magic):
            folder = path.parent / path.name.split(".")[0]
            folder = folder if folder != path else path.with_name(f"{path.name}-unpacked")
            place, into = shlex.quote(str(path)), shlex.quote(str(folder))
            raise UsageError(
                f"{path} is packed with {name}, which is not read here; unpack it and give the "
                f"folder: mkdir -p {into} && {command.format(path=place, folder=into)}"
            )
    return TarFiles(path)


def _kind(entry: os.DirEntry[str]) -> Kind:
    try:
        if entry.is_dir():
            return Kind.FOLDER
        if entry.is_file():
            return Kind.FILE
    except OSError:  # links that lead to each other, or to where nobody may look
        return Kind.BROKEN
    return Kind.BROKEN if entry.is_symlink() and not os.path.exists(entry.path) else Kind.SPECIAL


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot read {path}: {error.strerror or error}; make it readable, or take it out of the "
        "data"
    )
