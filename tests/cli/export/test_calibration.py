"""`export --quantize int8`: which images it is shown, and how they are prepared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nasbench_mobile.networks import quantization, zoo
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.record import TrainingRecord

pytest.importorskip("ai_edge_quantizer")
pillow = pytest.importorskip("PIL.Image")
Command = Callable[..., Any]
Shown = list[NDArray[np.float32]]

PREPARATION = Preparation(32, 0.5, "side", "float32", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
RECORD = TrainingRecord(
    model="mnasnet-small", width=0.1, input_size=32, stem_stride=None, classes=("a", "b"), seed=0,
    data="12 images of 2 classes", recipe={}, accuracy=0.5, test_accuracy=None, cost_s=1.0,
    history=(), preparation=PREPARATION,
)  # fmt: skip


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What the quantizer was shown, in place of its work."""
    images: Shown = []

    def quantize_int8(content: bytes, given: Shown) -> bytes:
        images.extend(given)
        return content

    monkeypatch.setattr(quantization, "quantize_int8", quantize_int8)
    return images


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Training and test images, of two classes, grey outside and coloured where a half is cut."""
    for part, value in (("train", 100), ("test", 200)):
        for name in ("a", "b"):
            folder = tmp_path / "set" / part / name
            folder.mkdir(parents=True)
            for index in range(6):
                pixels = np.full((40, 40, 3), 7, np.uint8)
                pixels[10:30, 10:30] = value + 10 * (name == "b") + index
                pillow.fromarray(pixels).save(folder / f"{index}.png")
    return tmp_path / "set"


def training(folder: Path, **changes: Any) -> Path:
    """The folder of a training that never was."""
    folder.mkdir()
    module = to_module(zoo.network("mnasnet-small", 0.1, 32, classes=2))
    torch.save(module.state_dict(), folder / "weights.pt")
    dataclasses.replace(RECORD, **changes).write(folder)
    return folder


def test_the_trainings_own_images_are_prepared_as_it_evaluates(
    command: Command, tmp_path: Path, images: Path, shown: Shown
) -> None:
    trained = training(tmp_path / "t", data_place=str(images))
    asked = ("export", "--from", trained, "--quantize", "int8", "-o", tmp_path / "x.tflite")
    facts = command(*asked, "--json").json
    said = f"the 12 training images of {images}, from 2 classes"
    assert facts["calibration"] == said
    wanted = [100 + 10 * b + index for b in (0, 1) for index in range(6)]
    assert sorted(round(float(one.mean() * 255)) for one in shown) == wanted
    assert facts["preparation"] == PREPARATION.record()
    assert "def quantise(" in facts["prepare"]
    assert f"calibrated with {said}" in " ".join(command(*asked, "--force").out.split())


def test_other_images_can_be_given(
    command: Command, tmp_path: Path, images: Path, shown: Shown
) -> None:
    trained = training(tmp_path / "t", data_place=str(tmp_path / "gone"))
    asked = ("export", "--from", trained, "--quantize", "int8", "-o", tmp_path / "x.tflite")
    refused = command(*asked)
    assert refused.code == 2
    assert f"not at {tmp_path / 'gone'} any more" in " ".join(refused.err.split())
    assert not (tmp_path / "x.tflite").exists()
    given = command(*asked, "--calibration", images / "test", "--json").json
    assert given["calibration"] == f"the 12 training images of {images / 'test'}, from 2 classes"
    assert {round(float(one.mean() * 255)) for one in shown} == {*range(200, 206), *range(210, 216)}


def test_a_record_that_does_not_say_where_its_images_lay(
    command: Command, tmp_path: Path, shown: Shown
) -> None:
    trained = training(tmp_path / "t")
    asked = ("export", "--quantize", "int8", "-o", tmp_path / "x.tflite")
    refused = command(*asked, "--from", trained)
    assert refused.code == 2
    assert "does not say where the images of the training lie" in " ".join(refused.err.split())
    digits = training(tmp_path / "d", data="digits: 12 images of 2 classes")
    facts = command(*asked, "--from", digits, "--json").json
    assert facts["calibration"].endswith("training images of digits, from 10 classes")
    assert len(shown) == 200


@pytest.mark.parametrize("option", ["--weights", "--from"])
def test_both_ways_to_the_weights_say_how_to_prepare_an_image(
    command: Command, tmp_path: Path, option: str
) -> None:
    trained = training(tmp_path / "t")
    named = (trained,) if option == "--from" else (trained / "weights.pt", "mnasnet-small")
    done = command("export", option, *named, "-o", tmp_path / "x.tflite")
    assert "round(0.5 * min(width, height))" in done.out
    assert "it is what the training's evaluation did" in " ".join(done.out.split())


def test_a_default_is_said_to_be_one(command: Command, tmp_path: Path) -> None:
    trained = training(tmp_path / "t", preparation=None, recipe={"evaluation_crop": 0.25})
    facts = command("export", "--from", trained, "-o", tmp_path / "x.tflite", "--json").json
    assert Preparation.from_record(facts["preparation"]) == Preparation(32, 0.25)
    assert "did not record its own" in facts["preparation_source"]
    (trained / "training.json").unlink()
    alone = ("--weights", trained / "weights.pt", "--width", 0.1, "--classes", 2)
    done = command("export", "mnasnet-small", *alone, "-o", tmp_path / "y.tflite", "--json").json
    assert Preparation.from_record(done["preparation"]) == Preparation(224)
    assert "it is a default" in done["preparation_source"]
    assert done["class_names"] is None


def test_an_untrained_network_has_no_lines_printed(command: Command, tmp_path: Path) -> None:
    done = command("export", "mnasnet-small", "-o", tmp_path / "x.tflite")
    assert done.code == 0
    assert "prepare(" not in done.out


def test_images_replaced_since_the_training_are_said(
    command: Command, tmp_path: Path, images: Path, shown: Shown
) -> None:
    pytest.importorskip("simplejpeg")
    pillow.new("RGB", (40, 40)).save(images / "train/a/6.png")
    trained = tmp_path / "t"
    words = ("--epochs", 1, "--width", 0.1, "--stem-stride", 1, "--set", "batch_size=2")
    split = ("--validation-images", 4, "--train-images", 6, "--split-seed", 3)
    done = command("train", "mnasnet-small", "--data", images, *words, *split, "--out", trained)
    assert done.code == 0, done.err
    asked = ("export", "--from", trained, "--quantize", "int8", "-o", tmp_path / "x.tflite")
    assert command(*asked, "--json").json["notes"] == []

    for place in sorted((images / "train").glob("*/*.png")):
        pillow.new("RGB", (40, 40), "red").save(place)
    [note] = command(*asked, "--force", "--json").json["notes"]
    assert note.startswith(f"the images at {images} are not those that the network was trained on")
    told = command(*asked, "--force")
    assert f"note: {note}" in told.err
    assert "calibrated with the 13 training images" in told.out
    given = command(*asked, "--force", "--calibration", images, "--json").json
    assert given["notes"] == []

    (images / "train/b/0.png").write_bytes(b"")
    [note] = command(*asked, "--force", "--json").json["notes"]
    assert "trained on (cannot decode the image train/b/0.png: the file is empty" in note
    assert "calibrated with those that lie there now" in note
