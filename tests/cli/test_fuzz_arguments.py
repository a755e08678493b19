"""Strange text into every argument of every command: it runs, or ends in the project's own words.

A few examples of the parameters of commands that are soon done run by default; in the slow
environment every parameter of every command has its part of what `tests/fuzzing.py` says.

What is beside the text in a command line means something, so that the command does not end before
the text is read. Where a command would begin what takes long (a training, a worker process, a
runtime that measures) it is stopped with an error (`Begun`): a number of hours of training is a
number like any other, and how a run ends has tests of its own. So no program that `--python` names
is run, and the files of a search are not written. `check` has no such place: its laws are tried on
names that mean nothing alone. No phone is asked for anything, as no adb server is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench_mobile.cli import app
from nasbench_mobile.devices.host.worker_process import WorkerProcess
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.executors.processes import ProcessExecutor
from tests.fuzzing import share

Command = Callable[..., Any]

FEW = 2

TEXT = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/\\~"), max_size=20),
    st.sampled_from(
        [
            "", "[red]", "[[[0", "1,0,2,1,[[[0", "9" * 5000, "9" * 400, "1e300", "-1", "nan", "inf",
            "-inf", "0", "-1000,-1000", "true", "null", "\0", "²", "٣", "'", '"', "{[]:1}", "a=b=c",
            "x:y=1", "--", "-", ".", "stem9 conv_r9_k1 head relu", "normal reduction", "x.toml",
            "1", "3", "9" * 15, "²/4", "1/²", "1/2", "host", "host-lookup:x", "android:x",
            "x.py", "x.py:Y", "ppo:clip=[", "random,random", "\n", "a\nb", "\u202e", "%s", "{0}",
        ]
    ),
)  # fmt: skip

SMALL = ["--train-images=20", "--validation-images=20", "--set=batch_size=8", "--width=0.05"]

BASE: dict[str, list[str]] = {
    "compare": ["--budget=1", "--seeds=1", "--jobs=1", "--strategies=random"],
    "search": ["--budget=1", "--strategy=random", "--epochs=1", *SMALL],
    "train": SMALL,
    "collect": ["--count=2", "--out=made", "--epochs=1", *SMALL],
    "export": ["--width=0.05", "--input-size=32"],
    "measure": ["--nominal-ms=10", "--width=0.05", "--input-size=32"],
    "lookup build": ["--nominal-ms=10", "--space=mnasnet-coarse"],
}
"""What a command is given beside the text, so that it has little to do."""

NEEDED = {
    "model": "mnasnet-a1", "first": "mnasnet-a1", "second": "mnasnet-b1", "what": "strategies",
    "names": "search-algorithms", "gives": "latency", "name": "no-such-thing", "out": "made",
}  # fmt: skip
"""What the parameters are given that a command must have; `no-such-thing` where none is named."""


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
    line = [*words]
    line += [
        given
        for given in BASE.get(" ".join(words), [])
        if given.partition("=")[0] != parameter.opts[0] or parameter.multiple
    ]
    after = []
    for one in command.params:
        value = text if one is parameter else NEEDED.get(one.name, "no-such-thing")
        if one.param_type_name == "argument":
            # A network is named or, in place of that, where it was trained.
            named = one.name == "model" and parameter.opts[0] != "--from"
            if one.required or one is parameter or named:
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


class Begun(NasbenchError):
    """What would take long begins here."""


def _begin(*_: object, **__: object) -> NoReturn:
    raise Begun("what takes long begins here")


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to run in, no phones, and nothing that takes long."""
    pytest.importorskip("torch", reason="torch is not installed (extra 'train')")
    fabric = pytest.importorskip("lightning_fabric", reason="extra 'distributed'")
    phones = pytest.importorskip("adbutils._adb", reason="extra 'android'")
    from nasbench_mobile.training.trainer import Training

    monkeypatch.setattr(phones, "adb_path", _begin)  # which a server is started with
    monkeypatch.setattr(fabric.Fabric, "launch", _begin)
    monkeypatch.setattr(Training, "run", _begin)
    monkeypatch.setattr(WorkerProcess, "start", _begin)
    monkeypatch.setattr(ProcessExecutor, "__post_init__", _begin)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_MOBILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANDROID_ADB_SERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "9")


@pytest.mark.parametrize("place", SOON)
@pytest.mark.usefixtures("apart")
def test_a_strange_text_is_taken_or_refused_in_words(command: Command, place: str) -> None:
    fuzz(place, FEW, command)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.usefixtures("apart")
def test_many_strange_texts_are_taken_or_refused_in_words(command: Command, place: str) -> None:
    fuzz(place, share("arguments", len(PLACES)), command)
