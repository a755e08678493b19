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
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")])
CONSOLE = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


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
    """To a file that is there and, where a link names one, to a heading of that page."""
    for file, heading in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name} links to {file}, which is not there"
        assert not heading or heading in anchors(target), f"{page.name}: {file}#{heading}"


def anchors(page: Path) -> set[str]:
    """What links call the headings of a page, as GitHub and the built pages make it of them."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


def linked(page: str) -> set[str]:
    """The files that a page in `docs` links to."""
    return {file for file, _ in LINK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))}


def test_every_page_is_reached_from_the_index_and_has_a_purpose() -> None:
    """Decisions come into the table of contents by a pattern; each other page by its name."""
    pages = {path.stem for path in ROOT.glob("docs/*.md")} - {"index"}
    contents = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    trees = re.findall(r"^```{toctree}\n(.*?)^```", contents, re.MULTILINE | re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    assert sorted(listed) == sorted([*pages, "decisions/*"])
    assert {f"{page}.md" for page in pages} - linked("how-to.md") == {"how-to.md"}


# Files that a page speaks of as gone, or as what somebody might write.
GONE = {"code/NAME.py", "evaluators/optuna_early_stopping.py", "store.py", "utils.py"}
CODE = re.compile(r"`([\w./-]+\.(?:py|toml))`")
OF_THE_HOUSE = [page for page in PAGES if "decisions" in page.parts or page.stem == "CONTRIBUTING"]


@pytest.mark.parametrize("page", OF_THE_HOUSE, ids=lambda page: page.name)
def test_named_files_exist(page: Path) -> None:
    named_files = set(CODE.findall(page.read_text(encoding="utf-8"))) - GONE
    files = [path for top in TOPS for path in (ROOT / top).rglob("*.*")]
    there = [f"/{path.relative_to(ROOT).as_posix()}" for path in (*files, *ROOT.glob("*.*"))]
    assert [name for name in named_files if not any(f.endswith(f"/{name}") for f in there)] == []


TOPS = ("nasbench_mobile", "strategies", "spaces", "tests", "docs")
DOTTED = re.compile(r"\bnasbench_mobile((?:\.\w+)+)")


def module_exists(dotted: str) -> bool:
    """Whether `.room.module` is there; of a name in a room, whether its first file has it."""
    here = ROOT / "nasbench_mobile"
    for part in dotted.strip(".").split("."):
        if (here / f"{part}.py").is_file():
            return True
        if not (here / part).is_dir():
            return part in (here / "__init__.py").read_text(encoding="utf-8")
        here /= part
    return True


def test_a_wrong_module_would_be_noticed() -> None:
    assert module_exists(".runs.event_log.EventLog")
    assert module_exists(".testing.StrategyContract")
    assert not module_exists(".store")
    assert not module_exists(".runs.store")


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "CHANGELOG"], ids=str)
def test_named_modules_exist(page: Path) -> None:
    """But for `nasbench_mobile.json`, the name that exported files give to what they hold."""
    found = set(DOTTED.findall(page.read_text(encoding="utf-8"))) - {".json"}
    assert [f"nasbench_mobile{dotted}" for dotted in found if not module_exists(dotted)] == []


@pytest.mark.parametrize("template", sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.md")), ids=str)
def test_issue_templates_say_what_they_are_for(template: Path) -> None:
    opening, head, _ = template.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    keys = dict(line.split(": ", 1) for line in head.splitlines())
    assert set(keys) == {"name", "about", "title", "labels"}
    assert keys["name"]
    assert keys["about"]


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
