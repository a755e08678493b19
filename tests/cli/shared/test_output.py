"""Tables of people's text: what does not fit folds, and nothing is cut off."""

from __future__ import annotations

import re

import pytest

from nasbench_mobile.cli.shared.output import print_table

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


def test_numbers_stay_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"name": "space", "size": 431_396_604_088_418_304, "says": "many words " * 20}]
    columns = {"name": "name", "size": "size", "says": ""}
    monkeypatch.setenv("COLUMNS", "80")
    assert "431,396,604,088,418,304" in printed(capsys, columns, rows)
    monkeypatch.setenv("COLUMNS", "40")
    assert "4.314e17" in printed(capsys, columns, rows)
    monkeypatch.setenv("COLUMNS", "10")
    assert "4.314e17" in printed(capsys, columns, rows)
    assert "1.000e4000" in printed(capsys, columns, [{**rows[0], "size": 10**4000}])


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("132", 132), ("x", 100), ("0", 100)])
def test_columns_are_kept_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = printed(capsys, {"says": ""}, [{"says": "word " * 100}]).splitlines()
    assert max(map(len, lines)) == width
