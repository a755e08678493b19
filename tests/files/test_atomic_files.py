"""A file is replaced whole or not at all, and what a killed writer leaves is known as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_mobile.errors import OutsideError, UsageError
from nasbench_mobile.files.atomic_files import held, replacing, unfinished, write_kept, write_whole


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_and_its_folders_are_written(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_whole(path, "für\n", durable=durable)
    assert path.read_bytes() == "für\n".encode()
    write_whole(path, b"again", durable=durable)
    assert path.read_bytes() == b"again"
    assert list(path.parent.iterdir()) == [path]


def test_what_stops_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def stopped() -> None:
        with replacing(path) as file:
            file.write(b"half")
            file.flush()
            [beside] = set(tmp_path.iterdir()) - {path}
            assert unfinished(beside)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert not unfinished(path)


def test_a_run_that_cannot_keep_a_file_ends(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutsideError, match="cannot write .*there: .*; what was there before"):
        write_kept(tmp_path / "file" / "there", b"")
    write_kept(tmp_path / "kept", "text")
    assert (tmp_path / "kept").read_text() == "text"


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_place_without_a_name_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IsADirectoryError):
        write_whole(Path(name), b"x")
    with pytest.raises(UsageError, match="Is a directory; name a file"), held(Path(name)):
        pass
    assert list(tmp_path.iterdir()) == []
