from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.networks.tflite_file import read_tflite

Command = Callable[..., Any]
SMALL = ("mnasnet-small", "--width", 0.35, "--input-size", 32, "--classes", 10)


def test_tflite_is_written_whole(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "new" / "small.tflite"
    facts = command("export", *SMALL, "--format", "tflite", "-o", path, "--json").json
    assert read_tflite(path).output_shape == (1, 10)
    assert facts["bytes"] == path.stat().st_size
    assert facts["path"] == str(path)
    assert facts["weights"] == "untrained, seed 0"
    assert [p.name for p in path.parent.iterdir()] == ["small.tflite"]


def test_tokens_are_exported_and_people_told(command: Command, tmp_path: Path) -> None:
    tokens = ",".join(["0"] * 42)
    path = tmp_path / "net.tflite"
    done = command("export", tokens, "--space", "mnasnet", "--input-size", 32, "-o", path)
    assert done.code == 0
    assert f"wrote {path}" in done.out.replace("\n", "")
    assert read_tflite(path).input_shape == (1, 32, 32, 3)


@pytest.mark.no_cover  # torch.export is Python, and slow enough
def test_formats_of_one_seed_hold_one_network(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "small.pt2"
    assert command("export", *SMALL, "--format", "torch", "--seed", 4, "-o", path).code == 0
    module = to_module(zoo.network("mnasnet-small", 0.35, 32, classes=10), seed=4).eval()
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(torch.export.load(path).module()(images), module(images))


def test_trained_weights_are_used(command: Command, tmp_path: Path) -> None:
    module = to_module(zoo.network("mnasnet-small", 0.35, 32, classes=10), seed=9)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    for name, options in (("a", ("--weights", tmp_path / "w.pt")), ("b", ("--seed", 9))):
        path = tmp_path / f"{name}.tflite"
        assert command("export", *SMALL, *options, "-o", path).code == 0
    assert (tmp_path / "a.tflite").read_bytes() == (tmp_path / "b.tflite").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--quantize", "int8"), "needs --calibration"),
        (("--calibration", "."), "for --quantize int8 alone"),
        (("--quantize", "int8", "--calibration", "absent"), "there is no data at absent"),
        (("--quantize", "int8", "--calibration", ".", "--format", "torch"), "for .tflite files"),
        (("--weights", "absent.pt"), "cannot read weights from absent.pt"),
    ],
)
def test_wrong_options_write_nothing(
    command: Command, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = command("export", *SMALL, *options, "-o", tmp_path / "file")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert said in done.err


def test_an_existing_file_survives_a_failed_write(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.tflite"
    path.write_text("kept")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    done = command("export", *SMALL, "-o", path, "--force")
    assert done.code == 1
    assert f"cannot write {path}: No space left on device" in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["kept.tflite"]
    assert path.read_text() == "kept"


def test_a_folder_is_no_file_to_write(command: Command, tmp_path: Path) -> None:
    done = command("export", *SMALL, "-o", tmp_path)
    assert done.code == 1
    assert "cannot write" in done.err
    assert list(tmp_path.iterdir()) == []


def test_int8_from_a_folder_of_images(command: Command, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_quantizer")
    pillow = pytest.importorskip("PIL.Image")
    images = tmp_path / "images"
    images.mkdir()
    for shade in (0, 90, 180, 255):
        pillow.new("RGB", (40, 50), (shade, 255 - shade, shade // 2)).save(images / f"{shade}.png")
    path = tmp_path / "small.tflite"
    options = ("--quantize", "int8", "--calibration", images, "--json")
    facts = command("export", *SMALL, *options, "-o", path).json
    assert facts["quantization"] == "int8"
    assert read_tflite(path).input_type == "int8"


def test_a_file_that_is_there_is_kept_unless_forced(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "small.tflite"
    path.write_text("dear to somebody")
    refused = command("export", *SMALL, "-o", path)
    assert refused.code == 2
    assert f"{path} is there already" in refused.err
    assert "--force" in refused.err
    assert path.read_text() == "dear to somebody"
    assert command("export", *SMALL, "-o", path, "--force").code == 0
    assert read_tflite(path).output_shape == (1, 10)
