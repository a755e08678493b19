"""Post-training quantisation of a .tflite file to int8, by LiteRT's own quantizer."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from nasbench_mobile.errors import OutsideError, UsageError
from nasbench_mobile.extras import need
from nasbench_mobile.networks.int8_scales import too_fine
from nasbench_mobile.networks.tflite_file import with_constants_inside

STEPS = 255
"""Steps in the range of a tensor of 8 bits."""

ATTEMPTS = 8
"""How often ranges are widened: our choice. Once does, but where a layer's step makes that of the
layers behind it coarser too."""


def quantize_int8(content: bytes, images: Sequence[NDArray[np.float32]]) -> bytes:
    """A float .tflite file in int8: weights per output channel, activations per tensor.

    `images`, each (height, width, channels) as the network takes them, show the quantizer the
    range of every activation. Input and output become int8 too, their scale and zero point in the
    file. Where a layer is silent on all of them, its range is made wide enough for XNNPACK to run
    the file. `MissingExtraError` where the extra `quantize` is not installed.
    """
    need("quantisation", "quantize", ai_edge_quantizer="ai-edge-quantizer")
    from ai_edge_quantizer import quantizer, recipe

    if not images:
        raise UsageError("no calibration images were given; int8 needs to see some, 100 say")
    shown = {"serving_default": [{"image": image[None]} for image in images]}
    # The quantizer reports its progress to the terminal, and warns of the memory it takes.
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        work = quantizer.Quantizer(content, recipe.static_wi8_ai8())
        ranges = work.calibrate(shown, num_threads=1)
        for _ in range(ATTEMPTS):
            result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
            quantized = bytes(result.quantized_model)
            if not _widened(ranges, too_fine(quantized)):
                break
    quantized = with_constants_inside(quantized)
    _check_runs(quantized)
    return quantized


def _widened(ranges: dict[str, Any], fine: dict[str, float]) -> bool:
    """Whether a range was made so wide that its steps are those of the sums: none is finer."""
    known = fine.keys() & ranges.keys()
    for name in known:
        low = min(float(np.min(ranges[name]["min"])), 0.0)
        ranges[name]["min"] = np.full_like(ranges[name]["min"], low)
        ranges[name]["max"] = np.full_like(ranges[name]["max"], low + STEPS * fine[name])
    return bool(known)


def _check_runs(content: bytes) -> None:
    """`OutsideError` where LiteRT, with XNNPACK as on phones, does not take the file."""
    try:
        Interpreter(model_content=content, num_threads=1).allocate_tensors()
    except RuntimeError as error:
        raise OutsideError(
            f"LiteRT does not run the network in int8: {error}; calibrate with other images, or "
            "leave --quantize out"
        ) from error
