"""Where results come from: library versions and the machine, for logs and reports."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from nasbench_mobile.evaluators.processor import processor_name

LIBRARIES = ("nasbench-mobile", "numpy", "torch", "optuna", "nevergrad")
"""Distributions whose version can change what a run does."""


def versions() -> dict[str, str]:
    """Versions of Python and of every library that can change a run."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def environment() -> dict[str, Any]:
    """Machine and system, for the record."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads_per_worker": 1,
    }
