"""Tar and zip files as they are made, cut, linked and packed by others."""

from __future__ import annotations

import io
import os
import pickle
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.archives import ZipFiles
from nasbench_mobile.training.images import open_images
from nasbench_mobile.training.reading import read_place

IMAGES = {f"{c}/{i}.png": f"{c}{i}".encode() * 300 for c in "ab" for i in range(3)}


def tar(
    path: Path, contents: dict[str, bytes] = IMAGES, mode: Any = "w",
    links: dict[str, str] | None = None, hard: dict[str, str] | None = None,
) -> Path:  # fmt: skip
    with tarfile.open(path, mode) as file:
        for kind, found in ((tarfile.SYMTYPE, links or {}), (tarfile.LNKTYPE, hard or {})):
            for name, target in found.items():
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, target
                file.addfile(member)
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


def packed(path: Path, contents: dict[str, bytes] = IMAGES, **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return path


def linked_zip(path: Path, links: dict[str, str]) -> Path:
    packed(path)
    with zipfile.ZipFile(path, "a") as file:
        for name, target in links.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            file.writestr(info, target)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_links_are_resolved_within_a_tar(tmp_path: Path, mode: str) -> None:
    store = {f"store/{name}": content for name, content in IMAGES.items()}
    store["set/b/own.png"] = b"own"
    store["store/.objects/key"] = b"by its key"
    path = tar(
        tmp_path / "set.tar", store, mode,
        links={"set/a": "../store/a", "set/b/s.png": "own.png", "set/b/away.png": "/etc/passwd",
               "set/b/out.png": "../../../x.png", "set/b/loop": "../../set", "set/c": "nowhere",
               "set/b/k.png": "../../store/.objects/key"},
        hard={"set/b/h.png": "./store/b/2.png"},
    )  # fmt: skip
    files = open_images(path)
    wanted = {f"set/a/{i}.png": IMAGES[f"a/{i}.png"] for i in range(3)}
    wanted |= {"set/b/h.png": IMAGES["b/2.png"], "set/b/own.png": b"own", "set/b/s.png": b"own"}
    wanted["set/b/k.png"] = b"by its key"
    readable = [n for n in files.names if n not in ("set/b/away.png", "set/b/out.png")]
    assert {n: files.read(n) for n in readable if n.startswith("set/")} == wanted
    for name in ("set/b/away.png", "set/b/out.png"):
        assert name in files.names
        with pytest.raises(OSError, match="link to what is not in the archive"):
            files.read(name)
    assert [str(one) for one in files.found.left_out] == [
        "1 hidden folder (store/.objects)", "1 broken link (set/c)",
        "1 link to a folder it lies in (set/b/loop)",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_tar_cut_anywhere_is_refused(tmp_path: Path, mode: str) -> None:
    """At a member's end, within a header, in an image, and where the end mark should be."""
    path = tar(tmp_path / "set.tar", mode=mode)
    whole = path.read_bytes()
    assert len(open_images(path).names) == 6
    with tarfile.open(path) as file:
        members = file.getmembers()
    cuts = [1, len(whole) // 3, len(whole) - 1 if mode != "w" else 700]
    if mode == "w":
        ends = [member.offset for member in members[1:]]
        last = members[-1].offset_data + (members[-1].size + 511) // 512 * 512
        cuts += [*ends, *(end + 100 for end in ends), last, last + 100]
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(UsageError, match=r"cannot read the tar file .*is it whole\?"):
            open_images(path)


def test_one_block_of_zeros_ends_a_tar_and_another_tar_behind_it_is_refused(
    tmp_path: Path,
) -> None:
    path = tar(tmp_path / "set.tar")
    whole = path.read_bytes().rstrip(b"\0")
    padded = whole + bytes(-len(whole) % 512)
    path.write_bytes(padded + bytes(512))
    assert len(open_images(path).names) == 6
    path.write_bytes(padded + bytes(10_240) + padded + bytes(1024))
    with pytest.raises(UsageError, match="another tar file is joined to its end"):
        open_images(path)
    damaged = bytearray(padded + bytes(1024))
    with tarfile.open(path) as file:
        damaged[file.getmembers()[3].offset + 10] ^= 1  # its header's sum is wrong
    path.write_bytes(damaged)
    with pytest.raises(UsageError, match="stops without the mark of its end"):
        open_images(path)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\x28\xb5\x2f\xfd", "tar --zstd -xf {path} -C {folder}"),
        (b"7z\xbc\xaf\x27\x1c", "7z x {path} -o{folder}"),
        (b"Rar!\x1a\x07\x01", "unrar x {path} {folder}/"),
    ],
)
def test_archives_of_other_kinds_are_refused_with_the_command(
    tmp_path: Path, start: bytes, said: str
) -> None:
    path = tmp_path / "my set.tar.zst"
    path.write_bytes(start + bytes(600))
    folder = f"'{tmp_path / 'my set'}'"
    with pytest.raises(UsageError) as caught:
        open_images(path)
    command = said.format(path=f"'{path}'", folder=folder)
    assert str(caught.value).endswith(f"give the folder: mkdir -p {folder} && {command}")


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": zipfile.ZIP_DEFLATED}, {"compression": zipfile.ZIP_LZMA},
     {"compression": zipfile.ZIP_BZIP2}],
)  # fmt: skip
def test_a_zip_is_read_like_the_folder_it_was(tmp_path: Path, options: dict[str, Any]) -> None:
    contents = {**IMAGES, "__MACOSX/a/._0.png": b"no", "empty/": b"", "a/read.me": b"no"}
    files = open_images(packed(tmp_path / "set.zip", contents, **options))
    assert isinstance(files, ZipFiles)
    assert {name: files.read(name) for name in files.names} == IMAGES
    again = pickle.loads(pickle.dumps(files))
    assert again.read("b/2.png") == IMAGES["b/2.png"]
    found = read_place(files, "set")
    assert found.classes == ("a", "b")
    assert [str(one) for one in found.left_out] == [
        "1 folder without images (empty)", "1 hidden folder (__MACOSX)", "1 other file (a/read.me)",
    ]  # fmt: skip


def _reads(files: ZipFiles, name: str, times: int) -> bool:
    return all(files.read(name) == IMAGES[name] for _ in range(times))


def test_processes_read_one_zip_at_a_time_each(tmp_path: Path) -> None:
    """Forked with the file open: a shared position would mix what they read."""
    files = open_images(packed(tmp_path / "set.zip", compression=zipfile.ZIP_DEFLATED))
    assert isinstance(files, ZipFiles)
    assert files.read("a/0.png") == IMAGES["a/0.png"]
    with get_context("fork").Pool(3) as pool:
        jobs = [(files, name, 200) for name in files.names]
        work = [pool.apply_async(_reads, job) for job in jobs]
        assert _reads(files, "b/1.png", 200)
        assert [one.get(60) for one in work] == [True] * 6


def test_links_of_a_zip(tmp_path: Path) -> None:
    path = linked_zip(tmp_path / "set.zip", {"c": "a", "b/l.png": "../a/1.png", "a/up": ".."})
    files = open_images(path)
    assert read_place(files, "set").classes == ("a", "b", "c")
    assert files.read("c/2.png") == IMAGES["a/2.png"]
    assert files.read("b/l.png") == IMAGES["a/1.png"]
    assert [one.names for one in files.found.left_out] == [("a/up", "c/up")]


def test_a_zip64_and_names_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in IMAGES.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.create_system = name.replace("/", "\\"), 0
            with file.open(info, "w", force_zip64=True) as member:
                member.write(content)
    files = open_images(path)
    assert {name: files.read(name) for name in files.names} == IMAGES


def test_names_that_lead_out_of_an_archive_are_left_out(tmp_path: Path) -> None:
    contents = {**IMAGES, "../x/1.png": b"out", "a/../../y.png": b"out", "/b/abs.png": b"in"}
    for path in (packed(tmp_path / "set.zip", contents), tar(tmp_path / "set.tar", contents)):
        files = open_images(path)
        assert files.names == (*sorted(IMAGES), "b/abs.png")
        assert files.read("b/abs.png") == b"in"
        assert [str(one) for one in files.found.left_out] == [
            "2 names that lead out of it (../x/1.png and 1 more)"
        ]


def encrypted(content: bytearray) -> None:
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.index(start)
        content[at + (6 if start == b"PK\x03\x04" else 8)] |= 1


def deflate64(content: bytearray) -> None:
    at = content.index(b"PK\x01\x02")
    content[at + 10] = 9


def cut(content: bytearray) -> None:
    del content[len(content) // 2 :]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (encrypted, r"is encrypted \(a/0.png\); unpack it with its password"),
        (deflate64, r"packed by the method deflate64, .*\(a/0.png\); unpack it"),
        (cut, r"cannot read the zip file .*is it whole\?"),
    ],
)
def test_a_zip_that_cannot_be_read_is_refused(
    tmp_path: Path, damage: Callable[[bytearray], None], said: str
) -> None:
    path = packed(tmp_path / "set.zip")
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        open_images(path)


def test_a_damaged_image_of_a_zip_cannot_be_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "set.zip")
    content = bytearray(path.read_bytes())
    content[content.index(IMAGES["a/1.png"]) + 5] ^= 1
    path.write_bytes(content)
    files = open_images(path)
    assert files.read("a/0.png") == IMAGES["a/0.png"]
    with pytest.raises(OSError, match=r"its place in .*set.zip is damaged: Bad CRC-32"):
        files.read("a/1.png")


def test_a_place_without_images_says_what_it_has(tmp_path: Path) -> None:
    packed(tmp_path / "train.zip")
    os.mkdir(tmp_path / ".hidden")
    with pytest.raises(UsageError) as caught:
        open_images(tmp_path)
    assert "but 1 hidden folder (.hidden); 1 other file (train.zip)" in str(caught.value)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip", "packed zip"])
def test_damage_anywhere_ends_in_words_or_is_told_of_an_image(tmp_path: Path, kind: str) -> None:
    """Bits turned, bytes lost and put in, at places drawn by a seed, mostly in headers."""
    path = tmp_path / "set"
    if kind.startswith("tar"):
        tar(
            path, mode="w" if kind == "tar" else "w:gz", links={"c": "a"}, hard={"d.png": "a/0.png"}
        )
    else:
        packed(path, compression=zipfile.ZIP_STORED if kind == "zip" else zipfile.ZIP_DEFLATED)
    whole, draw, ends = path.read_bytes(), random.Random(0), {"read": 0, "refused": 0}
    for _ in range(300):
        content = bytearray(whole)
        header = 512 * draw.randrange(len(whole) // 512 + 1) + draw.randrange(512)
        at = min(header if kind == "tar" else draw.randrange(len(whole)), len(whole) - 1)
        damage = draw.choice([bytes([content[at] ^ 1 << draw.randrange(8)]), b"", bytes(513)])
        content[at : at + 1] = damage
        path.write_bytes(content)
        try:
            files = open_images(path)
        except UsageError:
            ends["refused"] += 1
            continue
        ends["read"] += 1
        for name in files.names:
            with suppress(OSError):
                files.read(name)
    assert ends["refused"]
    assert ends["read"] + ends["refused"] == 300


def test_a_pipe_and_an_image_alone_are_no_places(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe is no file or folder; give a folder"):
        open_images(tmp_path / "pipe")
    (tmp_path / "cat.JPG").touch()
    with pytest.raises(UsageError, match=r"cat\.JPG is one image; give a folder, \.tar or \.zip"):
        open_images(tmp_path / "cat.JPG")
