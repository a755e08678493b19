"""Values are frozen: every dataclass of the package, but for those named here with a reason."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import nasbench_mobile

MUTABLE = {
    "nasbench_mobile.executors.processes.ProcessExecutor": "holds workers, jobs and messages",
    "nasbench_mobile.executors.processes._Job": "holds a future, which is set",
    "nasbench_mobile.executors.processes._Worker": "has a job, then none",
    "nasbench_mobile.search.progress.Progress": "the ledger counts in it",
    "nasbench_mobile.report.terminal._Progress": "the display counts in it",
    "nasbench_mobile.collecting.collector.CollectingListener": "commands replace it part by part",
}


def dataclasses_by_name() -> dict[str, type]:
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(nasbench_mobile.__path__, "nasbench_mobile."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if dataclasses.is_dataclass(value) and isinstance(value, type):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return {name: kind for name, kind in found.items() if name.startswith("nasbench_mobile.")}


def test_values_are_frozen() -> None:
    mutable = {
        name
        for name, kind in dataclasses_by_name().items()
        if not kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    }
    assert mutable == MUTABLE.keys()
