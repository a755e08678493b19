"""Strange text into every argument of every command: it runs, or ends in the project's own words.

A few examples of the quick commands' parameters run by default, a tenth of `NASBENCH_MOBILE_FUZZ`
in the slow environment. Commands that search, train for long or look for phones are left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench_mobile.cli import app

Command = Callable[..., Any]

FEW = 2
MANY = int(os.environ.get("NASBENCH_MOBILE_FUZZ", "100000"))

TEXT = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/\\~"), max_size=20),
    st.sampled_from(
        [
            "", "[red]", "[[[0", "1,0,2,1,[[[0", "9" * 5000, "9" * 400, "1e300", "-1", "nan", "inf",
            "-inf", "0", "-1000,-1000", "true", "null", "\0", "²", "٣", "'", '"', "{[]:1}", "a=b=c",
            "x:y=1", "--", "-", ".", "stem9 conv_r9_k1 head relu", "normal reduction", "x.toml",
            "x.py", "x.py:Y", "ppo:clip=[", "random,random", "\n", "a\nb", "\u202e", "%s", "{0}",
        ]
    ),
)  # fmt: skip

BASE: dict[str, list[str]] = {
    "compare": ["--budget", "1", "--seeds", "1", "--jobs", "1", "--strategies", "random"],
}
"""Arguments with which a command that would take long is done soon."""


def parameters(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every parameter that takes a value, with the words that call its command."""
    for one in command.params:
        if not getattr(one, "is_flag", False) and words:
            yield words, one
    for name, below in getattr(command, "commands", {}).items():
        yield from parameters(below, (*words, name))


ROOT = typer.main.get_command(app)
PLACES = {f"{' '.join(words)} {one.opts[0]}": (words, one) for words, one in parameters(ROOT)}


QUICK = ("describe", "explain", "list", "report", "resume", "export", "train", "fit", "collect")
"""Commands that need no device and, with arguments that mean nothing, have little to do."""

SOON = [place for place, (words, _) in PLACES.items() if words[0] in QUICK]


def arguments_of(words: tuple[str, ...], parameter: Any, text: str) -> list[str]:
    """A command line with a text in one place; what else it must have is no name of anything."""
    command = ROOT
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    line = [*words, *BASE.get(" ".join(words), [])]
    after = []
    for one in command.params:
        value = text if one is parameter else "no-such-thing"
        if one.param_type_name == "argument":
            if one.required or one is parameter:
                after.append(value)
        elif one is parameter or one.required:
            line.append(f"{one.opts[0]}={value}")
    return [*line, "--", *after] if after else line


def fuzz(place: str, count: int, command: Command) -> None:
    words, parameter = PLACES[place]

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(TEXT)
    def examples(text: str) -> None:
        done = command(*arguments_of(words, parameter, text))
        assert done.code in (0, 1, 2)
        assert done.code == 0 or "error: " in done.err or done.out
        assert "Traceback" not in done.err

    examples()


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to run in, and no phones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANDROID_ADB_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "9")


@pytest.mark.parametrize("place", SOON)
@pytest.mark.usefixtures("apart")
def test_a_strange_text_is_taken_or_refused_in_words(command: Command, place: str) -> None:
    fuzz(place, FEW, command)


@pytest.mark.slow
@pytest.mark.parametrize("place", SOON)
@pytest.mark.usefixtures("apart")
def test_many_strange_texts_are_taken_or_refused_in_words(command: Command, place: str) -> None:
    fuzz(place, max(MANY // 10 // len(SOON), FEW), command)
