from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mutation.record import Equivalent, page, read_equivalents, read_rows, summary

ROOT = Path(__file__).resolve().parents[2]
HEAD = {
    "commit": "0123456789abcdef", "seed": 3, "count": 4, "cosmic_ray": "8.7.0",
    "places": {"metrics": 40}, "baseline_cpu_s": 60.0,
}  # fmt: skip


def row(outcome: str, new: str, line: int = 7) -> dict[str, object]:
    return {
        "room": "metrics", "file": "a.py", "within": "f", "line": line, "operator": "o",
        "old": "x < 1", "new": new, "outcome": outcome, "by": None, "tests": 2, "cpu_s": 15.0,
        "diff": "-x < 1\n+" + new,
    }  # fmt: skip


ROWS = [row("caught", "x > 1"), row("timeout", "x < 2"), row("survived", "x <= 1"),
        row("survived", "x != 1")]  # fmt: skip
NAMED = [Equivalent("a.py", "f", "x < 1", "x <= 1", "x is never 1"),
         Equivalent("a.py", "f", "x < 1", "x > 1", "wrongly named")]  # fmt: skip


def test_only_survivors_can_be_equivalent() -> None:
    found = summary(HEAD, ROWS, NAMED)
    assert found["rooms"]["metrics"] == found["all"] == {
        "mutants": 4, "caught": 1, "timeout": 1, "equivalent": 1, "survived": 1,
        "share": 0.75, "cpu_s": 60.0,
    }  # fmt: skip
    assert [one["new"] for one in found["survivors"]] == ["x != 1"]
    assert [one["reason"] for one in found["equivalents"]] == ["x is never 1"]


def test_the_page_has_the_figures_and_the_survivors() -> None:
    shown = page(summary(HEAD, ROWS, NAMED))
    assert "| metrics | 40 | 4 | 1 | 1 | 1 | 1 | 75.0% | 60 |" in shown
    assert "Noticed are 75.0% of all (the bar is 85%), in 2.0 minutes of CPU time" in shown
    survivors, equivalents = shown.split("## Survivors")[1].split("## Equivalent")
    assert "+x != 1" in survivors
    assert "x is never 1" in equivalents


def test_a_torn_last_line_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "mutants.jsonl"
    assert read_rows(path) == ({}, [])
    path.write_text("\n".join(json.dumps(one) for one in (HEAD, *ROWS)) + '\n{"room": "me')
    assert read_rows(path) == (HEAD, ROWS)


def test_named_changes_have_a_reason_and_stand_in_the_code() -> None:
    for one in read_equivalents():
        code = (ROOT / one.file).read_text(encoding="utf-8")
        stripped = "\n".join(line.strip() for line in code.split("\n"))
        assert one.old in stripped, f"{one.file} has no {one.old!r}: take the entry out"
    with pytest.raises(ValueError, match="no reason"):
        Equivalent("a.py", "f", "x", "y", " ")


def test_names_are_read_without_indentation(tmp_path: Path) -> None:
    path = tmp_path / "equivalent.toml"
    path.write_text(
        '[[equivalent]]\nfile = "a.py"\nwithin = "f"\nold = """\n    x <\n        1\n"""\n'
        'new = "  x <= 1"\nreason = "x is never 1"\n'
    )
    assert read_equivalents(path) == [Equivalent("a.py", "f", "x <\n1", "x <= 1", "x is never 1")]
