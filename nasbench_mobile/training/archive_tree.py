"""The folders of an archive, in memory: its links are resolved within it and nowhere else."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nasbench_mobile.training.walking import Entry, Found, Kind, walk

MOST_LINKS = 40
"""Links that one name may lead through: as many as Linux follows."""


@dataclass(frozen=True)
class Link:
    """A link: a hard one's target counts from the archive's top, a symbolic one's from its folder.

    What is absolute leads out of the archive, to nothing.
    """

    target: str
    hard: bool = False


@dataclass(frozen=True, eq=False)
class Member:
    """A file: `place` is how its archive finds the content."""

    place: Any


@dataclass(frozen=True, eq=False)
class Directory:
    children: dict[str, Directory | Member | Link] = field(default_factory=dict)


class ArchiveTree:
    """The names of an archive as folders; of members of one name the last counts."""

    def __init__(self) -> None:
        self._root = Directory()
        self._outside: list[str] = []

    def add(self, name: str, node: Directory | Member | Link) -> None:
        """A member by its name in the archive; one that leads out of it is put aside."""
        parts = parts_of(name)
        if ".." in parts:
            self._outside.append(name)
            return
        if not parts:
            return
        at = self._root
        for part in parts[:-1]:
            inner = at.children.get(part)
            if not isinstance(inner, Directory):
                inner = at.children[part] = Directory()
            at = inner
        known = at.children.get(parts[-1])
        if not (isinstance(known, Directory) and isinstance(node, Directory)):
            at.children[parts[-1]] = node

    def find(self, name: str) -> Directory | Member | None:
        """What a name leads to, through links; None where that is nothing within the archive."""
        at, links = [self._root], 0
        todo = parts_of(name)[::-1]
        while todo:
            part = todo.pop()
            if part == "..":
                if len(at) == 1:
                    return None
                at.pop()
                continue
            node = at[-1].children.get(part)
            if isinstance(node, Link):
                links += 1
                if links > MOST_LINKS or (node.target.startswith("/") and not node.hard):
                    return None
                at = at[:1] if node.hard else at
                todo.extend(parts_of(node.target)[::-1])
            elif isinstance(node, Directory):
                at.append(node)
            else:
                return None if todo else node
        return at[-1]

    def walk(self) -> Found:
        return walk(_Place(self, "", self._root), self._outside)

    def places(self, found: Found) -> dict[str, Any]:
        """Image -> how its content is found; a broken link has none."""
        members = ((name, self.find(name)) for name in found.names)
        return {name: node.place for name, node in members if isinstance(node, Member)}


class _Place:
    """A folder of an archive, as a walk sees it."""

    def __init__(self, tree: ArchiveTree, prefix: str, node: Directory) -> None:
        self._tree, self._prefix, self._node = tree, prefix, node
        self.key: Hashable = id(node)

    def entries(self) -> Iterator[Entry]:
        for name, child in self._node.children.items():
            path = self._prefix + name
            node = self._tree.find(path) if isinstance(child, Link) else child
            if isinstance(node, Directory):
                yield Entry(name, Kind.FOLDER, _Place(self._tree, f"{path}/", node))
            elif isinstance(node, Member):
                yield Entry(name, Kind.SPECIAL if node.place is None else Kind.FILE)
            else:
                yield Entry(name, Kind.BROKEN)


def parts_of(name: str) -> list[str]:
    """The parts of a name without empty ones and those that mean where they stand."""
    return [part for part in name.split("/") if part not in ("", ".")]
