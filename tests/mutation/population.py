"""The changes that cosmic-ray's operators can make to the files of a room.

cosmic-ray changes the text of a file and wraps nothing, so that signatures, pickling and links stay
as they are. A place is a range of text that operators can change; a sample draws places, because
one `+` has eleven changes and a call has none.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Position = tuple[int, int]
"""Line from 1, column from 0 in characters."""


@dataclass(frozen=True)
class Place:
    """A range of text and all that may be done there: operators with their occurrence."""

    room: str
    file: str
    within: str
    text: str
    start: Position
    nth: int
    changes: tuple[tuple[str, int], ...]

    @property
    def key(self) -> str:
        """What stays the same when other lines of the file come and go."""
        return f"{self.file}:{self.within}:{self.text}:{self.nth}"


@dataclass(frozen=True)
class Mutant:
    """One change, with the lines of the statement that it is in."""

    room: str
    file: str
    within: str
    line: int
    statement: tuple[int, int]
    operator: str
    old: str
    new: str
    diff: str
    source: str

    @property
    def key(self) -> str:
        return f"{self.file}:{self.within}:{self.line}: {self.old} -> {self.new}"


def places(root: Path, room: str, files: Sequence[str], left_out: re.Pattern[str]) -> list[Place]:
    """All places of a room, in the order of its files."""
    return [place for file in files for place in _places_of(root, room, file, left_out)]


def _places_of(root: Path, room: str, file: str, left_out: re.Pattern[str]) -> Iterator[Place]:
    from cosmic_ray.ast import ast_nodes, get_ast

    source = (root / file).read_text(encoding="utf-8")
    lines, tree = source.split("\n"), ast.parse(source)
    types = _types(tree, lines)
    nodes = list(ast_nodes(get_ast(source)))
    found: dict[tuple[Position, Position], list[tuple[str, int]]] = {}
    for name, operator in _operators(left_out):
        spans = (span for node in nodes for span in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(spans):
            if not any(first <= start and end <= last for first, last in types):
                found.setdefault((start, end), []).append((name, occurrence))
    seen: Counter[tuple[str, str]] = Counter()
    for (start, _), changes in sorted(found.items()):
        line = lines[start[0] - 1]
        within = _definition(tree, start[0])
        text = f"{line.strip()}@{start[1] - len(line) + len(line.lstrip())}"
        nth = seen[within, text]
        seen[within, text] += 1
        yield Place(room, file, within, text, start, nth, tuple(changes))


def _operators(left_out: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    from cosmic_ray import plugins

    for name in plugins.operator_names():
        operator = plugins.get_operator(name)
        if not operator.arguments() and not left_out.fullmatch(name):
            yield name, operator()


def mutant(root: Path, place: Place, seed: int) -> Mutant | None:
    """One change of a place, drawn by the seed; None where none changes what is computed."""
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    source = (root / place.file).read_text(encoding="utf-8")
    tree = ast.parse(source)
    for name, occurrence in sorted(
        place.changes, key=lambda change: rank(seed, f"{place.key}:{change[0]}:{change[1]}")
    ):
        changed = mutate_code(source, plugins.get_operator(name)(), occurrence)
        if changed is None or not _computes_otherwise(tree, changed):
            continue
        old, new, diff = _difference(source, changed, place.file)
        statement = _statement(tree, place.start[0])
        return Mutant(
            place.room, place.file, place.within, place.start[0], statement, name,
            old, new, diff, changed,
        )  # fmt: skip
    return None


def rank(seed: int, key: str) -> str:
    """A place in a random order that each key has to itself, whatever the others are."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _computes_otherwise(tree: ast.Module, changed: str) -> bool:
    """Whether a change shows in the syntax tree, and is Python at all."""
    try:
        return ast.dump(ast.parse(changed)) != ast.dump(tree)
    except SyntaxError:
        return False


def _difference(source: str, changed: str, file: str) -> tuple[str, str, str]:
    """The lines taken out, the lines put in, and both with a line around them."""
    before, after = source.split("\n"), changed.split("\n")
    diff = list(difflib.unified_diff(before, after, file, file, n=1, lineterm=""))[2:]
    old = "\n".join(line[1:].strip() for line in diff if line.startswith("-"))
    new = "\n".join(line[1:].strip() for line in diff if line.startswith("+"))
    return old, new, "\n".join(diff)


def _types(tree: ast.Module, lines: Sequence[str]) -> list[tuple[Position, Position]]:
    """Where nothing is computed: types, what only type checkers read, how objects lie in memory."""
    nodes: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation:
            nodes.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            nodes.append(node.returns)
        elif isinstance(node, ast.AnnAssign):
            nodes.append(node.annotation)
            if node.value and ast.unparse(node.annotation) == "TypeAlias":
                nodes.append(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "slots":
            nodes.append(node.value)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.append(node.test)

    def place(line: int, column: int) -> Position:
        return line, len(lines[line - 1].encode()[:column].decode())

    return [
        (place(n.lineno, n.col_offset), place(n.end_lineno, n.end_col_offset))  # type: ignore[attr-defined]
        for n in nodes
    ]


def _definition(tree: ast.Module, line: int) -> str:
    """The dotted name of the innermost function or class around a line; empty in none."""
    names = [
        node.name
        for node in _around(tree, line)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    ]
    return ".".join(names)


def _statement(tree: ast.Module, line: int) -> tuple[int, int]:
    """First and last line of the innermost statement, of its head where it has a body."""
    node = _around(tree, line)[-1]
    first, last = _lines(node)
    body = getattr(node, "body", None)
    if body and isinstance(body, list) and line < _lines(body[0])[0]:
        last = max(node.lineno, _lines(body[0])[0] - 1)  # type: ignore[attr-defined]
    return first, last


def _around(tree: ast.Module, line: int) -> list[ast.AST]:
    """Statements and handlers around a line, from the outside in."""
    found: list[ast.AST] = []
    node: ast.AST = tree
    while True:
        inner = [
            child
            for child in ast.walk(node)
            if child is not node
            and isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
            and _lines(child)[0] <= line <= _lines(child)[1]
            and child not in found
        ]
        if not inner:
            return found
        node = max(inner, key=lambda child: _lines(child)[1] - _lines(child)[0])
        found.append(node)


def _lines(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, _lines(node.body[-1])[1]
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
    return first, node.end_lineno  # type: ignore[attr-defined]
