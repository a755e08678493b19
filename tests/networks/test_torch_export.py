"""Files for torch and ONNX, read back by torch and by ONNX's own reference implementation."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable

import numpy as np
import pytest
import torch

from nasbench_mobile.errors import MissingExtraError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import NetworkModule
from nasbench_mobile.networks.torch_export import to_onnx, to_pt2

Lived = Callable[..., NetworkModule]


@pytest.fixture(scope="module")
def network() -> Network:
    return zoo.network("mnasnet-small", 0.35, 32, classes=10)


def test_torch_reads_the_file_back(network: Network, lived_module: Lived) -> None:
    module = lived_module(network)
    loaded = torch.export.load(io.BytesIO(to_pt2(module))).module()
    with torch.no_grad():
        for batch in (1, 3):
            images = torch.rand(batch, 3, 32, 32)
            torch.testing.assert_close(loaded(images), module(images))
    assert "stem/conv.weight" in loaded.state_dict()


def test_texts_travel_in_a_torch_file(network: Network, lived_module: Lived) -> None:
    file = io.BytesIO(to_pt2(lived_module(network), {"facts.json": '{"name": "\u00e9t\u00e9"}'}))
    read = {"facts.json": ""}
    torch.export.load(file, extra_files=read)
    assert read == {"facts.json": '{"name": "\u00e9t\u00e9"}'}


@pytest.mark.no_cover
def test_every_operation_can_be_exported(all_operations: Network, lived_module: Lived) -> None:
    module = lived_module(all_operations)
    loaded = torch.export.load(io.BytesIO(to_pt2(module))).module()
    images = torch.rand(2, *all_operations.input_shape)
    with torch.no_grad():
        torch.testing.assert_close(loaded(images), module(images))


def test_onnx_computes_the_same(network: Network, lived_module: Lived) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    module = lived_module(network)
    model = onnx.load_from_string(to_onnx(module, {"facts.json": '{"name": "\u00e9t\u00e9"}'}))
    assert {p.key: p.value for p in model.metadata_props} == {
        "facts.json": '{"name": "\u00e9t\u00e9"}'
    }
    onnx.checker.check_model(model)
    images = torch.rand(2, 3, 32, 32)
    (seen,) = reference.ReferenceEvaluator(model).run(None, {"image": images.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(seen, module(images).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.no_cover
def test_every_operation_is_read_from_onnx(all_operations: Network, lived_module: Lived) -> None:
    """By a reader that is strict: it takes no negative padding, which means a crop."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    module = lived_module(all_operations)
    model = onnx.load_from_string(to_onnx(module))
    images = torch.rand(2, *all_operations.input_shape)
    (seen,) = reference.ReferenceEvaluator(model).run(None, {"image": images.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(seen, module(images).numpy(), rtol=1e-4, atol=1e-5)


def test_a_missing_extra_is_said(
    network: Network, lived_module: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnx" else find(name)
    )
    with pytest.raises(MissingExtraError, match="writing ONNX needs onnx, not installed here"):
        to_onnx(lived_module(network))
