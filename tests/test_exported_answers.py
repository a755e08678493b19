"""Exported files, run where this package cannot be imported, on images prepared by their own lines.

They answer as the training evaluated.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nasbench_mobile.cli import main
from nasbench_mobile.cli.shared.network_source import Asked, source_of
from nasbench_mobile.training.batches import Batches
from nasbench_mobile.training.crops import normalise
from nasbench_mobile.training.data import Images, load_data
from nasbench_mobile.training.recipe import Recipe

ALONE = """
import sys
sys.modules["nasbench_mobile"] = None  # importing it would now fail
import json
from pathlib import Path
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

path, folder = sys.argv[1:]
model = schema.Model.GetRootAs(Path(path).read_bytes())
entries = [model.Metadata(index) for index in range(model.MetadataLength())]
[buffer] = [entry.Buffer() for entry in entries if entry.Name() == b"nasbench_mobile.json"]
facts = json.loads(model.Buffers(buffer).DataAsNumpy().tobytes())
exec(facts["prepare"])
interpreter = Interpreter(path, num_threads=1)
interpreter.allocate_tensors()
[begin], [end] = interpreter.get_input_details(), interpreter.get_output_details()
answers = {}
for file in Path(folder).iterdir():
    image = prepare(file)
    if begin["dtype"] is np.int8:
        image = quantise(image, interpreter)
    interpreter.set_tensor(begin["index"], image)
    interpreter.invoke()
    answers[file.name] = facts["class_names"][interpreter.get_tensor(end["index"])[0].argmax()]
ours = [name for name, module in sys.modules.items() if name.startswith("nasbench") and module]
assert not ours, ours
print(json.dumps({"facts": facts, "answers": answers}))
"""

TINY = "stem16 sepconv_r1_k3_s2_e1_o16_noskip mbconv_r2_k3_s2_e3_o32_se0.25_identity head128 "
TINY += "dropout0.0 relu"
DIGITS = ("--stem-stride", 1, "--set", "batch_size=32", "--set", "learning_rate=0.4", "--set",
          "flip=false", "--set", "smallest_area=0.6")  # fmt: skip


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["nasbench-mobile", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def answers_alone(
    path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], dict[str, Any]]:
    """The class of every image by the file alone, and what the file says of itself."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)  # there is nothing of ours to measure
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(path), str(images)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    return printed["answers"], printed["facts"]


def own_answers(trained: Path, parts: Sequence[Images]) -> dict[str, tuple[str, str]]:
    """(answer, truth) of every image, by the module and the batches that training evaluates."""
    source = source_of(Asked(trained=trained))
    record = source.record
    assert record is not None
    recipe = Recipe(**record.recipe)
    batches = Batches(recipe, record.input_size, 0, torch.device("cpu"))
    module = source.module(0)
    found = {}
    for images in parts:
        with torch.no_grad():
            each = [module(normalise(batch)).argmax(1) for batch, _ in batches.evaluation(images)]
        for name, answer, label in zip(
            images.listed.names, torch.cat(each).tolist(), images.labels.tolist(), strict=True
        ):
            found[name] = (record.classes[answer], record.classes[label])
    return found


def written(parts: Sequence[Images], folder: Path) -> Path:
    """Cached images as PNG files."""
    folder.mkdir()
    for images in parts:
        assert images.pixels is not None
        for name, pixels in zip(images.listed.names, images.pixels[:, 0].numpy(), strict=True):
            Image.fromarray(pixels).save(folder / name, "PNG")
    return folder


def right(answers: dict[str, str], own: dict[str, tuple[str, str]]) -> float:
    """Percent of the images whose answer is the truth."""
    return 100 * sum(answers[name] == truth for name, (_, truth) in own.items()) / len(own)


def differing(answers: dict[str, str], own: dict[str, tuple[str, str]]) -> int:
    assert set(answers) == set(own)
    return sum(answers[name] != answer for name, (answer, _) in own.items())


@pytest.mark.parametrize(
    "model",
    [
        (TINY, "--epochs", 4),
        pytest.param(
            ("mnasnet-small", "--width", 0.35, "--epochs", 14), marks=pytest.mark.slow
        ),
    ],
    ids=["tiny", "mnasnet-small"],
)  # fmt: skip
@pytest.mark.no_cover
def test_a_file_of_digits_answers_as_its_training(
    model: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pytest.importorskip("ai_edge_quantizer")
    trained, path, small = tmp_path / "t", tmp_path / "t.tflite", tmp_path / "int8.tflite"
    command(monkeypatch, "train", *model, "--data", "digits", *DIGITS, "--out", trained)
    capsys.readouterr()
    command(monkeypatch, "export", "--from", trained, "-o", path, "--json")
    said = json.loads(capsys.readouterr().out)
    data = load_data("digits")
    assert data.test is not None
    parts = [data.validation, data.test]
    own = own_answers(trained, parts)
    images = written(parts, tmp_path / "images")

    answers, facts = answers_alone(path, images, monkeypatch)
    assert differing(answers, own) <= 1
    assert facts["prepare"] == said["prepare"]
    assert facts["preparation"] == said["preparation"]
    record = json.loads((trained / "training.json").read_text())
    assert facts["preparation"] == record["preparation"]
    assert facts["class_names"] == record["classes"] == list("0123456789")
    assert facts["training"]["test_accuracy"] == record["test_accuracy"]

    command(monkeypatch, "export", "--from", trained, "--quantize", "int8", "-o", small)
    out = " ".join(capsys.readouterr().out.split())
    count = f"{len(data.train):,}"
    assert f"calibrated with 200 of the {count} training images of digits, from 10 classes" in out
    assert "def prepare(path):" in out
    quantised, _ = answers_alone(small, images, monkeypatch)
    assert right(quantised, own) >= right(answers, own) - 2


def photograph(kind: int, seed: int) -> Image.Image:
    """Noise in one of three colours, of a size of its own."""
    rng = np.random.default_rng(seed)
    width, height = (int(side) for side in rng.integers(90, 400, 2))
    noise = rng.integers(0, 120, (height // 20 + 1, width // 20 + 1, 3), np.uint8)
    noise[..., kind] += 100
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.no_cover
def test_a_file_of_larger_images_answers_as_its_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, flat = tmp_path / "set", tmp_path / "flat"
    flat.mkdir()
    names = [f"{'rgb'[kind]}/{seed:03}" for seed in range(72) for kind in [seed % 3]]
    for seed, name in enumerate(names):
        file = io.BytesIO()
        turned = Image.Exif()
        turned[0x0112] = 1 + seed % 8
        if seed % 2:
            photograph(seed % 3, seed).save(file, "JPEG", quality=85, exif=turned)
        else:
            photograph(seed % 3, seed).save(file, "PNG")
        name += ".jpg" if seed % 2 else ".png"
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(file.getvalue())
    trained, path = tmp_path / "t", tmp_path / "t.tflite"
    command(
        monkeypatch, "train", TINY, "--data", data, "--input-size", 48, "--epochs", 6,
        "--validation-images", 36, "--set", "batch_size=8", "--set", "learning_rate=0.4",
        "--out", trained,
    )  # fmt: skip
    command(monkeypatch, "export", "--from", trained, "-o", path)
    parts = [load_data(data, validation_images=36).validation]
    assert parts[0].pixels is None
    own = {name.replace("/", "-"): both for name, both in own_answers(trained, parts).items()}
    for name in parts[0].listed.names:
        (flat / name.replace("/", "-")).write_bytes((data / name).read_bytes())
    assert {answer for answer, _ in own.values()} == {"r", "g", "b"}  # it has learnt something
    answers, facts = answers_alone(path, flat, monkeypatch)
    assert differing(answers, own) <= 1
    assert (facts["preparation"]["rounded"], facts["preparation"]["depth"]) == ("edges", "uint8")
    assert facts["class_names"] == ["b", "g", "r"]
    assert "prepare(path)" in capsys.readouterr().out
