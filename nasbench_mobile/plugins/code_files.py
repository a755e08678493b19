"""The code behind a file of one's own: the file and what it imports from beside it, by parsing.

Nothing is run. What is imported by a computed name, what is compiled and what is read as data is
not seen.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ELSEWHERE = sys.stdlib_module_names | {"nasbench_mobile"}
"""Modules that are not looked for beside a file: Python finds its own first, ours have a version.
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A file, the modules beside it that it imports (by place, from its folder), and the rest.

    `outside` are the top-level names of what it imports from elsewhere.
    """

    file: Path
    beside: dict[PurePosixPath, Path]
    outside: frozenset[str]

    @property
    def sha256(self) -> str:
        """The file's SHA-256 where it stands alone, else one over all of them and their names."""
        own = _sha256(self.file)
        if not self.beside:
            return own
        lines = [f"{place} {_sha256(path)}" for place, path in sorted(self.beside.items())]
        return hashlib.sha256("\n".join([own, *lines]).encode()).hexdigest()


def code_of_file(file: Path) -> Code:
    """All code of a file: itself and, in turn, the modules beside it that are imported.

    Packages beside it count with their own relative imports. OSError where a file cannot be read.
    """
    folder = file.parent
    beside: dict[PurePosixPath, Path] = {}
    outside: set[str] = set()
    waiting = [(PurePosixPath(file.name), file)]
    while waiting:
        place, path = waiting.pop()
        for dotted in _imported(path, place.parent):
            if not dotted or dotted[0] in ELSEWHERE:
                continue
            found = dict(_modules(folder, dotted))
            if not found:
                outside.add(dotted[0])
            new = {place: path for place, path in found.items() if place not in beside}
            new.pop(PurePosixPath(file.name), None)
            beside.update(new)
            waiting += new.items()
    return Code(file, beside, frozenset(outside))


def _imported(path: Path, package: PurePosixPath) -> Iterator[tuple[str, ...]]:
    """Dotted names of all that a file imports, wherever in it, from the folder of the first file.

    `from a import b` gives `a.b`, as `b` may be a module; `from a import *` gives `a.*`. A file
    that is not Python imports nothing: loading it says what is wrong with it.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                parents = package.parts[: len(package.parts) - node.level + 1]
                if node.level - 1 > len(package.parts):
                    continue
                parts = (*parents, *parts)
            yield from ((*parts, alias.name) for alias in node.names)


def _modules(folder: Path, dotted: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, Path]]:
    """The files beside that importing a dotted name runs: packages on the way, and the module."""
    place = PurePosixPath()
    for name in dotted:
        if name == "*":
            yield from _all_of(folder, place)
            return
        package, module = place / name / "__init__.py", place / f"{name}.py"
        if (folder / package).is_file():
            yield package, folder / package
        elif (folder / module).is_file():
            yield module, folder / module
            return
        elif not (folder / place / name).is_dir():
            return
        place /= name


def _all_of(folder: Path, package: PurePosixPath) -> Iterator[tuple[PurePosixPath, Path]]:
    """All modules of a package, as `import *` may run any of them."""
    if package.parts:
        for path in sorted((folder / package).glob("*.py")):
            yield package / path.name, path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
