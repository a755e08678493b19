"""What a folder of records amounts to: lists, tables with notes, commands, and the story."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.reproduce import docs_page as story
from nasbench_mobile.reproduce import report_folder as publish
from nasbench_mobile.reproduce.claims import claims, claims_of, exactly
from nasbench_mobile.reproduce.paper import PrintedTable
from nasbench_mobile.reproduce.registry import MODULES

TABLE = PrintedTable(
    "made-up", "Table 9", ("model", "input_size"), ("top1_pct", "pixel1_latency_ms"),
    (("A", 96, 60, None), ("A", 224, 71.25, 78), ("B", 96, 50.5, 9)),
)  # fmt: skip


def number(row: list[Any], column: str, ours: float | None, how: str) -> dict[str, Any]:
    return {
        "table": "made-up", "row": row, "column": column, "paper": 1.0, "ours": ours, "how": how,
    }  # fmt: skip


def test_a_printed_table_has_our_figures_and_a_letter_for_each_reason() -> None:
    other = {**number(["A", 96], "top1_pct", 9.0, "elsewhere"), "table": "table9"}
    records: Any = {
        "one": {"numbers": [number(["A", 96], "top1_pct", None, "needs ImageNet"), other]},
        "two": {
            "numbers": [
                number(["A", 224], "pixel1_latency_ms", 80.5, "estimate"),
                number(["B", 96], "top1_pct", None, "needs ImageNet"),
                number(["B", 96], "pixel1_latency_ms", 9.5, "estimate"),
            ]
        },
    }
    found = publish._printed(TABLE, records)
    assert (found["title"], found["keys"]) == ("Table 9", ["model", "input size"])
    assert found["columns"] == ["top-1 (%)", "latency (ms)"]
    assert [row["key"] for row in found["rows"]] == [["A", "96"], ["A", "224"], ["B", "96"]]

    def cell(paper: Any, ours: float | None, how: str, note: str) -> dict[str, Any]:
        return {"paper": paper, "ours": ours, "how": how, "note": note}

    assert [row["cells"] for row in found["rows"]] == [
        [cell("60.0", None, "needs ImageNet", "a"), cell(None, None, "", "")],
        [cell(71.25, None, "not run", "b"), cell(78, 80.5, "estimate", "c")],
        [cell("50.5", None, "needs ImageNet", "a"), cell(9, 9.5, "estimate", "c")],
    ]
    assert found["notes"] == [
        {"letter": "a", "how": "needs ImageNet"}, {"letter": "b", "how": "not run"},
        {"letter": "c", "how": "estimate"},
    ]  # fmt: skip


def test_numbers_are_rows_with_their_keys_in_one_column() -> None:
    records: Any = {
        "one": {"numbers": [number(["A", 96], "top1_pct", None, "why")]},
        "two": {"numbers": [number(["B"], "top1_pct", 2.0, "how")]},
    }
    rows = publish.number_rows(records)
    assert [row["row"] for row in rows] == ["A / 96", "B"]
    assert [row["ours"] for row in rows] == [None, 2.0]
    assert publish._csv(rows[1:]) == (
        "table,row,column,paper,ours,how\nmade-up,B,top1_pct,1.0,2.0,how\n"
    )
    assert publish._csv([]) == ""


def setting(**given: Any) -> Any:
    nothing = {"strategies": None, "seeds": None, "samples": None, "device": None, "quick": False}
    return {**nothing, **given}


def test_a_command_makes_a_record_again() -> None:
    assert publish._command("table1", setting()) == "nasbench-mobile reproduce table1"
    strategies = [{"name": "ppo", "options": {"clip": 0.1}}, {"name": "random", "options": {}}]
    assert publish._command(
        "figure6", setting(strategies=strategies, seeds=3, samples=0, quick=True)
    ) == (
        "nasbench-mobile reproduce figure6 --strategies ppo:clip=0.1,random --seeds 3 --samples 0 "
        "--quick"
    )
    assert publish._command("table1", setting(device="host")).endswith("table1 --device host")


def record(name: str, **more: Any) -> dict[str, Any]:
    """A record of an experiment that answers its claims, every one of them with `exact`."""
    verdicts = [exactly(claim.id, True, f"found {claim.id}").to_json() for claim in claims_of(name)]
    return {
        "experiment": name, "title": f"Title of {name}", "shows": "something", "claims": verdicts,
        "numbers": [], "tables": [], "pictures": [], "said": [],
        "made_with": {"schema": 1, "setting": setting(), "code": "as then"},
        "cost": {"wall_s": 90.0, "cpu_s": 120.0},
    } | more  # fmt: skip


def write(folder: Path, *records: dict[str, Any]) -> None:
    for one in records:
        (folder / f"{one['experiment']}.json").write_text(json.dumps(one))


def test_a_list_tells_what_ran_and_what_did_not(tmp_path: Path) -> None:
    write(tmp_path, record("figure3"))
    found = {one["name"]: one for one in publish.listing(tmp_path)}
    assert list(found) == list(MODULES)
    assert (found["figure3"]["status"], found["table1"]["status"]) == ("run", "not run")
    assert [c["status"] for c in found["figure3"]["claims"]] == ["exact", "exact"]
    assert found["figure3"]["claims"][0]["detail"] == "found figure3-hard"
    assert {c["status"] for c in found["table1"]["claims"]} == {"not run"}
    assert found["table1"]["claims"][0]["detail"] == ""
    [own] = [c for c in claims() if c.id == "figure3-soft"]
    soft = found["figure3"]["claims"][1]
    for key in ("id", "section", "statement", "paper", "check", "tolerance", "contradiction"):
        assert soft[key] == getattr(own, key)
    assert found["figure6"]["options"] == ["samples", "seeds", "strategies"]
    assert (found["asynchrony"]["in_all"], found["figure6"]["in_all"]) == (False, True)
    rows = publish.claim_rows(tmp_path)
    assert [row["id"] for row in rows] == [claim.id for claim in claims()]
    assert [row["experiment"] for row in rows] == [claim.experiment for claim in claims()]


def test_a_page_and_two_files_are_written_of_what_is_there(tmp_path: Path) -> None:
    pictures = [{"file": "there.png", "caption": "seen"}, {"file": "gone.png", "caption": "unseen"}]
    (tmp_path / "there.png").write_bytes(b"picture")
    numbers = [
        {"table": "figure3", "row": [20.0], "column": "hard_alpha0_beta-1", "paper": 0.5,
         "ours": 0.5, "how": "Eq. 2"}
    ]  # fmt: skip
    write(
        tmp_path, record("figure3", numbers=numbers, pictures=pictures),
        record("table3", cost={"wall_s": 30.0, "cpu_s": 15.0}),
    )  # fmt: skip
    publish.publish(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert base64.b64encode(b"picture").decode() in page
    assert "seen" in page
    assert "unseen" not in page
    assert "2.0 min" in page  # 90 and 30 seconds by the clock
    assert "2.2 min" in page  # 120 and 15 of CPU time
    assert "nasbench-mobile reproduce figure3" in page
    [row] = csv.DictReader((tmp_path / "numbers.csv").open())
    assert row == {
        "table": "figure3", "row": "20.0", "column": "hard_alpha0_beta-1", "paper": "0.5",
        "ours": "0.5", "how": "Eq. 2",
    }  # fmt: skip
    assert len(list(csv.DictReader((tmp_path / "claims.csv").open()))) == len(claims())


@pytest.mark.parametrize("quick", [True, False])
def test_the_page_warns_of_a_small_form(tmp_path: Path, quick: bool) -> None:
    made_with = {"schema": 1, "setting": setting(quick=quick), "code": "as then"}
    write(tmp_path, record("figure3"), record("table3", made_with=made_with))
    publish.publish(tmp_path)
    plain = publish._page(tmp_path, {}, publish.claim_rows(tmp_path))
    page = (tmp_path / "report.html").read_text()
    assert ("--quick" in page) is quick
    assert "--quick" not in plain


def test_a_story_counts_answers_and_names_what_was_tested_and_missed(tmp_path: Path) -> None:
    folder = tmp_path / "reproduction"
    folder.mkdir()
    table1 = record("table1", cost={"wall_s": 600.0, "cpu_s": 1200.0})
    missed = next(c for c in claims_of("table1") if not c.contradiction)
    misprint = next(c for c in claims_of("table1") if c.contradiction)
    for verdict in table1["claims"]:
        if verdict["id"] in (missed.id, misprint.id):
            verdict["status"] = "does not hold"
    write(folder, table1, record("figure3"))
    text = story.story(folder)
    exact = len(claims_of("table1")) - 2 + 2
    assert f"| exact | {exact} |" in text
    assert "| does not hold | 2 |" in text
    assert f"| not run | {len(claims()) - exact - 2} |" in text
    assert "| holds on our benchmark |" not in text
    assert "All of it took 12 minutes by the clock, 22 of CPU time." in text  # 690 and 1320 s
    summary = " ".join(text[: text.index("## The reward")].split())
    assert "Of the 2 that do not hold, 1 are places where" in summary
    assert "; 1 were tested here and not found:" in summary
    assert missed.statement in summary
    assert misprint.statement not in summary


def test_where_everything_holds_nothing_is_missed(tmp_path: Path) -> None:
    write(tmp_path, record("figure3"))
    text = story.story(tmp_path)
    assert "that do not hold" not in text
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert "minutes by the clock" not in story.story(nothing)


def test_a_statement_has_its_figures_and_no_more(tmp_path: Path) -> None:
    def told(status: str, detail: str, benchmark: str | None = None) -> str:
        row: Any = {
            "statement": "It is so", "section": "Fig. 9", "status": status, "detail": detail,
            "benchmark": benchmark,
        }  # fmt: skip
        [line] = story._statements([row])
        return line

    assert told("exact", "1 of 2. Why: because.") == "- It is so (Fig. 9): **exact**; 1 of 2."
    assert told("exact", "as Fig. 3 and Eq. 2 say. Why.") == (
        "- It is so (Fig. 9): **exact**; as Fig. 3 and Eq. 2 say."
    )
    assert told("holds on our benchmark", "0.5", "x@1") == (
        "- It is so (Fig. 9): **holds on our benchmark** (x@1); 0.5."
    )
    for status in ("not run", "needs ImageNet/a phone", "needs COCO detection"):
        assert told(status, "Check: command") == f"- It is so (Fig. 9): **{status}**."
    long = told("exact", "a-b " * 60)
    assert max(map(len, long.splitlines())) <= 100
    assert all(line.startswith("  ") for line in long.splitlines()[1:])


def test_pictures_stand_with_their_captions_and_the_ablation_beyond_ppo(tmp_path: Path) -> None:
    folder = tmp_path / "reproduction"
    folder.mkdir()
    pictures = [{"file": "beta.png", "caption": "two curves"}]
    write(folder, record("beta", pictures=pictures))
    for name in ("beta.png", "figure3.png"):
        (folder / name).write_bytes(b"")
    beyond = tmp_path / "figure6-extended"
    beyond.mkdir()
    write(beyond, record("figure6-extended", said=["on a soft covers", "on b too"]))
    text = story.story(folder)
    assert "![two curves](../results/reproduction/beta.png)" in text
    assert "![figure3.png](../results/reproduction/figure3.png)" in text  # no record names it
    assert "figure2.png" not in text
    words = "Does it hold beyond PPO (`reproduce figure6-extended`)? On a soft covers; on b too."
    assert words in " ".join(text.split())
    assert (
        text.index("Hard against soft")
        < text.index("beyond PPO (")
        < text.index("## What is in the space")
    )
    (beyond / "figure6-extended.json").unlink()
    assert "beyond PPO (`" not in story.story(folder)
