from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.int8_scales import too_fine
from nasbench_mobile.networks.pytorch import NetworkModule, module_weights
from nasbench_mobile.networks.quantization import quantize_int8
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.tflite_file import read_tflite

pytest.importorskip("ai_edge_quantizer")
Lived = Callable[..., NetworkModule]

LONG = "[10]" * 1000
"""Above 1,024 bytes: LiteRT's quantizer puts such texts behind the flatbuffer of a larger file."""


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
    content = to_tflite(network, module_weights(lived_module(network)), metadata={"f": LONG})
    rng = np.random.default_rng(0)
    images = [rng.random((64, 64, 3), np.float32) for _ in range(24)]
    small = quantize_int8(content, images[:16])

    model = read_tflite(small)
    assert (model.input_type, model.output_type) == ("int8", "int8")
    assert len(small) < 0.4 * len(content)
    stored = schema.Model.GetRootAs(small)
    assert stored.Metadata(0).Name() == b"f"
    assert stored.Buffers(stored.Metadata(0).Buffer()).DataAsNumpy().tobytes() == LONG.encode()
    assert {stored.Buffers(i).Offset() for i in range(stored.BuffersLength())} == {0}
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


def test_nothing_to_calibrate_with_is_said() -> None:
    with pytest.raises(UsageError, match="no calibration images"):
        quantize_int8(b"", [])


@pytest.mark.parametrize("loudest", [-1.0, 1e-6])
def test_a_layer_that_is_silent_on_all_images_leaves_a_file_that_runs(
    lived_module: Lived, loudest: float
) -> None:
    network = zoo.network("mnasnet-a1", 0.25, 32, classes=10)
    module = lived_module(network)
    parameters = dict(module.named_parameters())
    with torch.no_grad():  # its sums are the bias, below zero or hardly above it, and then a ReLU's
        parameters["block3/layer1/se/reduce.weight"].mul_(1e-9)[:, 0] = 1.0
        for part in ("weight", "bias"):  # so that the one channel with a large weight is silent
            parameters[f"block3/layer1/depthwise/bn.{part}"][0] = 0.0
        parameters["block3/layer1/se/reduce.bias"].fill_(loudest)
    content = to_tflite(network, module_weights(module))
    rng = np.random.default_rng(0)
    images = [rng.random((32, 32, 3), np.float32) for _ in range(8)]
    small = quantize_int8(content, images)

    assert too_fine(small) == {}
    wanted, seen = answers(content, images), answers(small, images)
    assert np.corrcoef(wanted.ravel(), seen.ravel())[0, 1] > 0.95
