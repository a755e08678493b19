"""How the folders of a study's runs are called: short, readable, and never two alike."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from nasbench_mobile.errors import UsageError

PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9._+-]{0,58}[a-z0-9+-])?")
"""Matches labels that are folder names as they are; capitals some disks do not tell apart."""

RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
"""Names that Windows takes for devices."""

READABLE = 40
"""Characters of a label that its folder's name keeps: our choice, a name and an option."""


def run_folder(label: str) -> str:
    """A folder's name for a label: the label where it is plain, else its letters and a hash.

    >>> run_folder("nevergrad-de")
    'nevergrad-de'
    >>> run_folder("a/b.py:S"), run_folder("a_b.py:S")
    ('a_b.py_S-ff641acd', 'a_b.py_S-718ab972')
    """
    if PLAIN.fullmatch(label) and not RESERVED.fullmatch(label):
        return label
    letters = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9.=+-]+", "_", letters)[:READABLE].strip("._-") or "strategy"
    return f"{readable}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def run_folders(labels: Sequence[str]) -> list[str]:
    """A folder for each label; `UsageError` where a disk could take two for one."""
    folders = [run_folder(label) for label in labels]
    _check(labels, folders)
    return folders


def first_folders(labels: Sequence[str]) -> list[str]:
    """The folders of studies whose manifest names none (schema 1); each label's own slug.

    Where two labels had one, only the first could run; the other gets a name of its own.
    """
    folders: list[str] = []
    for label in labels:
        slug = re.sub(r"[^A-Za-z0-9._=+-]+", "_", label)
        taken = slug in folders or len(slug) > 255
        folders.append(run_folder(label) if taken else slug)
    return folders


def _check(labels: Sequence[str], folders: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for label, folder in zip(labels, folders, strict=True):
        other = seen.setdefault(folder.casefold(), label)
        if other != label:
            raise UsageError(
                f"the strategies {other!r} and {label!r} would write into one folder, {folder}; "
                "give one of them another label: --strategy LABEL=SPEC"
            )
