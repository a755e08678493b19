"""The page of the reproduction: what failed comes first, and nothing written is taken as HTML."""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_mobile.report import reproduction
from nasbench_mobile.report.reproduction import page
from nasbench_mobile.report.wording import NOTHING


def _claim(name: str, status: str, *, contradiction: bool = False) -> Any:
    return {
        "id": name, "section": "Section 1", "statement": f"Statement <{name}>", "paper": "1",
        "check": "counting", "tolerance": "none", "experiment": "table1", "status": status,
        "contradiction": contradiction, "detail": "1 < 2", "benchmark": None,
    }  # fmt: skip


def _page(claims: list[Any]) -> str:
    cell = {"paper": 78, "ours": None, "how": "needs a phone", "note": "a"}
    table: Any = {
        "title": "Table 1", "keys": ["model"], "columns": ["latency (ms)"],
        "rows": [{"key": ["A1"], "cells": [cell]}],
        "notes": [{"letter": "a", "how": "needs a phone"}],
    }  # fmt: skip
    experiment: Any = {
        "experiment": "table1", "title": "Table 1: networks", "shows": "them", "claims": claims,
        "tables": [], "said": ["see `consistency` & <others>"], "pictures": [],
        "cost": {"wall_s": 1.0, "cpu_s": 1.0}, "command": "nasbench-mobile reproduce table1",
    }  # fmt: skip
    return page(
        claims=claims, tables=[table], experiments=[experiment],
        cost={"wall_s": 1.0, "cpu_s": 1.0}, quick=False,
    )  # fmt: skip


def test_what_does_not_hold_comes_first_and_every_claim_once() -> None:
    text = _page(
        [
            _claim("counted", "exact"),
            _claim("misprint", "does not hold", contradiction=True),
            _claim("missed", "does not hold"),
        ]
    )
    places = [text.index(f'id="claim-{name}"') for name in ("missed", "misprint", "counted")]
    assert places == sorted(places)
    assert text.count('id="claim-') == 3
    assert "Needs COCO detection" not in text  # no heading without statements


def test_a_missing_figure_says_why_below_its_table() -> None:
    text = _page([_claim("counted", "exact")])
    assert '<sup title="needs a phone">a</sup>' in text
    assert "<sup>a</sup> needs a phone." in text


def test_what_is_written_is_escaped_and_backticks_are_code() -> None:
    text = _page([_claim("counted", "exact")])
    assert "Statement &lt;counted&gt;" in text
    assert "See <code>consistency</code> &amp; &lt;others&gt;." in text


def test_groups_stand_in_their_order_and_say_what_they_mean() -> None:
    claims = [
        _claim("a", "needs COCO detection"), _claim("b", "not run"),
        _claim("c", "needs ImageNet/a phone"), _claim("d", "exact"),
        _claim("e", "holds on our benchmark"), _claim("f", "does not hold", contradiction=True),
        _claim("g", "exact", contradiction=True), _claim("h", "does not hold"),
    ]  # fmt: skip
    groups = list(reproduction._groups(claims))
    assert [[claim["id"] for claim in group["claims"]] for group in groups] == [
        ["h"], ["f"], ["e"], ["d", "g"], ["c"], ["a"], ["b"],
    ]  # fmt: skip
    assert [group["colour"] for group in groups] == [
        "bad", "bad", "good", "good", "open", "open", "open",
    ]  # fmt: skip
    assert [group["title"] for group in groups[:2]] == [
        "does not hold here", "printed figures disagree",
    ]  # fmt: skip
    assert groups[0]["id"] == "group-0"
    [alone] = reproduction._groups([_claim("b", "not run")])
    assert (alone["id"], alone["title"]) == ("group-6", "not run")


def test_an_experiment_counts_its_own_answers() -> None:
    statuses = ["exact"] * 4 + ["holds on our benchmark"] * 3 + ["does not hold"] * 2
    statuses += ["needs ImageNet/a phone", "needs COCO detection", "not run"]
    claims = [_claim(f"c{n}", status) for n, status in enumerate(statuses)]
    other: Any = {**_claim("x", "exact"), "experiment": "table2"}
    one: Any = {"experiment": "table1", "title": "T"}
    found = reproduction._with_statements(one, [*claims, other])
    assert found["counts"] == [4, 3, 2, 3]
    assert found["statements"] == claims
    assert found["title"] == "T"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, NOTHING), (0.123456, "0.1235"), (1234567, "1,234,567"), (True, "True"), ("78", "78"),
     (78.0, "78")],
)  # fmt: skip
def test_a_cell_shows_four_digits(value: Any, shown: str) -> None:
    assert reproduction._figure(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.26, "0.3 s"), (89.9, "89.9 s"), (90.0, "1.5 min"), (3600.0, "60.0 min")],
)
def test_durations_are_minutes_from_ninety_seconds_on(seconds: float, shown: str) -> None:
    assert reproduction._duration(seconds) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see `a` and `b<c`", "see <code>a</code> and <code>b&lt;c</code>"),
        ("one ` alone & <more>", "one ` alone &amp; &lt;more&gt;"),  # no code: nothing closes it
        ("plain", "plain"),
    ],
)
def test_code_is_what_backticks_enclose(text: str, shown: str) -> None:
    assert str(reproduction._marked(text)) == shown


def test_a_sentence_begins_with_a_capital_and_the_rest_stays() -> None:
    assert reproduction._sentence("mnasNet is IT") == "MnasNet is IT"
    assert reproduction._sentence("") == ""
