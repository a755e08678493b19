from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from nasbench_mobile.cli import main


@dataclass
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Result]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `nasbench-mobile ARGUMENTS` in this process, through the entry point users run."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["nasbench-mobile", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        printed = capsys.readouterr()
        assert isinstance(code, int)
        return Result(code, printed.out, printed.err)

    return run
