from __future__ import annotations

import shlex
from pathlib import Path

from nasbench_mobile.shell_words import command


def test_a_shell_takes_a_command_back() -> None:
    words = ("resume", Path("out/s [x] ü"), "--seeds", 5, "it's", "$HOME", "")
    assert shlex.split(command(*words)) == ["nasbench-mobile", *map(str, words)]
    assert command("report", "out/s") == "nasbench-mobile report out/s"
