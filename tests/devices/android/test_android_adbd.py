"""Runs `adbd_checks.py` where a real adbd can be had (Debian's package `adbd`).

NASBENCH_MOBILE_ADBD names another command for it, such as `chroot FOLDER /usr/sbin/adbd`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).with_name("adbd_checks.py")
ADBD = shutil.which("adbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
COMMAND = os.environ.get("NASBENCH_MOBILE_ADBD", ADBD or "")
# A network (and mounts) of their own, in which this user may do what adbd has to.
APART = ["unshare", "--map-root-user", "--net", "--mount"]


def missing() -> str | None:
    """Why the checks cannot run here, or None."""
    if not COMMAND or not shutil.which(shlex.split(COMMAND)[0]):
        return "no adbd here (Debian: apt install adbd; or set NASBENCH_MOBILE_ADBD)"
    if not shutil.which("unshare"):
        return "no unshare here, and adbd would listen on every address"
    tried = subprocess.run([*APART, "true"], capture_output=True, text=True, check=False)
    return f"no network of its own to be had: {tried.stderr}" if tried.returncode else None


def test_over_a_real_adb_connection(tmp_path: Path) -> None:
    pytest.importorskip("adbutils", reason="adbutils is not installed (extra 'android')")
    pytest.importorskip("ai_edge_litert", reason="LiteRT, whose schema the writer uses, is missing")
    reason = missing()
    if reason:
        pytest.skip(reason)
    options = ["-q", "-p", "no:cacheprovider", "--override-ini=addopts=--import-mode=importlib"]
    done = subprocess.run(
        [*APART, sys.executable, "-m", "pytest", *options, str(CHECKS)],
        env={**os.environ, "NASBENCH_MOBILE_ADBD": COMMAND, "HOME": str(tmp_path)},
        cwd=CHECKS.parents[3],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
