"""Sphinx extension: the page `api` follows `__all__`, so that nobody keeps a list of names.

Public are the names in the `__all__` of `nasbench_mobile` and of every room and module directly in
it. `protocols` and `types` are public as a whole where they have no `__all__`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PACKAGE = Path(__file__).parents[1] / "nasbench_mobile"
PLACE = "<!-- every public name -->"
WHOLE = ("protocols", "types")


def declared(source: Path) -> list[str] | None:
    """The `__all__` of a module, read without importing it, or None where it has none."""
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return list(ast.literal_eval(statement.value))
    return None


def defined(source: Path) -> list[str]:
    """Names of classes, functions and annotated values that a module defines, private ones not."""
    names = []
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            names.append(statement.name)
        elif isinstance(statement, ast.AnnAssign):
            names.append(ast.unparse(statement.target))
    return [name for name in names if not name.startswith("_")]


def public_names() -> dict[str, list[str]]:
    """Public names by module, the package first, then its rooms and modules by the alphabet."""
    found = {"nasbench_mobile": declared(PACKAGE / "__init__.py") or []}
    for path in sorted(PACKAGE.iterdir()):
        source = path / "__init__.py" if path.is_dir() else path
        if path.name.startswith("_") or source.suffix != ".py" or not source.exists():
            continue
        names = declared(source) or (defined(source) if path.stem in WHOLE else [])
        if names:
            found[f"nasbench_mobile.{path.stem}"] = names
    return found


def directive(thing: Any) -> str:
    """Which of autodoc's directives shows a thing."""
    if inspect.isclass(thing):
        return "autoexception" if issubclass(thing, BaseException) else "autoclass"
    routine = inspect.isroutine(thing) or inspect.isroutine(getattr(thing, "__wrapped__", None))
    return "autofunction" if routine else "autodata"


def section(module_name: str, names: list[str], shown: dict[int, str]) -> Iterator[str]:
    """Lines of Markdown about one module; what an earlier one has shown is only named."""
    module = importlib.import_module(module_name)
    summary = (inspect.getdoc(module) or "").split("\n\n")[0]
    yield from (f"## {module_name}", "", "```{eval-rst}", summary, "```", "")
    things = {name: getattr(module, name) for name in sorted(names, key=str.lower)}
    again = {name: shown[id(thing)] for name, thing in things.items() if id(thing) in shown}
    if again:
        where = ", ".join(f"{{py:obj}}`{name} <{full}>`" for name, full in again.items())
        yield from (f"Also here, and described above: {where}.", "")
    new = {f"{module_name}.{name}": thing for name, thing in things.items() if name not in again}
    if new:
        table = [f"   ~{full}" for full in new]
        yield from ("```{eval-rst}", ".. autosummary::", "   :nosignatures:", "", *table, "```", "")
    for full, thing in new.items():
        shown[id(thing)] = full
        yield from ("```{eval-rst}", f".. {directive(thing)}:: {full}")
        yield from ("   :members:", "```", "") if inspect.isclass(thing) else ("```", "")


def fill_in(app: Sphinx, page: str, source: list[str]) -> None:
    """Put every public name in its place on the page `api`."""
    if page != "api":
        return
    from sphinx.ext.autodoc.mock import mock

    shown: dict[int, str] = {}
    with mock(app.config.autodoc_mock_imports):
        lines = [line for item in public_names().items() for line in section(*item, shown)]
    source[0] = source[0].replace(PLACE, "\n".join(lines))


def depend_on_code(app: Sphinx, page: str, source: list[str]) -> None:
    """Sphinx makes the page anew where a module with public names has changed."""
    if page == "api":
        for path in (*PACKAGE.rglob("*.py"), Path(__file__)):
            app.env.note_dependency(path)


FIELDS = {"Args:": ":param", "Returns:": ":returns:", "Raises:": ":raises"}
"""Headings of sections in docstrings, and the fields of Sphinx that their entries become."""


def for_sphinx(docstring: list[str]) -> list[str]:
    """The lines of a docstring as Sphinx reads them.

    Indented paragraphs are code, stars are stars, and what stands below `Args:`, `Returns:` and
    `Raises:` are the fields that Sphinx has for them.
    """
    lines: list[str] = []
    outer = 0
    inside = "text"  # or "code", or a heading of FIELDS
    depth = 0  # where what is inside begins
    for before, line in zip(["", *docstring], docstring, strict=False):
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            lines.append(line)
            continue
        if indent < depth:
            inside, depth = "text", 0
        if inside == "text" and indent >= outer + 4:
            inside, depth = (before.strip() if before.strip() in FIELDS else "code"), indent
            lines[-1:] = [] if inside in FIELDS else [before, " " * outer + "::", ""]
        outer = indent
        lines.append(line if inside == "code" else as_text(line, depth, FIELDS.get(inside, "")))
        if inside == "Returns:":
            inside = "text"  # its other lines go on with the first
    return lines


def as_text(line: str, depth: int, field: str = "") -> str:
    """A line with stars outside of backticks escaped; at a section's depth it begins a `field`."""
    if line.lstrip().startswith((">>>", "...")):
        return line
    parts = [
        part.replace("*", r"\*") if n % 2 == 0 else part for n, part in enumerate(line.split("`"))
    ]
    escaped = "`".join(parts)
    begins = depth > 0 and line[:depth].isspace() and not line[depth].isspace()
    return f"{field} {escaped.strip()}" if begins and field else escaped


def adapt(_app: Sphinx, _what: str, _name: str, _thing: Any, _o: Any, lines: list[str]) -> None:
    """Docstrings are written to be read as they stand; Sphinx wants some of it marked."""
    lines[:] = for_sphinx(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", fill_in)
    app.connect("source-read", depend_on_code)
    app.connect("autodoc-process-docstring", adapt)
    return {"parallel_read_safe": True}
