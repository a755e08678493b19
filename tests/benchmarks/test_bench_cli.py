"""Start-up: `nasbench-mobile --help` and `import nasbench_mobile`, each in a fresh process.

The bar for `--help` is 0.4 s.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

COMMANDS = {
    "help": "import sys; sys.argv = ['nasbench-mobile', '--help']; "
    "from nasbench_mobile.cli import main; main()",
    "import": "import nasbench_mobile",
}


@pytest.mark.parametrize("what", COMMANDS)
def test_start_up(benchmark: Any, what: str) -> None:
    command = [sys.executable, "-c", COMMANDS[what]]
    done = benchmark.pedantic(
        subprocess.run, (command,), {"capture_output": True}, rounds=7, warmup_rounds=1
    )
    assert done.returncode == 0
