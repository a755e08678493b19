"""CITATION.cff is well formed, and says what the other files say of version, licence and paper."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import nasbench_mobile

ROOT = Path(__file__).resolve().parents[1]
BIBTEX = (ROOT / "docs/citing.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return loaded


def test_it_has_what_the_format_asks_for(citation: dict[str, Any]) -> None:
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    for work in (citation, *citation["references"]):
        assert work["title"]
        assert all("name" in one or "family-names" in one for one in work["authors"])


def test_one_version_everywhere(citation: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    install = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    wheels = re.findall(r"nasbench_mobile-([\d.]+)-py3", install)
    cited = re.findall(r"^  version = \{(.+)\}", BIBTEX, re.MULTILINE)
    assert {nasbench_mobile.__version__, citation["version"], *wheels, *cited} == {
        project["version"]
    }
    assert citation["license"] == project["license"]


def test_the_paper_is_the_same_in_every_form(citation: dict[str, Any]) -> None:
    (paper,) = citation["references"]
    assert paper["type"] == "conference-paper"
    assert f"doi       = {{{paper['doi']}}}" in BIBTEX
    assert f"pages     = {{{paper['start']}--{paper['end']}}}" in BIBTEX
    authors = [f"{one['family-names']}, {one['given-names']}" for one in paper["authors"]]
    assert " and ".join(authors) in " ".join(BIBTEX.split())
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    named = [one["family-names"] for one in paper["authors"]]
    assert all(name in notice for name in named)
