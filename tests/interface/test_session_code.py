"""Code of a session as a file of its own: whole, or refused in words."""

from __future__ import annotations

import linecache
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.plugins.class_files import load_from_file
from nasbench_mobile.plugins.session_code import session_source

CELL = '''
import math
import numpy as np
from collections.abc import Sequence
from dataclasses import dataclass
from nasbench_mobile import Proposal as P

LIMIT, TABLE, NEVER = 3, {"a": (1, 2)}, math.inf
LIVE = object()

@dataclass
class Point:
    x: int = LIMIT

def helper(value: Sequence[int]) -> int:
    return helper(value[1:]) if len(value) > 1 else TABLE["a"][0] + Point().x

class Base:
    def ask(self, count):
        return [P(self.n, (helper([1, 2]),))]

class Mine(Base):
    """Kept as it is."""
    def __init__(self, decisions, seed, budget):
        super().__init__()
        self.rng, self.n, self.best = np.random.default_rng(seed), 0, -NEVER
    def tell(self, trials):
        pass

class Bad:
    def ask(self, count):
        return LIVE

def around():
    local = 3
    class Inner:
        def ask(self, count):
            return local
    return Inner
'''


@pytest.fixture
def session() -> dict[str, Any]:
    """What a notebook's cell leaves behind: names, and lines that linecache alone knows."""
    name = "<a cell>"
    linecache.cache[name] = (len(CELL), None, CELL.splitlines(keepends=True), name)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL, name, "exec"), names)
    return names


def test_a_class_is_written_with_all_that_it_names(session: dict[str, Any], tmp_path: Path) -> None:
    text = session_source(session["Mine"])
    (tmp_path / "mine.py").write_text(text)
    mine = load_from_file("strategy", f"{tmp_path}/mine.py:Mine")([], 0, 5)
    assert mine.ask(1)[0].tokens == (4,)
    assert mine.best == -float("inf")
    assert "import numpy as np" in text
    assert "from nasbench_mobile.types import Proposal as P" in text
    assert "LIVE" not in text
    assert session_source(session["Mine"]) == text


def test_what_cannot_be_written_is_named(session: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"Bad uses LIVE, a value .* \(of the type object\)"):
        session_source(session["Bad"])
    with pytest.raises(UsageError, match="Inner uses local, a variable of the function"):
        session_source(session["around"]())
    made = type("Made", (), {"ask": lambda self, count: []})
    with pytest.raises(UsageError, match="the code of Made is not to be had"):
        session_source(made)


def test_a_script_need_not_be_a_notebook(tmp_path: Path) -> None:
    """A function at the top of a file is cut out with its decorators."""
    file = tmp_path / "script.py"
    file.write_text(
        textwrap.dedent("""
        import functools
        @functools.cache
        def early(): return 1
        def factory(decisions, seed, budget):
            return functools.partial(str)
        """)
    )
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(file.read_text(), str(file), "exec"), names)
    text = session_source(names["factory"])
    assert "early" not in text
    assert text.endswith(
        "def factory(decisions, seed, budget):\n    return functools.partial(str)\n"
    )


NEIGHBOUR = """
import nasbench_mobile as nm
{imported}

class S:
    def __init__(self, decisions, seed, budget):
        self.count, self.length = 0, len(decisions)
    def ask(self, count):
        self.count += 1
        return [nm.Proposal(self.count, ({used}(),) * self.length)]
    def tell(self, trials):
        pass

nm.compare("imagenet-pixel1", [S], 1, 5, "out", jobs=1)
"""


@pytest.mark.parametrize(
    ("imported", "used"), [("from helper import pick", "pick"), ("import helper", "helper.pick")]
)
def test_a_file_beside_the_script_is_not_lost_in_silence(
    tmp_path: Path, imported: str, used: str
) -> None:
    """It would be neither kept nor hashed: another version of it would go unnoticed."""
    (tmp_path / "helper.py").write_text("def pick():\n    return 0\n")
    script = tmp_path / "script.py"
    script.write_text(NEIGHBOUR.format(imported=imported, used=used))
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"of {tmp_path / 'helper.py'}, a file beside your script" in done.stderr
    assert "put S into a file beside that one" in done.stderr
    assert not (tmp_path / "out").exists()
