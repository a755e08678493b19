"""A child process that runs .tflite files: started when needed, kept, replaced when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import MissingExtraError, NasbenchError

WORKER = Path(__file__).with_name("worker.py")
INSTALL = {
    "ai-edge-litert": "pip install ai-edge-litert",
    "tflite-runtime": (
        "pip install tflite-runtime 'numpy<2' into an environment of its own (Python <= 3.11) and "
        "name its Python: --python ENV/bin/python"
    ),
}
"""The command that installs each runtime."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
START_LIMIT_S = 60.0
"""Seconds in which the worker starts and imports its runtime: many, as a busy machine is slow."""


class WorkerFailure(NasbenchError):
    """A request that the worker refused, died of, or did not answer in time."""


class WorkerProcess:
    """Sends requests to a worker, one at a time. `start` replaces one that died; a request fails.

    `started` counts starts: what a worker was told to keep is gone when it has risen. A request
    does not start a worker, because it may rest on what an earlier one told the worker to keep.
    """

    def __init__(self, runtime: str, python: str | None = None) -> None:
        self.runtime = runtime
        self.version = ""
        self.started = 0
        self._command = [python or sys.executable, str(WORKER), runtime]
        self._process: subprocess.Popen[bytes] | None = None
        self._finalizer: Any = None

    def start(self) -> None:
        """Start the worker where none runs; `MissingExtraError` where its runtime is missing."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | ONE_THREAD,
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        except OSError as error:
            raise MissingExtraError(f"cannot run {self._command[0]}: {error.strerror}") from error
        self._process, self._finalizer = process, weakref.finalize(self, _end, process)
        self.started += 1
        answer = self._exchange(process, [], START_LIMIT_S)
        if "missing" in answer:
            self.close()
            raise MissingExtraError(
                f"the runtime {self.runtime} cannot be used by {self._command[0]} "
                f"({answer['missing']}); {INSTALL[self.runtime]}"
            )
        self.version = str(answer["version"])

    def request(
        self, record: dict[str, Any], payload: Sequence[bytes] = (), *, limit_s: float
    ) -> dict[str, Any]:
        """The worker's answer; `WorkerFailure` where it has an error, dies or takes too long.

        One that died between two requests fails the second, as if it had died in it.
        """
        process = self._process
        if process is None:
            raise WorkerFailure(f"the worker of {self.runtime} is not running; call start() first")
        sizes = list(map(len, payload))
        line = json.dumps(record | {"bytes": sum(sizes), "sizes": sizes}).encode() + b"\n"
        answer = self._exchange(process, [line, *payload], limit_s)
        if "error" in answer:
            raise WorkerFailure(f"{self.runtime} cannot run the file: {answer['error']}")
        return answer

    def _exchange(
        self, process: subprocess.Popen[bytes], parts: Sequence[bytes], limit_s: float
    ) -> dict[str, Any]:
        """Write the parts, read a line; the worker is killed where that takes too long."""
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(max(limit_s, 0.001), stop)
        timer.daemon = True
        timer.start()
        try:
            line = _write_and_read(process, parts)
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.close()
        if late.is_set():
            raise WorkerFailure(f"the run took longer than its limit of {limit_s:.3g} s")
        raise WorkerFailure(f"{self.runtime} {_death(process.returncode)} on this file")

    def close(self) -> None:
        """End the worker; the next request starts another."""
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._finalizer = None


def _write_and_read(process: subprocess.Popen[bytes], parts: Sequence[bytes]) -> bytes:
    """The answering line; empty or torn where the process has died."""
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        for part in parts:
            process.stdin.write(part)
        process.stdin.flush()
    except OSError:
        pass  # it has died: reading its answer says so
    return process.stdout.readline()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what a dead worker did not read cannot be flushed
                pipe.close()


def _death(code: int) -> str:
    if code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    return f"ended with exit code {code}"
