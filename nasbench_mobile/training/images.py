"""Where images lie: folders and tar files, listed by name and read one at a time."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from typing import Protocol

from nasbench_mobile.errors import UsageError

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".webp")
COMPRESSED_LIMIT = 2 << 30
"""Bytes that a compressed tar may unpack to: it is held in memory. Our choice, because one image in
it cannot be read without unpacking all before it."""


class ImageFiles(Protocol):
    """Encoded images; `names` are relative paths with `/`, sorted."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes:
        """The file's content; `OSError` where it cannot be read."""


class FolderFiles:
    """Images below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        found = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
        self.names = tuple(sorted(path.relative_to(root).as_posix() for path in found))

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()


class TarFiles:
    """Images in a tar file: a plain one is read where they lie, a compressed one held in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        self._contents: dict[str, bytes] = {}
        try:
            if _is_plain(path):
                self._list()
            else:
                self._unpack()
        except (tarfile.TarError, EOFError, OSError) as error:
            raise UsageError(
                f"cannot read the tar file {path}: {error}; is it whole? Fetch or make it again"
            ) from error
        self.names = tuple(sorted(self._places or self._contents))

    def _list(self) -> None:
        length = self._path.stat().st_size
        with tarfile.open(self._path, "r:") as tar:
            for member in tar:
                if not _is_image(member):
                    continue
                if member.offset_data + member.size > length:
                    raise EOFError(f"it ends within {member.name}")
                self._places[_tidy(member.name)] = member.offset_data, member.size

    def _unpack(self) -> None:
        total = 0
        with tarfile.open(self._path, "r|*") as tar:
            for member in tar:
                if not _is_image(member):
                    continue
                total += member.size
                if total > COMPRESSED_LIMIT:
                    raise UsageError(
                        f"{self._path} unpacks to more than {COMPRESSED_LIMIT >> 30} GiB; "
                        "unpack it first and give the folder or the plain .tar"
                    )
                content = tar.extractfile(member)
                if content is not None:
                    self._contents[_tidy(member.name)] = content.read()

    def read(self, name: str) -> bytes:
        if name in self._contents:
            return self._contents[name]
        offset, size = self._places[name]
        with self._path.open("rb") as file:  # opened anew: loaders' processes share no position
            file.seek(offset)
            return file.read(size)


def open_images(path: Path) -> ImageFiles:
    """The images of a folder or tar file; `UsageError` where there are none."""
    if not path.exists():
        raise UsageError(
            f"there is no data at {path}; give a folder or .tar with train/<class>/ or <class>/ "
            "folders of images in it, or the word digits"
        )
    files: ImageFiles = FolderFiles(path) if path.is_dir() else TarFiles(path)
    if not files.names:
        raise UsageError(
            f"{path} has no images ({', '.join(SUFFIXES)}); it needs train/<class>/ or <class>/ "
            "folders of them"
        )
    return files


def _is_plain(path: Path) -> bool:
    try:
        with tarfile.open(path, "r:"):
            return True
    except tarfile.ReadError:
        return False


def _is_image(member: tarfile.TarInfo) -> bool:
    return member.isfile() and PurePosixPath(member.name).suffix.lower() in SUFFIXES


def _tidy(name: str) -> str:
    return PurePosixPath(name).as_posix().lstrip("/")
