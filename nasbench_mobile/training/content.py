"""What is in the files of a data set: their sizes and hashes, read once and kept between runs.

A data set is told from others by the names of its images and, beside that, by their content:
SHA-256 over part, class, name, size and the SHA-256 of every training and validation image. What
was read of a file is kept in the user's cache under its place, and believed while size, time of
change (mtime) and time of its entry's change (ctime) are what they were, so that a large set is not
read twice. Whether an image can be decoded, where that was asked, is kept beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.json_files import parse_json
from nasbench_mobile.files.kept_folder import kept_folder
from nasbench_mobile.training.decoding import (
    BrokenImageError,
    decode,
    read_otherwise,
    unreadable,
)
from nasbench_mobile.training.images import ImageFiles
from nasbench_mobile.training.layout import Listed

SMALLEST_KEPT = 16 << 20
"""Bytes of images from which on it is kept what was read of them: our choice, because less is read
again within a tenth of a second."""

LARGE = 1 << 30
"""Bytes from which on their reading is told of: our choice, they take more than some seconds."""

SETTLED_NS = 2_000_000_000
"""How long a file must have been left alone for its times to tell of the next change: our choice,
the coarsest file systems count in steps of two seconds."""

SCHEMA = 1
"""The schema of the kept files; one that is damaged or of another schema is made anew."""


class FirstReadingWarning(UserWarning):
    """Images are read for their content, which takes its time where they are many."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file was found to be: bytes, SHA-256 of them (32 hexadecimal digits).

    `otherwise` is that of `read_otherwise`; `broken` says why it cannot be decoded, is empty where
    it can, and None where nobody asked.
    """

    size: int
    digest: str
    otherwise: bool
    broken: str | None = None

    @classmethod
    def of(cls, content: bytes) -> Seen:
        """What is seen of pixels or of a file; what only decoding tells is left open."""
        return cls(len(content), hashlib.sha256(content).hexdigest()[:32], False)


Stamp = tuple[int, int, int]


class Contents:
    """What is in the images of a place, read where it is not known."""

    def __init__(self, files: ImageFiles, place: Path) -> None:
        self._files, self._place, self._inside = files, place, place.is_dir()
        name = hashlib.sha256(os.fsencode(place.resolve())).hexdigest()[:24]
        self._path = kept_folder() / "images" / f"{name}.json"
        self._kept: dict[str, tuple[Stamp, Seen]] | None = None
        self._seen: dict[str, Seen] = {}

    def look(self, names: Sequence[str], *, decoding: bool = False) -> dict[str, Seen]:
        """What each of these files is; `decoding` asks whether it can be decoded too.

        A file that cannot be read is broken, and has no digest.
        """
        began = time.time_ns()
        unknown = self._unknown(names, decoding)
        sizes = [stamp[0] for stamp in unknown.values() if stamp]
        size = sum(sizes if self._inside else sizes[:1])  # an archive's is of all of it
        if size >= LARGE:
            warnings.warn(
                f"reading {size / 2**30:.1f} GiB of images once, to know what is in them; while "
                "they stay as they are it is not done again", FirstReadingWarning, stacklevel=3,
            )  # fmt: skip
        fresh: dict[str, tuple[Stamp, Seen]] = {}
        try:
            for name, stamp in unknown.items():
                try:
                    self._seen[name] = seen = self._read(name, decoding)
                except OSError as error:
                    self._seen[name] = Seen(0, "", False, unreadable(name, error).what)
                    continue
                if stamp and max(stamp[1:]) < began - SETTLED_NS:
                    fresh[name] = stamp, seen
        finally:
            self._keep(fresh)
        return {name: self._seen[name] for name in names}

    def _unknown(self, names: Sequence[str], decoding: bool) -> dict[str, Stamp | None]:
        """The files that have to be read; of others what was kept is taken."""
        unknown: dict[str, Stamp | None] = {}
        for name in names:
            if _answers(self._seen.get(name), decoding):
                continue
            stamp, kept = self._stamp(name), self._known().get(name)
            if kept and kept[0] == stamp and _answers(kept[1], decoding):
                self._seen[name] = kept[1]
            else:
                unknown[name] = stamp
        return unknown

    def _read(self, name: str, decoding: bool) -> Seen:
        content = self._files.read(name)
        seen = replace(Seen.of(content), otherwise=read_otherwise(content))
        if not decoding:
            return seen
        try:
            decode(content, name)
        except BrokenImageError as error:
            return replace(seen, broken=error.what)
        return replace(seen, broken="")

    def _stamp(self, name: str) -> Stamp | None:
        """Size and times of the file, or of the archive it lies in; None where there is no file."""
        try:
            status = (self._place / name if self._inside else self._place).stat()
        except OSError:  # reading it says more
            return None
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def _known(self) -> dict[str, tuple[Stamp, Seen]]:
        if self._kept is None:
            self._kept = {}
            # Whatever is wrong with what was kept, reading the images again puts it right.
            with suppress(Exception):
                self._kept = _from_record(parse_json(self._path.read_bytes(), "the cache"))
        return self._kept

    def _keep(self, fresh: dict[str, tuple[Stamp, Seen]]) -> None:
        if not fresh:
            return
        kept = self._known()
        kept |= fresh
        if sum(seen.size for _, seen in kept.values()) < SMALLEST_KEPT:
            return
        there = set(self._files.names)
        record = {
            "schema": SCHEMA,
            "reader": _reader(),
            "files": {
                name: [*stamp, seen.size, seen.digest, seen.otherwise, seen.broken]
                for name, (stamp, seen) in kept.items()
                if name in there
            },
        }
        with suppress(OSError):  # without it the images are read again, that is all
            write_whole(self._path, json.dumps(record))


def _answers(seen: Seen | None, decoding: bool) -> bool:
    """Whether it is known, and whether it can be decoded where that is asked."""
    return seen is not None and not (decoding and seen.broken is None)


def _reader() -> list[str]:
    """What decides whether an image can be decoded."""
    return [f"{name} {version(name)}" for name in ("pillow", "simplejpeg", "nasbench-mobile")]


def _from_record(record: dict[str, Any]) -> dict[str, tuple[Stamp, Seen]]:
    if record["schema"] != SCHEMA:
        return {}
    same = record["reader"] == _reader()
    return {
        name: ((size, changed, entry), Seen(length, digest, otherwise, broken if same else None))
        for name, (size, changed, entry, length, digest, otherwise, broken) in record[
            "files"
        ].items()
    }


def content_of(parts: Iterable[tuple[str, Listed]], seen: Mapping[str, Seen]) -> str:
    """What stands in records beside the digest of names: bytes in all, and the hash of all."""
    digest, total = hashlib.sha256(), 0
    for part, listed in parts:
        for name, label in sorted(zip(listed.names, listed.labels.tolist(), strict=True)):
            one = seen[name]
            total += one.size
            line = f"{part}\0{label}\0{name}\0{one.size}\0{one.digest}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return f"{total} bytes, {digest.hexdigest()[:12]}"
