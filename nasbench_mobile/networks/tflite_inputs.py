"""What a .tflite file takes, and what its latency is therefore the latency of.

Files of users are not all one image in: exporters leave batches open, others fix eight images, and
some files take no image at all.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.tflite_file import IDENTIFIER

OPEN = -1
"""A size that is left open, in a tensor's shape signature."""
_NAMES = {
    number: name.lower()
    for name, number in vars(schema.TensorType).items()
    if isinstance(number, int)
}


@dataclass(frozen=True, slots=True)
class FileInput:
    """One input: `shape` is the one it runs with, `signature` has `OPEN` where a size is open."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    kind: str

    @property
    def text(self) -> str:
        """Such as `1x224x224x3 float32`, an open size as `?`."""
        return f"{'x'.join('?' if n == OPEN else str(n) for n in self.signature)} {self.kind}"


@dataclass(frozen=True, slots=True)
class FileInputs:
    """The inputs of a file."""

    inputs: tuple[FileInput, ...]

    @property
    def images(self) -> int | None:
        """How many images one run takes; None where a run takes no images, or more than images."""
        shape = self.inputs[0].shape if len(self.inputs) == 1 else ()
        return shape[0] if len(shape) == 4 else None

    @property
    def notes(self) -> list[str]:
        """What its latency is of, where that is not one run of one image."""
        text = ", ".join(one.text for one in self.inputs)
        found = []
        if self.images is None:
            what = "input is no batch of images" if len(self.inputs) == 1 else "inputs are several"
            found.append(f"its {what} ({text}): the latency is that of one run")
        elif self.images > 1:
            found.append(
                f"one run takes {self.images} images ({text}): the latency is a run's divided by "
                f"{self.images}; for that of one image by itself, export the file with batch 1"
            )
        if any(one.signature[:1] == (OPEN,) for one in self.inputs):
            sizes = ", ".join(str(one.shape[0]) for one in self.inputs if one.shape)
            found.append(f"its batch is left open ({text}) and is run as stored: {sizes}")
        return found

    def record(self) -> dict[str, Any]:
        """JSON form. `per` is what latencies and ratios are of: an `image` or a `run`."""
        return {
            "inputs": [
                {"name": one.name, "shape": list(one.signature), "type": one.kind}
                for one in self.inputs
            ],
            "images_per_run": self.images,
            "per": "run" if self.images is None else "image",
            "notes": self.notes,
        }


def read_inputs(content: bytes) -> FileInputs | None:
    """The inputs of a .tflite file's first graph; None where it is none, which is said when run."""
    if content[4:8] != IDENTIFIER:
        return None
    try:
        graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
        tensors = [graph.Tensors(graph.Inputs(place)) for place in range(graph.InputsLength())]
        return FileInputs(tuple(_input(tensor) for tensor in tensors)) if tensors else None
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, UnicodeError):
        return None


def check_inputs(inputs: FileInputs, name: str) -> None:
    """`UsageError` where a file cannot be run as it is: sizes other than the batch are open."""
    for one in inputs.inputs:
        if OPEN in one.signature[1:] or any(size < 1 for size in one.shape):
            raise UsageError(
                f"{name} leaves sizes of its input open ({one.text}), and how fast it is depends "
                "on them; convert it with fixed sizes, for instance 1x224x224x3"
            )


def _input(tensor: Any) -> FileInput:
    shape = _sizes(tensor.ShapeAsNumpy())
    signature = _sizes(tensor.ShapeSignatureAsNumpy()) or shape
    if len(signature) != len(shape):
        signature = shape
    name = (tensor.Name() or b"").decode()
    return FileInput(name, shape, signature, _NAMES.get(tensor.Type(), str(tensor.Type())))


def _sizes(values: Any) -> tuple[int, ...]:
    # An absent vector is the number 0.
    return () if isinstance(values, int) else tuple(int(value) for value in values)
