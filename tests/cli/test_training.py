from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

Command = Callable[..., Any]
SMALL = (
    "mnasnet-small", "--data", "digits", "--width", 0.1, "--train-images", 80,
    "--validation-images", 20, "--epochs", 1, "--set", "batch_size=8",
)  # fmt: skip


def test_trained_weights_and_their_record(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "t"
    record = command("train", *SMALL, "--recipe", "full", "--out", out, "--json").json
    assert record == json.loads((out / "training.json").read_text())
    assert record["recipe"]["optimizer"] == "rmsprop"
    assert record["recipe"]["batch_size"] == 8
    assert (record["model"], record["input_size"]) == ("mnasnet-small", 32)
    assert 0 <= record["test_accuracy"] <= 1
    assert len(record["history"]) == 1
    assert record["recipe"]["warmup_epochs"] == pytest.approx(0.1)
    weights = torch.load(out / "weights.pt", weights_only=True)
    assert weights["head/dense.weight"].shape[0] == 10
    exported = command(
        "export", "mnasnet-small", "--width", 0.1, "--input-size", 32, "--classes", 10,
        "--weights", out / "weights.pt", "-o", tmp_path / "t.tflite", "--json",
    )  # fmt: skip
    assert exported.json["weights"] == str(out / "weights.pt")


def test_the_same_command_again_does_not_train_again(command: Command, tmp_path: Path) -> None:
    first = command("train", *SMALL, "--out", tmp_path, "--json").json
    again = command("train", *SMALL, "--out", tmp_path, "--json").json
    assert again["history"] == first["history"]
    other = command("train", *SMALL, "--seed", 1, "--out", tmp_path)
    assert other.code == 2
    assert "of another training" in other.err


def test_people_see_epochs_and_the_end(command: Command, tmp_path: Path) -> None:
    done = command("train", *SMALL, "--stem-stride", 1, "--out", tmp_path)
    assert done.code == 0
    assert "epoch 1: loss" in done.err
    assert "hint" not in done.err
    assert "validation accuracy" in done.out


def test_a_warmup_that_would_be_everything_is_shortened_and_said(
    command: Command, tmp_path: Path
) -> None:
    full = (*SMALL, "--stem-stride", 1, "--recipe", "full")
    done = command("train", *full, "--out", tmp_path / "short")
    assert done.code == 0
    assert "hint: warm-up is 0.1 of 1 epoch, as the 5 of the recipe full" in done.err
    given = command("train", *full, "--set", "warmup_epochs=1.0", "--out", tmp_path / "given")
    assert given.code == 0
    assert "hint: warm-up is all of 1 epoch," in given.err
    assert "--set warmup_epochs=0.1" in given.err


def test_a_last_feature_map_of_one_pixel_is_hinted_at(command: Command, tmp_path: Path) -> None:
    done = command("train", *SMALL, "--out", tmp_path)
    assert done.code == 0
    (line,) = [line for line in done.err.splitlines() if line.startswith("hint")]
    assert "--stem-stride 1" in line
    assert "--input-size" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--data", "nowhere"), "there is no data at nowhere"),
        (("--set", "batch_size"), "not of the form name=value"),
        (("--set", "batchsize=3"), "unknown recipe option"),
        (("--set", "optimizer=adam"), "optimizer 'adam'"),
        (("--validation-images", 9), "does not fit"),
        (("--accelerator", "nonsense"), "cannot be used"),
        (("--train-images", 17), "a batch would have 1 image, and needs 2"),
    ],
)
def test_mistakes_are_named(
    command: Command, tmp_path: Path, options: tuple[Any, ...], said: str
) -> None:
    done = command("train", *SMALL, *options, "--out", tmp_path)
    assert done.code == 2
    assert said in done.err
