"""A module as a file that needs nothing of this package: PyTorch's own (.pt2), or ONNX."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping

import torch

from nasbench_mobile.extras import need
from nasbench_mobile.networks.pytorch import NetworkModule


def to_pt2(module: NetworkModule, metadata: Mapping[str, str] | None = None) -> bytes:
    """The module at inference as `torch.export.save` writes it; `torch.export.load` reads it.

    It takes images [batch, channels, height, width] of the network's size, any batch from 1 up,
    and holds the graph and the weights: `torch.export.load(path).module()(images)`. A .pt2 file is
    preferred to a pickled module because that would need this package, in this version, to load.
    `metadata` are texts by name, the file's `extra_files`.
    """
    module.eval()
    # Two images, because a batch of one is taken for a constant.
    images = torch.zeros(2, *module.network.input_shape)
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad():
        program = torch.export.export(module, (images,), dynamic_shapes=({0: batch},))
    program.example_inputs = None  # the images traced with would only make the file larger
    file = io.BytesIO()
    with warnings.catch_warnings():
        # It says which of the views of a weight it stores; each weight here is whole.
        warnings.filterwarnings("ignore", "No complete tensor found", UserWarning)
        torch.export.save(program, file, extra_files=dict(metadata or {}))
    return file.getvalue()


def to_onnx(module: NetworkModule, metadata: Mapping[str, str] | None = None) -> bytes:
    """The module at inference as ONNX, by PyTorch's own exporter: input `image`, output `output`.

    `metadata` are texts by name, the file's `metadata_props`. `MissingExtraError` where the extra
    `onnx` is not installed.
    """
    need("writing ONNX", "onnx", onnx="onnx", onnxscript="onnxscript")
    from onnx.helper import set_model_props

    module.eval()
    images = torch.zeros(2, *module.network.input_shape)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings(), _quiet("torch.onnx._internal.exporter._registration"):
        # The exporter's own deprecated calls, and that torchvision is absent: no caller's business.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            (images,),
            input_names=["image"],
            output_names=["output"],
            dynamic_shapes=({0: batch},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    model = program.model_proto
    set_model_props(model, dict(metadata or {}))
    return bytes(model.SerializeToString())


@contextlib.contextmanager
def _quiet(logger_name: str) -> Iterator[None]:
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
