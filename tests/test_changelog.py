"""CHANGELOG.md stands by version, newest first, and by kind of change."""

from __future__ import annotations

import re
from pathlib import Path

CHANGELOG = (Path(__file__).resolve().parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed"]
VERSION = re.compile(r"^## (.+)$", re.MULTILINE)
KIND = re.compile(r"^### (.+)$", re.MULTILINE)


def test_versions_come_newest_first_and_unreleased_before_them() -> None:
    first, *released = VERSION.findall(CHANGELOG)
    assert first == "Unreleased"
    numbers = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \(\d{4}-\d\d-\d\d\)", each) for each in released]
    assert None not in numbers
    order = [tuple(map(int, number.groups())) for number in numbers if number]
    assert order == sorted(order, reverse=True)


def test_each_kind_stands_once_in_a_version_in_one_order() -> None:
    for version in VERSION.split(CHANGELOG)[2::2]:
        kinds = KIND.findall(version)
        assert kinds == [kind for kind in KINDS if kind in kinds]
        assert kinds


def test_no_sentence_stands_twice() -> None:
    """Lines of several people are joined without a conflict, so that one could come in again."""
    entries = [" ".join(entry.split()) for entry in re.split(r"\n(?=- |#|\n)", CHANGELOG)]
    entries = [entry for entry in entries if entry.startswith("- ")]
    assert len(entries) > 50
    assert [entry for entry in entries if entries.count(entry) > 1] == []
