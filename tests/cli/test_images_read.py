"""What `train`, `search` and `collect` say, and keep, of the images they read."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nasbench_mobile.tables.table import read_table

Command = Callable[..., Any]
SMALL = (
    "--width", 0.1, "--stem-stride", 1, "--epochs", 1, "--set", "batch_size=4",
    "--validation-images", 6,
)  # fmt: skip
LINE = (
    "36 images of 3 classes (a, b, c); training/: 24 to train on, 6 held out to validate on; "
    "testing/: 6 to test on; left out: 1 hidden file (training/a/._1.png), 1 .heic file, a format "
    "that is not read (training/b/1.heic)"
)


def write(root: Path, part: str, each: int) -> None:
    noise = np.random.default_rng(0)
    for label in "abc":
        for index in range(each):
            path = root / part / label / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise.integers(0, 255, (8, 8, 3)).astype(np.uint8)).save(path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    write(root, "training", 10)
    write(root, "testing", 2)
    (root / "training/a/._1.png").touch()
    (root / "training/b/1.heic").touch()
    return root


def test_training_says_what_it_read_and_keeps_it(
    command: Command, tmp_path: Path, images: Path
) -> None:
    train = ("train", "mnasnet-small", "--data", images, *SMALL, "--out", tmp_path / "t")
    done = command(*train)
    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == f"{images}: {LINE}"
    record = command(*train, "--json").json
    assert record == json.loads((tmp_path / "t" / "training.json").read_text())
    assert record["images"] == {
        "line": LINE,
        "images": {"train": 24, "validation": 6, "test": 6},
        "folders": {"train": "training", "test": "testing"},
        "left_out": [
            {"what": "hidden files", "count": 1, "first": "training/a/._1.png"},
            {"what": ".heic files, a format that is not read", "count": 1,
             "first": "training/b/1.heic"},
        ],
        "notes": [],
    }  # fmt: skip
    assert record["classes"] == ["a", "b", "c"]
    assert 0 <= record["test_accuracy"] <= 1


def test_archives_of_it_are_the_same_data(command: Command, tmp_path: Path, images: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        for path in sorted(images.rglob("*.*")):
            packed.write(path, path.relative_to(images))
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as tar:
        tar.add(images, arcname=".")
    records = [
        command("train", "mnasnet-small", "--data", place, *SMALL, "--loaders", 2,
                "--out", tmp_path / f"of-{place.name}", "--json").json
        for place in (images, tmp_path / "set.zip", tmp_path / "set.tar.gz")
    ]  # fmt: skip
    for other in records[1:]:
        for key in ("images", "data", "accuracy", "test_accuracy"):
            assert other[key] == records[0][key]


def test_a_validation_folder_beside_a_test_folder_is_used(
    command: Command, tmp_path: Path, images: Path
) -> None:
    write(images, "valid", 3)
    train = ("train", "mnasnet-small", "--data", images, *SMALL)
    done = command(*train[:-2], "--train-images", 20, "--out", tmp_path / "all")
    wanted = "training/: 20 to train on; valid/: 9 to validate on; testing/: 6 to test on; left out"
    assert wanted in done.err
    assert "10 images more than asked for (training/a/1.png and 9 more)" in done.err
    done = command(*train, "--out", tmp_path / "six")
    assert "training/: 30 to train on; valid/: 6 to validate on; testing/: 6" in done.err
    assert "3 images more than asked for (valid/" in done.err
    done = command(*train[:-1], 10, "--out", tmp_path / "ten")
    assert done.code == 2
    assert "validation_images is 10, but valid/ has 9" in done.err
    done = command(*train, "--train-images", 31, "--out", tmp_path / "more")
    assert done.code == 2
    assert "train_images is 31, but 30 are there; ask for fewer" in done.err


def test_a_search_says_and_keeps_what_it_read(
    command: Command, tmp_path: Path, images: Path
) -> None:
    out = tmp_path / "s"
    search = ("search", "--data", images, "--strategy", "random", "--budget", 1, *SMALL,
              "--out", out)  # fmt: skip
    done = command(*search)
    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == f"{images}: {LINE}"
    assert json.loads((out / "best.json").read_text())["images"] == LINE
    assert f"What was read of {images}: {LINE}." in (out / "report.html").read_text()
    request = json.loads((out / "search.json").read_text())
    assert request["images"]["folders"] == {"train": "training", "test": "testing"}
    # A search that was begun before this was kept has no such line, until it goes on.
    del request["images"]
    (out / "search.json").write_text(json.dumps(request))
    assert command("report", out).code == 0
    assert json.loads((out / "best.json").read_text())["images"] is None
    assert "What was read" not in (out / "report.html").read_text()
    done = command("resume", out)
    assert done.err.splitlines()[0] == f"{images}: {LINE}"
    assert json.loads((out / "best.json").read_text())["images"] == LINE
    write(images, "valid", 2)  # other validation images: the accuracies would not compare
    done = command("resume", out)
    assert done.code == 2
    assert "or are read otherwise than by an earlier version" in done.err
    assert command("report", out, "--json").json["images"] == LINE


@pytest.mark.parametrize("images_there", [[], {"folders": {}}, {"line": 3}])
def test_a_damaged_record_of_what_was_read_is_named(
    command: Command, tmp_path: Path, images: Path, images_there: Any
) -> None:
    out = tmp_path / "s"
    search = ("search", "--data", images, "--strategy", "random", "--budget", 1, *SMALL)
    assert command(*search, "--out", out, "--json").code == 0
    request = json.loads((out / "search.json").read_text())
    (out / "search.json").write_text(json.dumps({**request, "images": images_there}))
    done = command("report", out)
    assert done.code == 1
    assert "search.json" in done.err
    assert "Traceback" not in done.err


def test_a_table_says_and_keeps_what_was_read(
    command: Command, tmp_path: Path, images: Path
) -> None:
    collect = ("collect", "--data", images, "--space", "mnasnet-coarse", "--count", 1, *SMALL,
               "--out", tmp_path / "c")  # fmt: skip
    done = command(*collect)
    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == f"{images}: {LINE}"
    [session] = read_table(tmp_path / "c").sessions
    assert session["images"]["line"] == LINE
    again = command(*collect)
    assert again.err == f"{images}: {LINE}\n"


def test_names_that_steer_a_terminal_are_escaped(
    command: Command, tmp_path: Path, images: Path
) -> None:
    (images / "training/a").rename(images / "training/\x1b[31m")
    (images / "testing/a").rename(images / "testing/\x1b[31m")
    done = command("train", "mnasnet-small", "--data", images, *SMALL, "--out", tmp_path / "t")
    assert "of 3 classes (\\x1b[31m, b, c)" in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("name", ["train", "search", "collect"])
def test_names_that_leave_it_open_are_refused(
    command: Command, tmp_path: Path, images: Path, name: str
) -> None:
    (images / "training").rename(images / "more")
    words = {"train": ("mnasnet-small",), "search": ("--budget", 1), "collect": ("--count", 1)}
    done = command(name, *words[name], "--data", images, *SMALL, "--out", tmp_path / "o")
    assert done.code == 2
    assert "has testing/ beside more/, by name a part of a data set" in done.err
    assert "move all class folders together into one folder train/" in done.err
