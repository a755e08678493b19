"""Names that a user gave are printed as they are, into whatever a stream can carry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.report.terminal import make_console

Command = Callable[..., Any]

NAMES = ["[red]x", ":smile:", "ünï %s {0}"]
"""Names for files and folders; `[/red]` is one too, in folders."""


@pytest.mark.parametrize("name", [*NAMES, "[/red]", "x[/]"])
def test_a_study_is_printed_with_its_folder_and_labels(
    command: Command, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name / "study"
    arguments = ("--seeds", 1, "--budget", 5, "--jobs", 1)
    label = name.replace("=", " ")
    done = command("compare", "--strategy", f"{label}=random", *arguments, "--out", out)
    assert done.code == 0, done.err
    assert str(out / "report.html") in done.out
    assert label in done.out
    assert f"into {out}" in done.err
    again = command("report", out)
    assert str(out / "report.html") in again.out
    assert command("resume", out).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_files_are_printed_by_their_names(command: Command, tmp_path: Path, name: str) -> None:
    drawing = tmp_path / f"{name}.svg"
    assert f"drawn in {drawing}" in command("describe", "mnasnet-a1", "--svg", drawing).out
    network = tmp_path / f"{name}.tflite"
    assert f"wrote {network}" in command("export", "mnasnet-small", "--out", network).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "NAME"),
        ("describe", "0,1,2", "--space", "NAME"),
        ("explain", "mnasnet-a1", "NAME"),
        ("report", "NAME"),
        ("resume", "NAME"),
        ("compare", "--benchmark", "NAME"),
        ("compare", "--benchmark", "NAME.toml"),
        ("compare", "--strategies", "NAME"),
        ("train", "mnasnet-a1", "--data", "NAME", "--out", "out"),
        ("list", "NAME"),
        ("NAME",),
    ],
)
@pytest.mark.parametrize("name", ["[red]x", "[/red]", ":smile:"])
def test_what_is_wrong_is_named_as_it_was_typed(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command(*(one.replace("NAME", name) for one in arguments))
    assert done.code == 2
    assert name in done.err


def test_no_command_turns_markup_on() -> None:
    package = Path(__file__).parents[2] / "nasbench_mobile"
    files = [*(package / "cli").glob("*.py"), package / "report" / "terminal.py"]
    for file in files:
        text = file.read_text("utf-8")
        assert "markup=True" not in text, file
        assert "from_markup" not in text, file
    assert make_console().render_str("[red]:smile:[/red]").plain == "[red]:smile:[/red]"


ODD = "[/red] \x1b[31m \x9b2J \u202e \u2066 :smile:"
"""A part of an error that would colour, clear and turn what a terminal or a page shows."""

PLUGINS = """
from nasbench_mobile import Proposal
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.types import AccuracyReading

class Space(MnasNetAnbSpace):
    def describe(self, tokens):
        return ODD + super().describe(tokens)

class Evaluator:
    label, fidelity = "odd " + ODD, None
    def accuracy(self, architectures):
        if sum(architectures[0].tokens) % 3 == 0:
            raise ValueError(ODD)
        return [AccuracyReading(0.4 + sum(one.tokens) / 200) for one in architectures]

class Strategy:
    def __init__(self, decisions, seed, budget):
        self.asked, self.length = 0, len(decisions)
    def ask(self, count):
        if self.asked > 3:
            raise ValueError(ODD)
        self.asked += 1
        return [Proposal(self.asked, (0,) * self.length)]
    def tell(self, trials):
        pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such folders there")
def test_what_plugins_say_steers_nothing(command: Command, tmp_path: Path) -> None:
    """Errors of a strategy and an evaluator, descriptions of a space, a folder's name: all odd."""
    plugins, out = tmp_path / "plugins.py", tmp_path / f"a {ODD.replace('/', '')}"
    plugins.write_text(f"ODD = {ODD!r}\n{PLUGINS}")
    benchmark = tmp_path / "b.toml"
    benchmark.write_text(
        f'name = "odd"\nversion = 1\ntitle = {json.dumps(ODD)}\n'
        f'[space]\nname = "{plugins}:Space"\n[accuracy]\nevaluator = "{plugins}:Evaluator"\n'
        '[latency]\nevaluator = "pixel1"\nmodel = "pixel1-tunas.json"\n'
        '[objective]\nform = "soft"\ntarget_ms = 75.0\n'
        "[reference_point]\naccuracy = 0.2\nlatency_ms = 298.0\n"
    )
    study = (
        "compare", "--benchmark", benchmark, "--strategies", f"random,{plugins}:Strategy",
        "--seeds", 1, "--budget", 30, "--jobs", 1, "--batch", 1, "--out", out,
    )  # fmt: skip
    printed = [command(*study), command("report", out), command("report", out, "--json")]
    printed.append(command("describe", ",".join("0" * 7), "--space", f"{plugins}:Space"))
    texts = [text for done in printed for text in (done.out, done.err)]
    texts += [(out / name).read_text("utf-8") for name in ("report.html", "summary.json")]
    texts.append((out / "trials.csv").read_text("utf-8"))
    for text in texts:
        assert not [line for line in text.split("\n") if set(line) & set("\x1b\x9b\u202e\u2066")]
    escaped = r"\x1b[31m \x9b2J \u202e \u2066 :smile:"
    assert f"[/red] {escaped}" in printed[0].err
    assert f"[/red] {escaped}" in texts[-1]
    assert f"[/red] {escaped}" in (out / "report.html").read_text("utf-8")
    [*_, summary, _] = printed
    assert ODD in json.dumps(json.loads(summary.out), ensure_ascii=False).replace("\\u001b", "\x1b")


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name[:3] != "LC_"}
    return subprocess.run(
        [sys.executable, "-m", "nasbench_mobile", *arguments],
        capture_output=True, check=False, env=kept | environment,
    )  # fmt: skip


def encodings() -> Iterator[Any]:
    strictest = {"PYTHONIOENCODING": "ascii:strict"}
    others: list[dict[str, str]] = [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ]
    for one in (strictest, *others):
        marks = [] if one is strictest else [pytest.mark.slow]
        yield pytest.param(one, id="-".join(one.values()), marks=marks)


@pytest.mark.parametrize("environment", encodings())
def test_output_that_is_not_utf8_never_raises(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "study"
    arguments = ("--seeds", "1", "--budget", "5", "--jobs", "1", "--out", str(out))
    done = run(environment, "compare", "--strategies", "random", *arguments)
    assert done.returncode == 0, done.stderr
    assert b"report.html" in done.stdout
    done = run(environment, "explain", "mnasnet-a1", "mnasnet-b1")
    assert done.returncode == 0, done.stderr
    done = run(environment, "list", "strategies", "--json")
    assert json.loads(done.stdout)
    assert b"Traceback" not in run(environment, "compare", "--help").stderr


def test_what_an_encoding_lacks_is_written_as_escapes() -> None:
    done = run({"PYTHONIOENCODING": "ascii"}, "describe", "ü→")
    assert done.returncode == 2
    assert rb"'\xfc\u2192'" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="arguments there are text")
def test_an_argument_that_is_no_text_is_refused() -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"nasbench_mobile", b"describe", b"a\xff"],
        capture_output=True, check=False, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: argument 'a\\udcff' is not text")
