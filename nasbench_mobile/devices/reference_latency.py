"""The reference network's nominal latency on a device: measured once, then kept.

Ratios are what is measured well; milliseconds are ratios times this one number. Were it measured
anew by every process, its own drift (tens of per cent on a shared machine) would be in every
latency, so it is kept in the user's cache, a file per device, runtime and version.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import checked, damaged, read_json_map
from nasbench_mobile.files.kept_folder import VARIABLE, kept_folder

_AGAIN = "remove it, and the reference is measured again"


def nominal_ms(key: str, measure: Callable[[], float]) -> float:
    """The milliseconds kept under `key`; measured by `measure` and kept where there are none.

    Where processes measure at the same time, the first to finish wins: all return its number.
    """
    path = kept_folder() / "nominal-latency" / (re.sub(r"[^A-Za-z0-9._+-]+", "_", key) + ".json")
    if not path.exists():
        _keep(path, {"key": key, "latency_ms": measure(), "date": time.strftime("%Y-%m-%d")})
    kept = read_json_map(path, _AGAIN)
    value = float(checked(path, kept, "latency_ms", "a number", remedy=_AGAIN))
    if value <= 0.0:
        raise damaged(path, f"it says {value!r} ms", _AGAIN)
    return value


def _keep(path: Path, record: dict[str, object]) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(beside, path)
        beside.unlink()
    except OSError as error:
        raise UsageError(
            f"cannot keep the reference's latency in {path}: {error.strerror}; give it yourself "
            f"(--nominal-ms), or name a folder that can be written in {VARIABLE}"
        ) from error
