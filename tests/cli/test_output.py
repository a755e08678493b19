"""Tables of people's text: what does not fit folds, and nothing is cut off."""

from __future__ import annotations

import re

import pytest

from nasbench_mobile.cli.output import print_table

NAMES = [f"ShuffleNet ({k}.5x)" for k in range(3)]
HEADINGS = {f"c{k}": f"a heading of many words, number {k}" for k in range(5)}


def printed(capsys: pytest.CaptureFixture[str], columns: dict[str, str], rows: object) -> str:
    print_table(columns, rows)  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_headings_fold_before_short_cells_do(capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"name": "network", **HEADINGS}
    rows = [{"name": name, **dict.fromkeys(HEADINGS, 0.123)} for name in NAMES]
    shown = printed(capsys, columns, rows)
    assert max(map(len, shown.splitlines())) <= 100
    for name in NAMES:
        assert re.search(rf"^{re.escape(name)}( +0\.123){{5}} *$", shown, re.MULTILINE)
    assert shown.count("heading") == 5


def test_headings_stay_whole_where_there_is_room(capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"name": "a name of some words", "says": "a sentence"}
    sentence = "many words " * 20
    head, *_ = printed(capsys, columns, [{"name": "a", "says": sentence}]).splitlines()
    assert head.split("  ")[0] == "a name of some words"


def test_cells_too_many_for_the_page_fold(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{f"c{k}": "abcdefghijklmnopqrstuvwxyz" for k in range(5)}]
    shown = printed(capsys, {f"c{k}": f"c{k}" for k in range(5)}, rows)
    assert max(map(len, shown.splitlines())) <= 100
    assert shown.count("z") == 5
