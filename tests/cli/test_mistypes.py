"""Two hundred mistakes of newcomers, made from the commands' own names and options (seeded)."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nasbench_mobile.cli import app

Command = Callable[..., Any]

COUNT = 200


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command without commands below it, by the words that call it."""
    below = getattr(command, "commands", None)
    if not below:
        yield words, command
        return
    for name, one in below.items():
        yield from leaves(one, (*words, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


def options(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option"]


def dropped(word: str, rng: random.Random) -> str:
    """The word without one of its letters, but for the first."""
    at = rng.randrange(3 if word.startswith("--") else 1, len(word))
    return word[:at] + word[at + 1 :]


def doubled(word: str, rng: random.Random) -> str:
    at = rng.randrange(2 if word.startswith("--") else 0, len(word))
    return word[:at] + word[at] + word[at:]


def mistake(rng: random.Random) -> tuple[str, list[str], str]:
    """A kind of mistake, the arguments, and the word that was meant ('' where none is near)."""
    words = rng.choice([words for words, one in sorted(COMMANDS.items()) if len(options(one)) > 1])
    command = COMMANDS[words]
    named = [one for one in options(command) if len(one.opts[0]) > 5]
    valued = [one for one in named if not one.is_flag]
    one = rng.choice(named)
    name = one.opts[0]
    kind = rng.choice(
        ["dropped", "doubled", "dash", "no dash", "command", "no value", "extra", "missing"]
        + (["value"] if valued else [])
    )
    match kind:
        case "dropped" | "doubled":
            wrong = (dropped if kind == "dropped" else doubled)(name, rng)
            return kind, [*words, wrong, "1"], name
        case "dash":
            return kind, [*words, name[1:], "1"], name
        case "no dash":
            return kind, [*words, name[2:], "x"], ""
        case "command":
            wrong = (dropped if rng.random() < 0.5 else doubled)(words[-1], rng)
            return kind, [*words[:-1], wrong], words[-1]
        case "no value" if valued:
            return kind, [*words, rng.choice(valued).opts[0]], ""
        case "value":
            typed = rng.choice(valued)
            return kind, [*words, typed.opts[0], "no/such:thing,=x"], ""
        case "missing":
            return kind, [*words, "no-such-thing"], ""
        case _:
            return "extra", [*words, *(["x"] * 9), name[:-1]], ""


def mistakes() -> Iterator[tuple[str, list[str], str]]:
    rng = random.Random(5)
    seen: set[object] = set()
    names = {name for one in COMMANDS.values() for each in one.params for name in each.opts}
    known = {word for words in COMMANDS for word in words} | names
    while len(seen) < COUNT:
        kind, arguments, meant = mistake(rng)
        right = arguments[-1] in known and kind in ("command", "dropped")
        runs = kind in ("value", "missing") and arguments[0] in RUN_ANYWAY
        if tuple(arguments) not in seen and not right and not runs:
            seen.add(tuple(arguments))
            yield kind, arguments, meant


RUN_ANYWAY = ("compare", "devices", "reproduce", "new", "check", "search", "collect", "lookup")
"""Commands whose text arguments are folders to be made, or that look for phones."""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it, which a command runs in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def is_a_sentence(said: str) -> bool:
    """One line that begins as every error does."""
    return (
        said.startswith("error: ") and len(said.splitlines()) == 1
        and "Traceback" not in said and len(said) < 900
    )  # fmt: skip


def test_two_hundred_mistakes_end_in_one_sentence(command: Command, empty: Path) -> None:
    wrong: list[tuple[Any, ...]] = []
    suggested = asked = 0
    for kind, arguments, meant in mistakes():
        done = command(*arguments)
        if done.code not in (1, 2) or not is_a_sentence(done.err) or done.out:
            wrong.append((kind, arguments, done.code, done.out[:200], done.err[:400]))
        if meant:
            asked += 1
            suggested += meant in done.err
            if meant not in done.err:
                wrong.append((kind, arguments, meant, done.err[:300]))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked == suggested


@pytest.mark.parametrize("words", [words for words in COMMANDS if words], ids=" ".join)
def test_short_help_is_help(command: Command, words: tuple[str, ...]) -> None:
    short = command(*words, "-h")
    assert short.code == 0
    assert short.out == command(*words, "--help").out
    assert "Usage: " in short.out


@pytest.mark.parametrize("words", [("report", "."), ("resume", "."), ("report", "/")])
def test_the_wrong_folder_is_named(command: Command, empty: Path, words: tuple[str, ...]) -> None:
    done = command(*words)
    assert done.code == 2
    assert is_a_sentence(done.err)
    assert "study" in done.err


def test_the_version_names_python_and_libraries() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nasbench_mobile", "--version"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    import numpy as np

    first, second = done.stdout.splitlines()
    assert first.startswith("nasbench-mobile ")
    assert f"python {sys.version.split()[0]}, numpy {np.__version__}" in second
