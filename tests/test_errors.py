"""Every error of the project crosses processes whole."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil

import pytest

import nasbench_mobile
from nasbench_mobile.errors import NasbenchError

GIVEN: dict[str, tuple[object, ...]] = {
    "UnknownNameError": ("space", "mnasnit", ["mnasnet"]),
    "WorkerDied": (-11,),
    "LawBroken": ("seen", "a_law"),
    "CallHung": ("seen", "a_law"),
}
"""What errors are made of that are not made of their message alone."""


def kinds() -> list[type[NasbenchError]]:
    """Every class of errors in the package."""
    found: dict[type[NasbenchError], None] = {}
    for module in pkgutil.walk_packages(nasbench_mobile.__path__, "nasbench_mobile."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and issubclass(value, NasbenchError):
                found[value] = None
    return list(found)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_crosses_processes(kind: type[NasbenchError]) -> None:
    error = kind(*GIVEN.get(kind.__name__, ("what was wrong: 'seen'",)))
    error.add_note("a note")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error) != ""
    assert vars(again) == vars(error)
    assert again.exit_code == kind.exit_code
