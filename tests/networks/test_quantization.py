from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.pytorch import NetworkModule, module_weights
from nasbench_mobile.networks.quantization import quantize_int8, read_images
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.tflite_file import read_tflite

pytest.importorskip("ai_edge_quantizer")
Lived = Callable[..., NetworkModule]


def answers(content: bytes, images: list[np.ndarray]) -> np.ndarray:
    """Outputs as real numbers, through the scales and zero points that the file states."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    end: Any
    begin, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = []
    for image in images:
        if begin["dtype"] == np.int8:
            scale, zero = begin["quantization"]
            image = np.clip(np.round(image / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(begin["index"], image[None])
        interpreter.invoke()
        row = interpreter.get_tensor(end["index"])[0].astype(np.float64)
        if end["dtype"] == np.int8:
            row = (row - end["quantization"][1]) * end["quantization"][0]
        rows.append(row)
    return np.array(rows)


def test_int8_keeps_the_answers(lived_module: Lived) -> None:
    network = zoo.network("mnasnet-a1", 0.5, 64, classes=50)
    content = to_tflite(network, module_weights(lived_module(network)))
    rng = np.random.default_rng(0)
    images = [rng.random((64, 64, 3), np.float32) for _ in range(24)]
    small = quantize_int8(content, images[:16])

    model = read_tflite(small)
    assert (model.input_type, model.output_type) == ("int8", "int8")
    assert len(small) < 0.4 * len(content)
    wanted, seen = answers(content, images[16:]), answers(small, images[16:])
    assert np.corrcoef(wanted.ravel(), seen.ravel())[0, 1] > 0.95


def test_convolutions_have_a_scale_per_channel(lived_module: Lived) -> None:
    network = zoo.network("mnasnet-small", 0.35, 32, classes=10)
    content = to_tflite(network, module_weights(lived_module(network)))
    small = quantize_int8(content, [np.full((32, 32, 3), i / 4, np.float32) for i in range(4)])
    interpreter = Interpreter(model_content=small)
    scales = {
        tensor["name"]: len(tensor["quantization_parameters"]["scales"])
        for tensor in interpreter.get_tensor_details()
    }
    filters = {node.name: node.shape[0] for node in network}
    assert scales["stem/conv/weight"] == filters["stem/conv"]
    assert scales["head/conv/weight"] == filters["head/conv"]


def test_images_are_prepared_as_for_evaluation(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :40] = 255  # white at the left, cut away in part: the centre is columns 16 to 80
    pillow.fromarray(pixels).save(tmp_path / "one.png")
    pillow.fromarray(pixels[..., 0]).save(tmp_path / "two.JPEG")
    (tmp_path / "notes.txt").write_text("not an image")
    images = read_images(tmp_path, 32)
    assert [image.shape for image in images] == [(32, 32, 3)] * 2
    assert images[0].dtype == np.float32
    # White and black at the centre row, through the mean and deviation of each channel.
    white, black = images[0][16, 0], images[0][16, -1]
    np.testing.assert_allclose(white, [2.2489, 2.4286, 2.64], atol=1e-3)
    np.testing.assert_allclose(black, [-2.1179, -2.0357, -1.8044], atol=1e-3)


def test_folders_that_cannot_calibrate(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no images"):
        read_images(tmp_path, 32)
    (tmp_path / "bad.png").write_bytes(b"not a png")
    with pytest.raises(UsageError, match=r"cannot read the calibration image .*bad.png"):
        read_images(tmp_path, 32)
    with pytest.raises(UsageError, match="no calibration images"):
        quantize_int8(b"", [])
