"""Images replaced under the same names: nothing that was made of the old ones is given for them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.training.data import BrokenImageWarning

Command = Callable[..., Any]

CHEAP = (
    "--width", 0.1, "--validation-images", 20, "--epochs", 1, "--set", "batch_size=8",
    "--stem-stride", 1,
)  # fmt: skip


def write(root: Path, seed: int) -> None:
    """Two classes of 40 images each, told apart by their brightness."""
    rng = np.random.default_rng(seed)
    for number in range(80):
        path = root / f"c{number % 2}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 100, (9, 9, 3)) + 100 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(tmp_path / "data", 0)
    return tmp_path / "data"


@pytest.fixture
def replaced(data: Path) -> Callable[[], Callable[[], None]]:
    """Replaces the images; what it returns puts the old ones back."""

    def replace() -> Callable[[], None]:
        old = data.with_name("old")
        shutil.copytree(data, old)
        write(data, 1)

        def put_back() -> None:
            shutil.rmtree(data)
            shutil.move(old, data)

        return put_back

    return replace


Replace = Callable[[], Callable[[], None]]


def test_a_training(command: Command, data: Path, replaced: Replace, tmp_path: Path) -> None:
    words = ("train", "mnasnet-small", "--data", data, *CHEAP, "--out", tmp_path / "t")
    first = command(*words, "--json").json
    assert first["data_content"].endswith(first["data_content"].split(" bytes, ")[1])
    put_back = replaced()
    refused = command(*words)
    assert refused.code == 2
    assert "is of other images under the same names" in refused.err
    assert first["data_content"] in refused.err
    anew = command(*words[:-1], tmp_path / "u", "--json").json
    assert anew["data"] == first["data"]
    assert anew["data_content"] != first["data_content"]
    put_back()
    assert command(*words, "--json").json["history"] == first["history"]


def test_a_checkpoint_from_before_there_was_a_content(
    command: Command, data: Path, tmp_path: Path
) -> None:
    words = ("train", "mnasnet-small", "--data", data, *CHEAP, "--out", tmp_path / "t", "--json")
    first = command(*words).json
    path = tmp_path / "t/checkpoint.pt"
    state = torch.load(path, weights_only=True)
    assert state.pop("content") == first["data_content"]
    torch.save(state, path)
    with pytest.warns(UserWarning, match="matched by their names alone, as the training in"):
        again = command(*words).json
    assert again["history"] == first["history"]


def test_a_search(command: Command, data: Path, replaced: Replace, tmp_path: Path) -> None:
    out = tmp_path / "s"
    words = (
        "search", "--data", data, "--strategy", "random", "--budget", 2, *CHEAP, "--out", out,
        "--json",
    )  # fmt: skip
    first = command(*words)
    assert first.code == 0, first.err
    assert "data_content" in (out / "benchmark.toml").read_text()
    put_back = replaced()
    for again in (words, ("resume", out)):
        refused = command(*again)
        assert refused.code == 2
        assert "other images under the same names" in refused.err
    put_back()
    assert command(*words).json["candidates"] == 2
    assert "names alone" not in command("resume", out).err


def test_a_table(command: Command, data: Path, replaced: Replace, tmp_path: Path) -> None:
    words = ("collect", "--data", data, *CHEAP, "--out", tmp_path / "t")
    assert command(*words, "--count", 1).code == 0
    header = read_table(tmp_path / "t").header
    put_back = replaced()
    refused = command(*words, "--count", 2)
    assert refused.code == 2
    assert "the table in" in refused.err
    assert f"other images under the same names: {header.training['data_content']}" in refused.err
    put_back()
    grown = command(*words, "--count", 2)
    assert grown.code == 0
    assert "names alone" not in grown.err
    assert len(read_table(tmp_path / "t").rows) == 2


def test_a_table_from_before_keeps_the_content_it_is_filled_on_with(
    command: Command, data: Path, replaced: Replace, tmp_path: Path
) -> None:
    words = ("collect", "--data", data, *CHEAP, "--out", tmp_path / "t")
    assert command(*words, "--count", 1).code == 0
    path = tmp_path / "t/table.jsonl"
    header, session, *rows = path.read_text().splitlines(keepends=True)
    old_header, old_session = json.loads(header), json.loads(session)
    content = old_header["training"].pop("data_content")
    assert old_session["session"].pop("data_content") == content
    path.write_text(f"{json.dumps(old_header)}\n{json.dumps(old_session)}\n{''.join(rows)}")
    shutil.copytree(tmp_path / "t", tmp_path / "other")
    grown = command(*words, "--count", 2)
    assert grown.code == 0
    assert "images are matched by their names alone, as the table was begun" in grown.err
    assert read_table(tmp_path / "t").data_content == content
    put_back = replaced()
    assert "other images under the same names" in command(*words, "--count", 3).err
    other = command(*words[:-1], tmp_path / "other", "--count", 2)
    assert other.code == 0
    merge = ("collect", "merge", tmp_path / "t", tmp_path / "other", "-o", tmp_path / "both")
    refused = command(*merge)
    assert refused.code == 2
    assert "the tables are of other images under the same names" in refused.err
    put_back()


def test_a_table_that_was_split_before_broken_images_were_left_out(
    command: Command, data: Path, tmp_path: Path
) -> None:
    words = ("collect", "--data", data, *CHEAP, "--broken", "skip", "--out", tmp_path / "t")
    assert command(*words, "--count", 1).code == 0
    path = tmp_path / "t/table.jsonl"
    header, session, *rows = path.read_text().splitlines(keepends=True)
    record, said = json.loads(header), json.loads(session)
    del record["training"]["data_content"], said["session"]["data_content"]
    path.write_text("".join([json.dumps(record) + "\n", json.dumps(said) + "\n", *rows]))
    (data / "c0/0.png").write_bytes(b"it always was broken")
    with pytest.warns(BrokenImageWarning, match=r"c0/0\.png"):
        grown = command(*words, "--count", 2)
    assert grown.code == 0, grown.err
    assert len(read_table(tmp_path / "t").rows) == 2
    with pytest.warns(BrokenImageWarning, match=r"c0/0\.png"):
        anew = command(*words[:-1], tmp_path / "new", "--count", 1)
    assert anew.code == 0
    assert read_table(tmp_path / "new").header.training["data"].startswith("59+20 images")


def test_names_that_are_no_utf8_go_through_every_record(
    command: Command, data: Path, tmp_path: Path
) -> None:
    latin = os.fsencode(data) + b"/caf\xe9"
    try:
        os.rename(data / "c1", latin)
    except OSError:
        pytest.skip("this file system has no names but UTF-8")
    with open(latin + b"/\xe8.png", "wb"):
        pass  # empty, and so broken
    refused = command("train", "mnasnet-small", "--data", data, *CHEAP, "--out", tmp_path / "t")
    assert refused.code == 1
    assert "cannot decode the image caf\\udce9/\\udce8.png: the file is empty" in refused.err
    skipping = (*CHEAP, "--broken", "skip")
    words = ("train", "mnasnet-small", "--data", data, *skipping, "--out", tmp_path / "t")
    with pytest.warns(BrokenImageWarning, match="the file is empty"):
        record = command(*words, "--json").json
    assert record["skipped_images"] == ["caf\udce9/\udce8.png"]
    assert record["classes"] == ["c0", "caf\udce9"]
    assert json.loads((tmp_path / "t/training.json").read_text()) == record
    with pytest.warns(BrokenImageWarning):
        table = command("collect", "--data", data, *skipping, "--count", 1, "--out", tmp_path / "c")
    assert table.code == 0, table.err
    search = (
        "search", "--data", data, "--strategy", "random", "--budget", 1, *skipping,
        "--recipe", "full", "--out", tmp_path / "s",
    )  # fmt: skip
    with pytest.warns(BrokenImageWarning):
        found = command(*search)
    assert found.code == 0, found.err
    assert "hint: warm-up is 0.1 of 1 epoch" in found.err
    assert "warmup_epochs = 0.1" in (tmp_path / "s/benchmark.toml").read_text()
    with pytest.warns(BrokenImageWarning):
        assert command("resume", tmp_path / "s", "--json").json["candidates"] == 1


def test_tables_with_and_without_a_content_are_one(
    command: Command, data: Path, tmp_path: Path
) -> None:
    words = ("collect", "--data", data, *CHEAP, "--out", tmp_path / "t", "--count", 1)
    assert command(*words).code == 0
    old = tmp_path / "old/table.jsonl"
    old.parent.mkdir()
    header, *rest = (tmp_path / "t/table.jsonl").read_text().splitlines(keepends=True)
    record = json.loads(header)
    del record["training"]["data_content"]
    old.write_text("".join([json.dumps(record) + "\n", *rest]))
    for order in ((tmp_path / "t", old), (old, tmp_path / "t")):
        done = command("collect", "merge", *order, "-o", tmp_path / f"both-{order[0].name}")
        assert done.code == 0, done.err
        assert "matched by their names alone" in done.err
        merged = read_table(tmp_path / f"both-{order[0].name}")
        assert "data_content" not in merged.header.training
        assert len(merged.rows) == 1


def test_an_ended_training_in_a_folder_of_checkpoints(
    data: Path, replaced: Replace, tmp_path: Path
) -> None:
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.errors import UsageError

    def accuracy(**options: Any) -> TrainingAccuracy:
        return TrainingAccuracy(
            data=str(data), width=0.1, stem_stride=1, validation_images=20, epochs=1,
            options={"batch_size": 8}, checkpoints=str(tmp_path / "kept"), **options,
        )  # fmt: skip

    space = MnasNetSpace()
    one = Architecture(space, space.sample(np.random.default_rng(0)))
    first = accuracy()
    [reading] = first.accuracy([one])
    put_back = replaced()
    with pytest.raises(UsageError, match="other images under the same names"):
        accuracy().accuracy([one])
    known = first.data
    with pytest.raises(UsageError, match="what was begun on .* is of other images"):
        _ = accuracy(data_identity=known.identity, data_content=known.content).data
    assert accuracy(data_identity=known.identity).note is not None
    assert accuracy().note is None
    put_back()
    assert accuracy().accuracy([one]) == [reading]
    [path] = (tmp_path / "kept").glob("*.json")
    record = json.loads(path.read_text())
    assert record.pop("content") == known.content
    path.write_text(json.dumps(record))  # as earlier versions wrote it
    assert accuracy().accuracy([one]) == [reading]
