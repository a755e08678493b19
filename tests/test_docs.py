"""What the documents say can be done: commands they show exist, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CONSOLE = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)")


def commands(page: Path) -> list[list[str]]:
    """Words of every command in the console blocks of a page, comments away, one list each."""
    blocks = "\n".join(CONSOLE.findall(page.read_text(encoding="utf-8")))
    lines = blocks.replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r"\s*(?:;|&&)\s*", line.strip())]
    return [shlex.split(part.removeprefix("$ "), comments=True) for part in parts if part]


def named(page: Path, program: str) -> list[list[str]]:
    """Arguments of every use of a program on a page, whatever folder it is called from."""
    return [words[1:] for words in commands(page) if words and Path(words[0]).name == program]


def complaint(command: Any, arguments: list[str]) -> str:
    """What the command line says against the arguments, without running them; empty where none."""
    while arguments and not arguments[0].startswith("-") and hasattr(command, "commands"):
        if arguments[0] not in command.commands:
            return f"no command {arguments[0]!r}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    if "--help" in arguments:
        return ""
    try:
        command.make_context(command.name, list(arguments))
    except Exception as error:
        return str(error)
    return ""


def test_a_wrong_command_would_be_noticed() -> None:
    root = typer.main.get_command(app)
    assert complaint(root, ["list", "spaces", "--json"]) == ""
    assert complaint(root, ["lits"]) == "no command 'lits'"
    assert "--nope" in complaint(root, ["list", "spaces", "--nope"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_commands_parse(page: Path) -> None:
    root = typer.main.get_command(app)
    for arguments in named(page, "nasbench-mobile"):
        assert complaint(root, arguments) == "", f"{page.name}: nasbench-mobile {arguments}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    shown = {word for words in named(page, "make") for word in words if "=" not in word}
    assert shown <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_readme_opens_with_the_two_commands() -> None:
    shown = [words for words in commands(ROOT / "README.md") if words]
    assert shown[:2] == [["make", "compare"], ["make", "test"]]


PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES_WITH_PYTHON = [page for page in PAGES if PYTHON.search(page.read_text(encoding="utf-8"))]


@pytest.mark.no_cover
@pytest.mark.parametrize("page", PAGES_WITH_PYTHON, ids=lambda page: page.name)
def test_shown_python_runs(page: Path, tmp_path: Path) -> None:
    """All Python blocks of a page, one after another, as a script in an empty folder."""
    script = tmp_path / "page.py"
    script.write_text("\n".join(PYTHON.findall(page.read_text(encoding="utf-8"))))
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_shown_benchmark_is_one(tmp_path: Path) -> None:
    (text,) = TOML.findall((ROOT / "docs/own-benchmark.md").read_text(encoding="utf-8"))
    for model in ROOT.glob("nasbench_mobile/benchmarks/*.json"):
        (tmp_path / model.name).write_bytes(model.read_bytes())
    (tmp_path / "my-benchmark.toml").write_text(text)
    benchmark = load_benchmark(str(tmp_path / "my-benchmark.toml"))
    assert benchmark.build().objective == benchmark.objective
    assert benchmark.objective.name == "hard"
