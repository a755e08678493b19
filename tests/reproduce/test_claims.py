"""The registry of claims: complete, well-formed, and each with an answer of the five."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any

import pytest
import typer

from nasbench_mobile.cli import app
from nasbench_mobile.errors import NasbenchError, UnknownNameError, UsageError
from nasbench_mobile.reproduce.claims import (
    STATUSES,
    Claim,
    ClaimVerdict,
    claims,
    claims_of,
    exactly,
    judged,
    on,
)
from nasbench_mobile.reproduce.registry import MODULES, experiment, experiments


def test_every_claim_has_its_own_id_and_an_experiment() -> None:
    ids = Counter(claim.id for claim in claims())
    assert max(ids.values()) == 1
    in_all = {one.name for one in experiments() if one.in_all}
    assert {claim.experiment for claim in claims()} == in_all


def test_the_statuses_are_the_five() -> None:
    assert STATUSES == (
        "exact", "holds on our benchmark", "does not hold", "needs ImageNet/a phone",
        "needs COCO detection",
    )  # fmt: skip


@pytest.mark.parametrize("claim", [c for c in claims() if c.command], ids=lambda claim: claim.id)
def test_commands_that_check_elsewhere_are_commands(claim: Claim) -> None:
    program, *words = shlex.split(str(claim.command))
    root = typer.main.get_command(app)
    assert program == "nasbench-mobile"
    command = root.commands[words[0]]  # type: ignore[attr-defined]
    command.make_context(words[0], words[1:])


def test_registered_names_are_those_of_the_experiments() -> None:
    assert [one.name for one in experiments()] == list(MODULES)
    with pytest.raises(UnknownNameError, match="did you mean 'table6'"):
        experiment("tabel6")


def test_a_claim_left_out_is_noticed() -> None:
    own = claims_of("figure3")
    verdicts = [exactly(claim.id, True, "as printed") for claim in own]
    assert judged("figure3", verdicts) == tuple(verdicts)
    with pytest.raises(NasbenchError, match="figure3-soft"):
        judged("figure3", [v for v in verdicts if v.claim != "figure3-soft"])
    with pytest.raises(NasbenchError, match="space-size"):
        judged("figure3", [*verdicts, exactly("space-size", True, "10^13")])
    with pytest.raises(NasbenchError, match="once"):
        judged("figure3", [*verdicts, verdicts[0]])


def test_what_needs_something_says_how_to_check_it_there() -> None:
    for verdict in judged("table3", []):
        assert verdict.status == "needs COCO detection"
    needs = {claim.id for claim in claims() if claim.needs == "imagenet"}
    assert needs
    for claim in claims():
        assert claim.id not in needs or claim.command


def test_a_verdict_checks_itself() -> None:
    assert on("a benchmark", "x", True, "1 of 1").benchmark == "a benchmark"
    assert on("a benchmark", "x", False, "0 of 1").detail == "0 of 1 (on a benchmark)"
    with pytest.raises(UsageError, match="must name a benchmark"):
        ClaimVerdict("x", "holds on our benchmark", "1 of 1")
    with pytest.raises(UsageError, match="known are exact"):
        ClaimVerdict("x", "perhaps", "")  # type: ignore[arg-type]


def test_a_claim_checks_itself() -> None:
    whole: dict[str, Any] = {
        "id": "x", "section": "Section 1", "statement": "It is so", "paper": "1",
        "experiment": "figure3", "check": "counting", "tolerance": "none",
    }  # fmt: skip
    for name in whole:
        with pytest.raises(UsageError, match=f"has no {name}"):
            Claim(**{**whole, name: ""})
    with pytest.raises(UsageError, match="needs 'luck'; known are"):
        Claim(**whole, needs="luck")
    with pytest.raises(UsageError, match="names no command"):
        Claim(**whole, needs="imagenet")
    assert Claim(**whole, needs="coco").command is None  # nothing can check it yet
    assert not Claim(**whole).contradiction


def test_a_verdict_is_written_with_all_it_says() -> None:
    assert on("a benchmark", "x", True, "1 of 1").to_json() == {
        "id": "x", "status": "holds on our benchmark", "detail": "1 of 1",
        "benchmark": "a benchmark",
    }  # fmt: skip
    assert on("a benchmark", "x", True, "1 of 1").detail == "1 of 1"
    assert exactly("x", True, "1").status == "exact"
    assert exactly("x", False, "1").status == "does not hold"
    with pytest.raises(UsageError, match="must name a benchmark"):
        ClaimVerdict("x", "exact", "1 of 1", "a benchmark")


def test_what_was_not_judged_names_the_command_in_the_registrys_order() -> None:
    own = claims_of("table2")
    judged_here = [exactly(claim.id, True, "1") for claim in own if claim.needs is None]
    found = judged("table2", judged_here[::-1])
    assert [verdict.claim for verdict in found] == [claim.id for claim in own]
    [declared] = [v for v in found if v.status == "needs ImageNet/a phone"]
    [claim] = [claim for claim in own if claim.needs]
    assert declared.detail == f"Check: {claim.command}"
    more = judged("table2", [*judged_here, exactly(claim.id, False, "2")])
    assert more[[c.id for c in own].index(claim.id)].status == "does not hold"
    assert judged("table3", [])[0].detail == "Detection is not built yet."
