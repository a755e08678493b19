"""Limits on what one training may take, and the failures that reaching them are."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from nasbench_mobile.errors import NasbenchError, UsageError


class TrainingFailure(NasbenchError):
    """A training that gave no accuracy: diverged, too long, or out of memory. A failed trial."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and memory for one training; None for no limit of time, and what is free of memory.

    `memory_mb` is what it may take beside what the process has already. It is kept on Linux, by
    the kernel; elsewhere, and for a GPU's memory, being out of it is noticed when it happens.
    """

    time_s: float | None = None
    memory_mb: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("time_s", self.time_s), ("memory_mb", self.memory_mb)):
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"limit {name} is {value}; it must be finite and above 0, or None")

    def check_time(self, elapsed_s: float) -> None:
        """`TrainingFailure` where a training has taken longer than it may."""
        if self.time_s is not None and elapsed_s > self.time_s:
            raise TrainingFailure(f"the training took longer than its limit of {self.time_s:.4g} s")

    @contextmanager
    def memory(self) -> Iterator[None]:
        """Raise `TrainingFailure` where memory runs out in this context; the process goes on."""
        try:
            with _data_limit(self.memory_mb):
                yield
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise self._out_of_memory() from error
        except RuntimeError as error:
            if "allocate memory" in str(error) or "bad_alloc" in str(error):
                raise self._out_of_memory() from error
            raise

    def _out_of_memory(self) -> TrainingFailure:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        given = "" if self.memory_mb is None else f" (limit {self.memory_mb:.4g} MB)"
        return TrainingFailure(
            f"the training ran out of memory{given}; a smaller batch, width or input size needs "
            "less"
        )


@contextmanager
def _data_limit(memory_mb: float | None) -> Iterator[None]:
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    extra = _available() if memory_mb is None else int(memory_mb * 2**20)
    limit = min(_in_use() + extra, sys.maxsize)  # the largest that can be set
    ceilings = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(ceilings), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _in_use() -> int:
    return _kilobytes(Path("/proc/self/status"), "VmData") * 1024


def _available() -> int:
    return _kilobytes(Path("/proc/meminfo"), "MemAvailable") * 1024


def _kilobytes(path: Path, key: str) -> int:
    for line in path.read_text("utf-8", "replace").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    raise NasbenchError(f"{path} has no {key}; give no memory limit on this system")


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """PyTorch with this many threads on the CPU, and as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Stopwatch:
    """The wall seconds since it was made, beside those of earlier sittings."""

    def __init__(self, earlier_s: float = 0.0) -> None:
        self._start, self._earlier = time.perf_counter(), earlier_s

    @property
    def elapsed_s(self) -> float:
        return self._earlier + time.perf_counter() - self._start
