"""Post-training quantisation of a .tflite file to int8, by LiteRT's own quantizer."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError
from nasbench_mobile.extras import need


def quantize_int8(content: bytes, images: Sequence[NDArray[np.float32]]) -> bytes:
    """A float .tflite file in int8: weights per output channel, activations per tensor.

    `images`, each (height, width, channels) as the network takes them, show the quantizer the
    range of every activation. Input and output become int8 too, their scale and zero point in the
    file. `MissingExtraError` where the extra `quantize` is not installed.
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
        result = work.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)
