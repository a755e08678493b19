"""The steps of an int8 .tflite file: those that XNNPACK cannot compute with are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

LARGEST_RATIO = 256.0
"""XNNPACK builds no convolution whose sums count in steps this many times those of its output
(google/XNNPACK, src/operators/convolution-nhwc.c: requantization scale < 256)."""

_WEIGHTED = {
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
}


def too_fine(content: bytes) -> dict[str, float]:
    """The tensors, by name, whose step is too fine for the sums they hold, with the sums' step.

    Such is a layer that is silent on all images of the calibration, or nearly.
    """
    return {name: sums for name, sums, step in _steps(content) if not sums < LARGEST_RATIO * step}


def _steps(content: bytes) -> Iterator[tuple[str, float, float]]:
    """Every layer with weights: the name of its output, the step of its sums and of its output."""
    model = schema.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        if code.BuiltinCode() not in _WEIGHTED:
            continue
        image, weights = (graph.Tensors(operator.Inputs(place)) for place in range(2))
        output = graph.Tensors(operator.Outputs(0))
        scales = [_scales(tensor) for tensor in (image, weights, output)]
        if all(scales):
            inside, filters, outside = scales
            yield output.Name().decode(), inside[0] * max(filters), outside[0]


def _scales(tensor: Any) -> list[float]:
    told = tensor.Quantization()
    return [] if told is None else [float(told.Scale(i)) for i in range(told.ScaleLength())]
