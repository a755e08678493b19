"""The page of the reproduction: what failed comes first, and nothing written is taken as HTML."""

from __future__ import annotations

from typing import Any

from nasbench_mobile.report.reproduction import page


def _claim(name: str, status: str, *, contradiction: bool = False) -> dict[str, Any]:
    return {
        "id": name, "section": "Section 1", "statement": f"Statement <{name}>", "paper": "1",
        "check": "counting", "tolerance": "none", "experiment": "table1", "status": status,
        "contradiction": contradiction, "detail": "1 < 2", "benchmark": None,
    }  # fmt: skip


def _page(claims: list[dict[str, Any]]) -> str:
    cell = {"paper": 78, "ours": None, "how": "needs a phone", "note": "a"}
    table = {
        "title": "Table 1", "keys": ["model"], "columns": ["latency (ms)"],
        "rows": [{"key": ["A1"], "cells": [cell]}],
        "notes": [{"letter": "a", "how": "needs a phone"}],
    }  # fmt: skip
    experiment = {
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
