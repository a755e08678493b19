"""Heavy libraries stay where they are needed: importing the package loads none of them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

import nasbench_mobile

HEAVY = {"torch", "optuna", "nevergrad", "ray", "pandas"}
SHOW = "import json, sys, {}; print(json.dumps([name.partition('.')[0] for name in sys.modules]))"


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "module",
    [
        "nasbench_mobile",
        "nasbench_mobile.protocols",
        "nasbench_mobile.spaces",
        "nasbench_mobile.cli",
        "nasbench_mobile.interface.comparing",
    ],
)
def test_import_loads_no_heavy_library(module: str) -> None:
    command = [sys.executable, "-c", SHOW.format(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "nasbench_mobile" in loaded
    assert loaded & HEAVY == set()


def test_every_public_name_is_there() -> None:
    assert set(nasbench_mobile._HOMES) == set(nasbench_mobile.__all__)
    for name in nasbench_mobile.__all__:
        assert getattr(nasbench_mobile, name).__name__ == name
    assert set(nasbench_mobile.__all__) <= set(dir(nasbench_mobile))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = nasbench_mobile.Nothing


ROOMS = (
    "interface", "metrics", "objectives", "search", "spaces", "strategies", "studies", "testing"
)  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_have_what_they_call_public(room: str) -> None:
    module = importlib.import_module(f"nasbench_mobile.{room}")
    for name in module.__all__:
        assert getattr(module, name).__name__ == name
        assert getattr(module, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = module.Nothing
