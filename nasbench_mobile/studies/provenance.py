"""Where results come from: library versions and the machine, for logs and reports."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from typing import TypedDict

from nasbench_mobile.devices.host.processor import processor_name

LIBRARIES = (
    "nasbench-mobile",
    "numpy",
    "scipy",
    "torch",
    "optuna",
    "nevergrad",
    "moocore",
    "ai-edge-litert",
)
"""The distributions that figures rest on: their versions can change what a run does or scores."""


def versions(others: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python, of every library that figures rest on, and of `others` (distributions).

    What is not installed is left out.
    """
    found = {"python": platform.python_version()}
    for name in dict.fromkeys((*LIBRARIES, *others)):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


class Environment(TypedDict):
    """Machine and system, for the record."""

    system: str
    machine: str
    processor: str
    cores: int | None
    threads_per_worker: int


def environment() -> Environment:
    """Those of this process."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads_per_worker": 1,
    }
