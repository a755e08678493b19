"""Images in tar and zip files."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.archive_tree import ArchiveTree, Directory, Link, Member, parts_of
from nasbench_mobile.training.walking import is_hidden, is_image

COMPRESSED_LIMIT = 2 << 30
"""Bytes that a compressed tar may unpack to: it is held in memory. Our choice, because one image in
it cannot be read without unpacking all before it."""

BLOCK = 512
"""A tar file's unit: its end is two of zeros, of which some programs write one."""

ARCHIVE_DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError,
    OSError, ValueError, ArithmeticError, RuntimeError,
)  # fmt: skip
"""What the standard library raises where an archive is damaged, or newer than it knows."""

_STREAMS: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"\x5d\x00\x00", lzma.open),
)

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

_OTHER_METHODS = {9: "deflate64", 93: "zstd", 95: "xz", 98: "ppmd"}
"""Methods of packing that Python's zipfile does not know, by their numbers in PKWARE's
APPNOTE.TXT, section 4.4.5."""


class TarFiles:
    """Images in a tar file: a plain one is read where they lie, a compressed one held in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._contents: dict[int, bytes] = {}
        self._total = 0
        opener = _stream(path)
        self._held = opener is not None
        try:
            tree = self._listed(opener or _plain)
            self.found = tree.walk()
            self._places: dict[str, tuple[int, int]] = tree.places(self.found)
            if opener is not None:
                self._hold_linked(opener)
        except ARCHIVE_DAMAGE as error:
            raise UsageError(
                f"cannot read the tar file {path}: {error}; is it whole? Fetch or make it again"
            ) from error
        self.names = self.found.names

    def read(self, name: str) -> bytes:
        if name not in self._places:
            raise _no_target()
        offset, size = self._places[name]
        if self._held:
            return self._contents[offset]
        with self._path.open("rb") as file:  # opened anew: loaders' processes share no position
            file.seek(offset)
            return file.read(size)

    def _listed(self, opener: Callable[[Path], Any]) -> ArchiveTree:
        tree = ArchiveTree()
        with opener(self._path) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in tar:
                tree.add(member.name, _node(member))
                if self._held and member.isreg() and _may_be_read(member.name):
                    self._hold(tar, member)
            _check_end(stream, tar.offset)
        return tree

    def _hold_linked(self, opener: Callable[[Path], Any]) -> None:
        """Files that links alone make images: known when all is listed, so read once more."""
        missing = {offset for offset, _ in self._places.values()} - set(self._contents)
        if not missing:
            return
        with opener(self._path) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in tar:
                if member.offset_data in missing and member.isreg():
                    self._hold(tar, member)

    def _hold(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._total += member.size
        if self._total > COMPRESSED_LIMIT:
            raise UsageError(
                f"{self._path} unpacks to more than {COMPRESSED_LIMIT >> 30} GiB; "
                "unpack it first and give the folder or the plain .tar"
            )
        content = tar.extractfile(member)
        if content is not None:
            self._contents[member.offset_data] = content.read()


class ZipFiles:
    """Images in a zip file, unpacked one by one; every process opens it for itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        try:
            tree = self._listed()
        except ARCHIVE_DAMAGE as error:
            raise UsageError(
                f"cannot read the zip file {path}: {error}; is it whole? Fetch or make it again"
            ) from error
        self.found = tree.walk()
        self._places: dict[str, zipfile.ZipInfo] = tree.places(self.found)
        self.names = self.found.names

    def read(self, name: str) -> bytes:
        if name not in self._places:
            raise _no_target()
        try:
            return self._archive.read(self._places[name])
        except ARCHIVE_DAMAGE as error:
            raise OSError(f"its place in {self._path} is damaged: {error}") from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    @property
    def _archive(self) -> zipfile.ZipFile:
        """Opened by this process, as a file's position is shared with whoever forked it."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), zipfile.ZipFile(self._path)
        return self._opened[1]

    def _listed(self) -> ArchiveTree:
        tree, archive = ArchiveTree(), self._archive
        self._check(archive.infolist())
        for info in archive.infolist():
            name = info.filename
            if "/" not in name and info.create_system == 0:  # some Windows programs write these
                name = name.replace("\\", "/")
            if stat.S_ISLNK(info.external_attr >> 16):
                target = archive.read(info).decode("utf-8", "surrogateescape")
                tree.add(name, Link(target))
            else:
                tree.add(name, Directory() if name.endswith("/") else Member(info))
        return tree

    def _check(self, members: Iterable[zipfile.ZipInfo]) -> None:
        for info in members:
            if info.flag_bits & 1:
                raise UsageError(
                    f"{self._path} is encrypted ({info.filename}); unpack it with its password and "
                    "give the folder"
                )
            if info.compress_type not in _METHODS:
                name = _OTHER_METHODS.get(info.compress_type, str(info.compress_type))
                raise UsageError(
                    f"{self._path} is packed by the method {name}, which is not read here "
                    f"({info.filename}); unpack it and give the folder"
                )


def _stream(path: Path) -> Callable[[Path], Any] | None:
    """What unpacks a compressed tar; None for a plain one."""
    with path.open("rb") as file:
        start = file.read(6)
    return next((opener for magic, opener in _STREAMS if start.startswith(magic)), None)


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _node(member: tarfile.TarInfo) -> Directory | Member | Link:
    if member.isdir():
        return Directory()
    if member.issym() or member.islnk():
        return Link(member.linkname, hard=member.islnk())
    plain = member.isreg() and not member.issparse()
    return Member((member.offset_data, member.size) if plain else None)


def _may_be_read(name: str) -> bool:
    return is_image(name) and not any(map(is_hidden, parts_of(name)))


def _check_end(stream: IO[bytes], offset: int) -> None:
    """`EOFError` where the archive stops without its end mark, or goes on behind it."""
    stream.seek(offset)
    if stream.read(BLOCK) != bytes(BLOCK):
        raise EOFError("it stops without the mark of its end")
    while block := stream.read(BLOCK):
        if block[257:262] == b"ustar":
            raise EOFError("another tar file is joined to its end, which tar -i would unpack")


def _no_target() -> OSError:
    return FileNotFoundError("it is a link to what is not in the archive")
