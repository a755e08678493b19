"""The process that runs .tflite files for `HostLatency`; started by path, imports no package.

It needs the standard library, numpy and one runtime, so that it can also be run by the Python of
an environment that holds another runtime (tflite-runtime wants numpy < 2). It reads requests from
standard input and answers on standard output: a line of JSON each, `bytes` of payload after a
request that says so. It ends when its input does, so it never outlives its parent.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, TypedDict

MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}


class Model:
    """A loaded file: `run` invokes it and gives (thread CPU, wall) seconds per invoke."""

    def __init__(self, interpreter_class: Any, content: bytes, warm_up: int) -> None:
        import numpy as np

        self.interpreter = interpreter_class(model_content=content, num_threads=1)
        self.interpreter.allocate_tensors()
        rng = np.random.default_rng(0)
        for entry in self.interpreter.get_input_details():
            shape, kind = entry["shape"], entry["dtype"]
            if np.issubdtype(kind, np.floating):
                value = rng.standard_normal(shape).astype(kind)
            elif np.dtype(kind).itemsize > 1 or kind == np.bool_:
                # Numbers of words, classes or places: what is no pixel is as a rule an index.
                value = rng.integers(0, 2, shape).astype(kind)
            else:
                limits = np.iinfo(kind)
                value = rng.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
            self.interpreter.set_tensor(entry["index"], value)
        for _ in range(warm_up):
            self.interpreter.invoke()

    def run(self, invokes: int = 1) -> tuple[float, float]:
        invoke = self.interpreter.invoke
        wall, cpu = time.perf_counter(), time.thread_time()
        for _ in range(invokes):
            invoke()
        cpu = time.thread_time() - cpu
        return cpu / invokes, (time.perf_counter() - wall) / invokes

    def finite(self) -> bool:
        """Whether every number that comes out is one."""
        import numpy as np

        outputs = self.interpreter.get_output_details()
        return all(
            bool(np.isfinite(self.interpreter.get_tensor(entry["index"])).all())
            for entry in outputs
        )


class Burst(TypedDict):
    """What a burst measured: a run is [thread CPU seconds, wall seconds]."""

    reference: Sequence[Sequence[float]]
    candidates: Sequence[Sequence[Sequence[float]]]
    """Of each candidate; one that cannot be run has none."""
    errors: Sequence[str | None]
    """Of each candidate, why it cannot be run; None where it can."""


class Worker:
    """Answers requests. Holds files, not models: every burst loads them anew.

    Where a model's memory happens to lie moves its time by one or two per cent for as long as it
    stays loaded. Loading it often makes that chance average out.
    """

    def __init__(self, runtime: str) -> None:
        self.interpreter_class = importlib.import_module(MODULES[runtime]).Interpreter
        self.reference = b""
        self.candidates: list[bytes] = []

    def handle(self, request: dict[str, Any], payload: bytes) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = getattr(self, "do_" + request["do"])(request, payload)
        return answer

    def do_reference(self, request: dict[str, Any], payload: bytes) -> dict[str, Any]:
        """Take the payload as the reference."""
        self.reference = payload
        return {}

    def do_candidates(self, request: dict[str, Any], payload: bytes) -> dict[str, Any]:
        """Take the payload as candidates in place of the last; `sizes` are their bytes."""
        ends = itertools.accumulate(request["sizes"], initial=0)
        self.candidates = [payload[start:end] for start, end in itertools.pairwise(ends)]
        return {}

    def do_burst(self, request: dict[str, Any], _: bytes) -> Burst:
        """Load all, then `rounds` times: a run of the reference and one of every candidate.

        In every second round the reference comes last, so that what drifts from one run to the
        next favours neither. A candidate's run is `invokes` invokes in a row.
        """
        warm_up = request["warm_up"]
        reference = Model(self.interpreter_class, self.reference, warm_up)
        models, errors = [], []
        for content in self.candidates:
            model, error = self.load(content, warm_up)
            models.append(model)
            errors.append(error)
        reference_runs: list[tuple[float, float]] = []
        runs: list[list[tuple[float, float]]] = [[] for _ in models]
        for number in range(request["rounds"]):
            if number % 2 == 0:
                reference_runs.append(reference.run())
            for model, times in zip(models, runs, strict=True):
                if model is not None:
                    times.append(model.run(request["invokes"]))
            if number % 2 == 1:
                reference_runs.append(reference.run())
        return {"reference": reference_runs, "candidates": runs, "errors": errors}

    def load(self, content: bytes, warm_up: int) -> tuple[Model | None, str | None]:
        """The model, or why there is none."""
        try:
            model = Model(self.interpreter_class, content, warm_up)
            if model.finite():
                return model, None
            return None, "its output is not finite (NaN or infinity)"
        except Exception as error:
            return None, f"{type(error).__name__}: {error}"


def serve(runtime: str, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the source ends."""

    def answer(record: Mapping[str, Any]) -> None:
        sink.write(json.dumps(record).encode() + b"\n")
        sink.flush()

    try:
        worker = Worker(runtime)
        answer({"runtime": runtime, "version": importlib.metadata.version(runtime)})
    except Exception as error:
        answer({"missing": f"{type(error).__name__}: {error}"})
        return
    for line in iter(source.readline, b""):
        request = json.loads(line)
        payload = source.read(request["bytes"])
        try:
            answer(worker.handle(request, payload))
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    # What a runtime prints must not get among the answers: it goes to standard error instead.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin.buffer, answers)
