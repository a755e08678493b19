"""The registry of claims: complete, well-formed, and each with an answer of the five."""

from __future__ import annotations

import shlex
from collections import Counter

import pytest
import typer

from nasbench_mobile.cli import app
from nasbench_mobile.errors import NasbenchError, UnknownNameError, UsageError
from nasbench_mobile.reproduce.claims import (
    STATUSES,
    Claim,
    Verdict,
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
        Verdict("x", "holds on our benchmark", "1 of 1")
    with pytest.raises(UsageError, match="known are exact"):
        Verdict("x", "perhaps", "")  # type: ignore[arg-type]
