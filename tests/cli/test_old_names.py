"""Old names of options: they still work, say so in one line, and never on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from nasbench_mobile.cli import app
from nasbench_mobile.errors import UsageError
from nasbench_mobile.image_search.beginning import opened
from nasbench_mobile.image_search.request import Request
from nasbench_mobile.image_search.request_file import REQUEST
from nasbench_mobile.studies.renamed_options import OLD_OPTIONS, current_command, current_space
from nasbench_mobile.studies.study import Study

Command = Callable[..., Any]

ROOT = typer.main.get_command(app)

NEEDED = {"train": ["mnasnet-a1", "--out", "out"], "export": ["mnasnet-a1", "--out", "a.tflite"]}
"""What a command must be given beside the option."""

RENAMED = [
    (command, old, new) for command, names in OLD_OPTIONS.items() for old, new in names.items()
]


def note(old: str, new: str) -> str:
    return f"note: {old} is now {new}; the old name goes in version 0.3\n"


def read(command: str, *words: str) -> dict[str, Any]:
    """What a command makes of its arguments, without running."""
    one = ROOT.commands[command]  # type: ignore[attr-defined]
    context: Any = one.make_context(command, [*NEEDED.get(command, []), *words])
    return dict(context.params)


@pytest.mark.parametrize(("command", "old", "new"), RENAMED)
@pytest.mark.parametrize("form", ["{}={}", "{} {}"])
def test_an_old_name_means_the_new_option(
    command: str, old: str, new: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "cpu" if new == "--accelerator" else "3"
    meant = read(command, *form.format(new, value).split())
    assert capsys.readouterr() == ("", "")
    assert read(command, *form.format(old, value).split()) == meant != read(command)
    assert capsys.readouterr() == ("", note(old, new))


@pytest.mark.parametrize(("command_name", "old", "new"), RENAMED)
def test_help_knows_the_new_name_alone(
    command: Command, command_name: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = command(command_name, "--help").out.split()
    assert new in said
    assert old not in said


@pytest.mark.parametrize(("command_name", "old", "new"), RENAMED)
def test_a_mistyped_old_name_suggests_the_new(
    command: Command, command_name: str, old: str, new: str
) -> None:
    done = command(command_name, *NEEDED.get(command_name, []), f"{old[:-1]}x", "1")
    assert done.code == 2
    assert new in done.err.partition("Did you mean")[2]
    assert old not in done.err.partition("Did you mean")[2].split()


def test_json_stands_alone_on_standard_output(command: Command) -> None:
    asked = ("describe", "mnasnet-a1", "--json")
    old, new = command(*asked, "--depth-multiplier", 0.5), command(*asked, "--width", 0.5)
    assert old.json == new.json
    assert (old.err, new.err) == (note("--depth-multiplier", "--width"), "")
    assert (new.json["width"], new.json["depth_multiplier"]) == (0.5, 0.5)


def test_an_option_named_twice_is_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert read("compare", "--workers", "2", "--workers=3")["workers"] == 3
    assert capsys.readouterr().err == note("--workers", "--in-flight")


def test_one_process_of_several_says_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert read("train", "--devices", "2")["devices"] == 2
    assert capsys.readouterr().err == ""


def test_what_measures_keeps_its_device(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("measure", "reproduce"):
        words = ["table1"] if command == "reproduce" else []
        assert read(command, *words, "--device", "host")["device"] == "host"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["--space {}", "--space={}"])
def test_an_old_option_of_a_space_is_taken(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = form.format("mnasnet:blocks=5,depth_multiplier=0.35").split()
    assert read("search", *words)["space"] == "mnasnet:blocks=5,width=0.35"
    assert capsys.readouterr().err == note("mnasnet:depth_multiplier", "mnasnet:width")


def test_a_recorded_command_is_shown_by_the_names_of_today() -> None:
    old = "nasbench-mobile search --space mnasnet:depth_multiplier=0.5 --device cuda --out 'a b'"
    new = "nasbench-mobile search --space mnasnet:width=0.5 --accelerator cuda --out 'a b'"
    assert current_command(old) == new
    assert current_command(new) == new
    assert current_space("nasnet:depth_multiplier=1") == "nasnet:depth_multiplier=1"
    assert current_command("nasbench-mobile") == "nasbench-mobile"
    ended = "nasbench-mobile train -- --device"
    assert current_command(ended) == ended


def test_a_search_asked_for_by_old_names_is_gone_on_with_by_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record has the words of its time, whichever the command line has now."""
    asked = Request(data="digits", space="mnasnet:width=0.35", accelerator="cpu")
    there = {**asked.record(), "space": "mnasnet:depth_multiplier=0.35"}
    assert there["device"] == "cpu"
    record = {"schema": 1, "command": "nasbench-mobile search", "options": there}
    (tmp_path / REQUEST).write_text(json.dumps(record))
    (tmp_path / "study.json").write_text("{}")
    study: Any = object()
    monkeypatch.setattr(Study, "open", lambda _: study)
    assert opened(tmp_path, asked) is study
    with pytest.raises(UsageError, match="options: --accelerator cuda, there cpu; give another"):
        opened(tmp_path, replace(asked, accelerator="cuda"))
    with pytest.raises(UsageError, match="--space mnasnet:width=0.5, there mnasnet:width=0.35"):
        opened(tmp_path, replace(asked, space="mnasnet:width=0.5"))
