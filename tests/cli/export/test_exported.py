"""What each format of file gives back of what was written into it."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema

from nasbench_mobile.cli.export.exported import Form, exported
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.pytorch import to_module
from nasbench_mobile.networks.tflite_file import read_tflite
from nasbench_mobile.training.file_facts import DEFAULT, ENTRY, FileFacts
from nasbench_mobile.training.preparation import Preparation

NAMES = ("caf\u00e9", "\u732b", '"', "\udce9t\udce9", "a/b")
"""Accents, a cat, a quotation mark, and a folder's name in Latin-1 as Python reads it."""

FACTS = FileFacts(
    "mnasnet-small", 32, 5, NAMES, Preparation(32, 0.5, "side", "float32"), "for this test",
    {"data": "digits", "accuracy": 0.5, "history": [1, 2], "recipe": {"epochs": 2}},
)  # fmt: skip


def read_back(content: bytes, form: Form) -> dict[str, Any]:
    match form:
        case "tflite":
            model = schema.Model.GetRootAs(content)
            assert model.Metadata(0).Name().decode() == ENTRY
            text = model.Buffers(model.Metadata(0).Buffer()).DataAsNumpy().tobytes().decode()
        case "torch":
            texts: dict[str, Any] = {ENTRY: ""}
            torch.export.load(io.BytesIO(content), extra_files=texts)
            text = texts[ENTRY]
        case "onnx":
            onnx = pytest.importorskip("onnx")
            text = {p.key: p.value for p in onnx.load_from_string(content).metadata_props}[ENTRY]
    facts: dict[str, Any] = json.loads(text)
    return facts


@pytest.mark.parametrize(
    ("form", "shape"),
    [("tflite", (1, 32, 32, 3)), ("torch", (1, 3, 32, 32)), ("onnx", (1, 3, 32, 32))],
)
def test_a_file_gives_its_facts_back(form: Form, shape: tuple[int, ...]) -> None:
    if form == "onnx":
        pytest.importorskip("onnxscript")
    module = to_module(zoo.network("mnasnet-small", 0.1, 32, classes=5)).eval()
    made = exported(module, FACTS, form)
    assert made.calibration is None
    facts = read_back(made.content, form)
    assert (facts["schema"], facts["model"]) == (1, "mnasnet-small")
    assert facts["written_by"].startswith("nasbench-mobile ")
    assert (facts["input_size"], facts["classes"]) == (32, 5)
    assert tuple(facts["class_names"]) == NAMES
    assert Preparation.from_record(facts["preparation"]) == FACTS.preparation
    assert facts["preparation_source"] == "for this test"
    assert facts["training"]["accuracy"] == 0.5
    assert facts["training"]["test_accuracy"] is None
    assert "history" not in facts["training"]
    names: dict[str, Any] = {}
    exec(facts["prepare"], names)
    assert "quantise" not in names
    pillow = pytest.importorskip("PIL.Image")
    picture = io.BytesIO()
    pillow.new("L", (50, 40), 128).save(picture, "PNG")
    prepared = names["prepare"](picture)
    assert (prepared.shape, prepared.dtype) == (shape, np.float32)


def test_an_int8_file_says_how_its_input_is_made() -> None:
    pytest.importorskip("ai_edge_quantizer")
    module = to_module(zoo.network("mnasnet-small", 0.1, 32, classes=10)).eval()
    made = exported(module, FACTS, "tflite", "digits")
    assert read_tflite(made.content).input_type == "int8"
    assert str(made.calibration).startswith("200 of the ")
    assert "def quantise(" in read_back(made.content, "tflite")["prepare"]


def test_what_is_not_known_is_null() -> None:
    facts = FileFacts("a", 32, 7, None, Preparation(32), DEFAULT).record("channels last")
    assert (facts["class_names"], facts["training"], facts["classes"]) == (None, None, 7)
    assert "is a default" in facts["preparation_source"]
