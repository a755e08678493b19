"""The TFLite file format: a writer of operators and constants, and a reader that trusts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from nasbench_mobile.errors import UsageError

IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""Bytes by which constants are aligned, as the schema's force_align asks."""

_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int32): schema.TensorType.INT32,
}


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the file: its number; its shape, (1, height, width, channels) or (1, units)."""

    tensor: int
    shape: tuple[int, ...]


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A constant; the generated class would align its bytes by 1 only."""

    def Pack(self, builder: Any) -> Any:
        payload = np.ascontiguousarray(self.data).data.cast("B")
        builder.StartVector(1, len(payload), ALIGNMENT)
        builder.head -= len(payload)
        builder.Bytes[builder.head : builder.head + len(payload)] = payload
        builder.vectorNumElems = len(payload)
        data = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


class TfliteWriter:
    """Collects the operators of one graph, in execution order; `finish` gives the file."""

    def __init__(self) -> None:
        self._buffers: list[Any] = [schema.BufferT()]
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: dict[tuple[int, int], int] = {}
        self._small: dict[tuple[str, tuple[int, ...], bytes], int] = {}
        self._bytes = 0

    def tensor(self, name: str, shape: Sequence[int]) -> Value:
        """A float32 tensor that an operator will fill, or the user."""
        return Value(self._add(name, tuple(shape), schema.TensorType.FLOAT32, 0), tuple(shape))

    def constant(self, name: str, array: NDArray[Any]) -> int:
        """Number of a tensor with the array's values, float32 or int32; small ones are shared."""
        key = (array.dtype.str, array.shape, array.tobytes() if array.size <= 8 else name.encode())
        if key not in self._small:
            buffer = _AlignedBuffer()
            buffer.data = array
            self._buffers.append(buffer)
            self._bytes += array.nbytes
            number = len(self._buffers) - 1
            self._small[key] = self._add(name, array.shape, _TYPES[array.dtype], number)
        return self._small[key]

    def operator(
        self, code: int, inputs: Sequence[int], output: Value, options: Any = None, version: int = 1
    ) -> Value:
        """Append an operator; `options` is the schema's object for it. Gives its output back."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault((code, version), len(self._codes))
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([output.tensor], np.int32)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self._operators.append(operator)
        return output

    def finish(
        self, image: Value, result: Value, description: str, metadata: Mapping[str, str]
    ) -> bytes:
        """The file, of one graph from the image to the result.

        Its signature `serving_default` calls them `image` and `output`. `metadata` are texts by
        name, which nothing that runs the file looks at.
        """
        graph = schema.SubGraphT()
        graph.name = "main"
        graph.tensors = self._tensors
        graph.inputs = np.array([image.tensor], np.int32)
        graph.outputs = np.array([result.tensor], np.int32)
        graph.operators = self._operators
        model = schema.ModelT()
        model.version = 3
        model.description = description
        model.operatorCodes = [_code(*key) for key in self._codes]
        model.subgraphs = [graph]
        model.signatureDefs = [_signature(image, result)]
        model.metadata = [self._metadata(*item) for item in metadata.items()] or None
        model.buffers = self._buffers
        # Room for everything at once: a builder that grows copies all it has each time.
        builder = flatbuffers.Builder(self._bytes + 1024 * (len(self._tensors) + 16))
        builder.Finish(model.Pack(builder), IDENTIFIER)
        return bytes(memoryview(builder.Bytes)[builder.Head() :])

    def _metadata(self, name: str, text: str) -> Any:
        buffer, entry = _AlignedBuffer(), schema.MetadataT()
        buffer.data = np.frombuffer(text.encode(), np.uint8)
        self._bytes += buffer.data.nbytes
        self._buffers.append(buffer)
        entry.name, entry.buffer = name, len(self._buffers) - 1
        return entry

    def _add(self, name: str, shape: tuple[int, ...], kind: int, buffer: int) -> int:
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = np.array(shape, np.int32)
        tensor.type = kind
        tensor.buffer = buffer
        self._tensors.append(tensor)
        return len(self._tensors) - 1


def _code(code: int, version: int) -> Any:
    entry = schema.OperatorCodeT()
    entry.builtinCode = code
    entry.deprecatedBuiltinCode = min(code, 127)  # where old readers look; one byte
    entry.version = version
    return entry


def _signature(image: Value, result: Value) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey = "serving_default"
    signature.subgraphIndex = 0
    signature.inputs, signature.outputs = [], []
    for name, value, ends in (
        ("image", image, signature.inputs),
        ("output", result, signature.outputs),
    ):
        end = schema.TensorMapT()
        end.name, end.tensorIndex = name, value.tensor
        ends.append(end)
    return signature


@dataclass(frozen=True)
class TfliteModel:
    """A .tflite file that was checked: its bytes, and what goes in and comes out.

    Shapes are as stored, (batch, height, width, channels) for images; types are numpy's names.
    """

    content: bytes
    input_shape: tuple[int, ...]
    input_type: str
    output_shape: tuple[int, ...]
    output_type: str
    operators: int


def with_constants_inside(content: bytes) -> bytes:
    """The file with every constant and text within its flatbuffer, where all that reads it looks.

    LiteRT's quantizer puts those of larger files behind it, by offset and size.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    if all(buffer.offset <= 1 for buffer in model.buffers):  # 0 and 1: none
        return content
    for index, buffer in enumerate(model.buffers):
        outside = buffer.offset > 1
        if outside or buffer.data is not None:
            inside = model.buffers[index] = _AlignedBuffer()
            inside.data = (
                np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
                if outside
                else buffer.data
            )
    builder = flatbuffers.Builder(len(content) + 1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(memoryview(builder.Bytes)[builder.Head() :])


def read_tflite(source: Path | str | bytes) -> TfliteModel:
    """Check a file, or the bytes of one, and say what it takes and gives.

    `UsageError` where it cannot be read, is no TFLite file, is damaged, or is no network from one
    tensor to one tensor. LiteRT's own verifier looks at the structure; weights that were altered
    without changing it cannot be noticed.
    """
    name = "the .tflite data" if isinstance(source, bytes) else str(source)
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    if content[4:8] != IDENTIFIER:
        raise UsageError(
            f"{name} is no TFLite file: {content[4:8]!r} stands where every one has {IDENTIFIER!r}"
        )
    try:
        # Without delegates nothing is prepared or run, only verified and listed.
        interpreter = Interpreter(
            model_content=content,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        operators = len(interpreter._get_ops_details())
    except (ValueError, RuntimeError, MemoryError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UsageError(f"{name} is damaged or needs operators LiteRT lacks: {reason}") from error
    if len(inputs) != 1 or len(outputs) != 1:
        raise UsageError(
            f"{name} has {len(inputs)} inputs and {len(outputs)} outputs; image classifiers with "
            "one of each can be measured"
        )
    shapes = [tuple(int(size) for size in part["shape"]) for part in (inputs[0], outputs[0])]
    types = [np.dtype(part["dtype"]).name for part in (inputs[0], outputs[0])]
    return TfliteModel(content, shapes[0], types[0], shapes[1], types[1], operators)
