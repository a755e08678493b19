"""One network in all formats, each file read back and compared with the module it was made of."""

from __future__ import annotations

import gc
import io
import time
from typing import Any

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter

from nasbench_mobile.networks.pytorch import NetworkModule, module_weights
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.torch_export import to_onnx, to_pt2
from tests.networks.comparing import invoked, lived_module, relative_error, run_tflite
from tests.round_trip.drawing import Case

BAR = 1e-5
"""Largest difference, as a share of the largest output."""
FORMATS = ("tflite", "pt2", "onnx")
BATCHES = (1, 3)

Row = dict[str, Any]


def prepare() -> None:
    """A process: one thread; and garbage is looked for seldom, or that takes a tenth of exports."""
    torch.set_num_threads(1)
    gc.set_threshold(100_000)


def compare(case: Case) -> list[Row]:
    """A row for every format and batch; batch 1 is the first of the images of the others.

    `rounding` is the module's own: float32 against float64.
    """
    begun = time.process_time()
    network = case.network()
    module = lived_module(network, case.seed)
    generator = torch.Generator().manual_seed(case.seed + 1)
    images = torch.rand(max(BATCHES), *network.input_shape, generator=generator)
    with torch.no_grad():
        wanted = {batch: module(images[:batch]).numpy() for batch in BATCHES}
    seen = {name: _READ[name](module, images) for name in FORMATS}
    with torch.no_grad():
        exact = module.double()(images.double()).numpy()
    shared = {
        **case.record,
        "rounding": relative_error(wanted[max(BATCHES)], exact),
        # A network that answers every image alike would hide what goes wrong in it.
        "differing": relative_error(exact[0], exact[1]),
    }
    rows = []
    for name in FORMATS:
        for batch in BATCHES:
            output, how = seen[name][batch]
            difference = relative_error(output, wanted[batch])
            assert output.shape == wanted[batch].shape, (output.shape, wanted[batch].shape)
            row = {"format": name, "batch": batch, "how": how, "difference": difference}
            rows.append({**shared, **row})
    rows[0]["cpu_s"] = round(time.process_time() - begun, 2)
    return rows


Answers = dict[int, tuple[np.ndarray, str]]
"""Outputs by batch, and how the batch was run."""


def _tflite(module: NetworkModule, images: torch.Tensor) -> Answers:
    """A batch above 1 in one invoke where the file can be resized to it, else image by image."""
    content = to_tflite(module.network, module_weights(module))
    answers = {1: (run_tflite(content, images[:1]), "at once")}
    for batch in BATCHES[1:]:
        resized = _resized(content, images[:batch])
        one_by_one = run_tflite(content, images[:batch]), "one by one"
        answers[batch] = one_by_one if resized is None else (resized, "at once")
    return answers


def _resized(content: bytes, images: torch.Tensor) -> np.ndarray | None:
    """Outputs of the file with its input resized to the batch; None where that cannot be done.

    The file is written for one image. A layer with its shape written out refuses another batch,
    or takes the first image alone.
    """
    interpreter = Interpreter(model_content=content, num_threads=1)
    batch, channels, height, width = images.shape
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, (batch, height, width, channels))
    try:
        interpreter.allocate_tensors()
    except RuntimeError:
        return None
    output = invoked(interpreter, images)
    return output if len(output) == batch else None


def _pt2(module: NetworkModule, images: torch.Tensor) -> Answers:
    read = torch.export.load(io.BytesIO(to_pt2(module))).module()
    with torch.no_grad():
        return {batch: (read(images[:batch]).numpy(), "at once") for batch in BATCHES}


def _onnx(module: NetworkModule, images: torch.Tensor) -> Answers:
    """By ONNX's own reference implementation."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    reader = ReferenceEvaluator(onnx.load_from_string(to_onnx(module)))
    answers: Answers = {}
    for batch in BATCHES:
        (output,) = reader.run(None, {"image": images[:batch].numpy()})
        answers[batch] = np.asarray(output), "at once"
    return answers


_READ = {"tflite": _tflite, "pt2": _pt2, "onnx": _onnx}
