from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nasbench_mobile.training.memory import give_back

MEGABYTE = 2**20


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_freed_memory_that_is_pinned_from_above_is_given_back() -> None:
    small = 64 * 1024  # below what the C library maps on its own
    blocks = [b"x" * small for _ in range(128 * MEGABYTE // small)]
    pins = blocks[::64]
    del blocks
    kept = resident()
    give_back()
    assert kept - resident() > 64 * MEGABYTE
    assert sum(map(len, pins)) == 2 * MEGABYTE
    give_back()  # nothing is left to give, and that is well


def test_it_is_harmless_where_the_c_library_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    give_back()
