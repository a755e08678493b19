"""Optional dependencies: whether one is there, and the command that installs it here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shlex
import sys
from pathlib import Path

from nasbench_mobile.errors import MissingExtraError

DISTRIBUTION = "nasbench-mobile"
HOME = Path(__file__).resolve().parents[1]
"""The folder that holds the package: a checkout, or the site-packages of an installed wheel."""


def need(purpose: str, extra: str, **packages: str) -> None:
    """`MissingExtraError` where a module is not installed; `packages` is module=distribution.

    >>> need("reading", "train", json="json")
    """
    missing = [packages[m] for m in packages if importlib.util.find_spec(m) is None]
    if missing:
        raise MissingExtraError(
            f"{purpose} needs {' and '.join(missing)}, not installed here; "
            f"run: {install_command(extra, *packages.values())}"
        )


def install_command(extra: str, *packages: str) -> str:
    """A command for this Python that installs an extra, as no index has this project.

    In a checkout it is the editable form, with the checkout's exact versions. Elsewhere it names
    what the extra requires; `packages` are for where no metadata says that.
    """
    python, home = _from_here(Path(sys.executable)), _from_here(HOME)
    if _is_checkout(HOME):
        constraints = os.path.join(home, "constraints.txt")
        words = ["-c", os.path.normpath(constraints), "-e", f"{home}[{extra}]"]
    else:
        words = _requirements(extra) or list(packages)
    return shlex.join([python, "-m", "pip", "install", *words])


def _from_here(path: Path) -> str:
    """The path as a command shows it: short within the working folder, else absolute."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _is_checkout(home: Path) -> bool:
    """Whether the project's own pyproject.toml lies there; a stray one is of another project."""
    try:
        text = (home / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return f'name = "{DISTRIBUTION}"' in text


def _requirements(extra: str) -> list[str]:
    try:
        declared = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    only = re.compile(rf"""\bextra\s*==\s*['"]{re.escape(extra)}['"]""")
    parts = [line.partition(";") for line in declared]
    return [requirement.strip() for requirement, _, marker in parts if only.search(marker)]
