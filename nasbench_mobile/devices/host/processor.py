"""What this machine's processor calls itself."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path


def processor_name() -> str:
    """The processor's name as the system gives it, else the kind of machine."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return platform.processor() or sys.platform
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()
