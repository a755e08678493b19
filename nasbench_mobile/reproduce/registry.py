"""Every experiment, by name."""

from __future__ import annotations

from importlib import import_module

from nasbench_mobile.errors import UnknownNameError
from nasbench_mobile.reproduce.experiment import Experiment

MODULES = {
    "consistency": "consistency",
    "figure3": "figure3",
    "beta": "beta",
    "search-space": "search_space",
    "search-algorithms": "search_algorithms",
    "table1": "table1",
    "figure2": "figure2",
    "table2": "table2",
    "figure5": "figure5",
    "table4": "table4",
    "table3": "table3",
    "figure6": "figure6",
    "table5": "table5",
    "table6": "table6",
    "figure6-extended": "figure6_extended",
    "asynchrony": "asynchrony",
}
"""Name: module of `experiments` that holds it as `EXPERIMENT`, in the order in which `all` runs."""


def experiment(name: str) -> Experiment:
    """An experiment by its name; `UnknownNameError` suggests the nearest ones."""
    if name not in MODULES:
        raise UnknownNameError("experiment", name, MODULES)
    module = import_module(f"nasbench_mobile.reproduce.experiments.{MODULES[name]}")
    found: Experiment = module.EXPERIMENT
    return found


def experiments() -> list[Experiment]:
    """All experiments, in the order in which they are listed."""
    return [experiment(name) for name in MODULES]
