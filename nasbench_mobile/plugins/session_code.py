"""The code of a class or function that was written in a notebook or a script, as a file of its own.

Such code has no file that a worker process or a later session could import: a notebook has none,
and importing a script would run it. What is written out is the definition with all that it names:
imports, constants, and other classes and functions of the same session.
"""

from __future__ import annotations

import ast
import linecache
import math
import symtable
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from nasbench_mobile.errors import UsageError

_PLAIN = (bool, int, float, complex, str, bytes, type(None), tuple, list, dict, set, frozenset)


def session_source(thing: Any) -> str:
    """A module's text that defines a class or function as this session does.

    `UsageError` says what of it cannot be written out: its text is not to be had, it uses variables
    of the function it was defined in, or an object that no import and no literal gives.
    """
    collected = _Collected(thing)
    collected.define(thing)
    about = f'"""{thing.__name__}, as a notebook or script had it; nasbench_mobile wrote this."""'
    parts = [about, "from __future__ import annotations"]
    parts += ["\n".join(sorted(collected.imports)), *collected.definitions]
    return "\n\n".join(part for part in parts if part) + "\n"


class _Collected:
    """What a module must hold, in an order in which it can be run."""

    def __init__(self, thing: Any) -> None:
        self.what = thing.__name__
        self.imports: set[str] = set()
        self.definitions: list[str] = []
        self._done: set[str] = set()
        self._seen: dict[str, str] = {}

    def define(self, thing: Any, around: dict[str, Any] | None = None) -> None:
        """Add a class or function, after all that it names.

        `around` holds the global names of what uses it, where it cannot say its own.
        """
        name = thing.__name__
        if name in self._done:
            return
        self._done.add(name)
        text, known = self._found(thing, around or {})
        for used in _global_names(text):
            if used in known and used not in self._done:
                self._add(used, known)
        self.definitions.append(text)

    def _add(self, name: str, known: dict[str, Any]) -> None:
        value = known[name]
        if isinstance(value, ModuleType):
            self._refuse_neighbour(name, value)
            own = value.__name__ == name
            words = f"import {value.__name__}" + ("" if own else f" as {name}")
        elif home := _home(name, value):
            if home == "__future__":  # what the written file begins with
                return
            self._refuse_neighbour(name, sys.modules[home])
            origin = name if hasattr(sys.modules[home], name) else value.__name__
            words = f"from {home} import {origin}" + ("" if origin == name else f" as {name}")
        elif isinstance(value, type | FunctionType):
            self.define(value, known)
            if value.__name__ != name:
                self.definitions.append(f"{name} = {value.__name__}")
            return
        elif (written := _literal(value)) is not None:
            self._done.add(name)
            self.definitions.append(f"{name} = {written}")
            return
        else:
            raise UsageError(
                f"{self.what} uses {name}, a value of this session (of the type "
                f"{type(value).__name__}), which cannot be written into a file; put {self.what} "
                f"and {name} into a file of their own and import it from there"
            )
        self._done.add(name)
        self.imports.add(words)

    def _refuse_neighbour(self, name: str, module: ModuleType) -> None:
        """`UsageError` where a module lies beside the script: it would not be kept."""
        if _lies_beside(module):
            raise UsageError(
                f"{self.what} uses {name} of {module.__file__}, a file beside your script or "
                f"notebook, which would not be kept with its results; put {self.what} into a file "
                "beside that one and import it from there"
            )

    def _found(self, thing: Any, around: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The lines of a definition, found by those of its functions, and its global names.

        A class without any, of constants or a dataclass, is looked for by its name where
        definitions were found before.
        """
        name = thing.__name__
        for function in _functions(thing):  # those that a decorator made stand elsewhere
            code, lines = function.__code__, _lines(function)
            text = _cut_out(lines, name, code.co_firstlineno)
            if text is None:
                continue
            if captured := set(code.co_freevars) - {"__class__"}:
                raise UsageError(
                    f"{name} uses {min(captured)}, a variable of the function that it is defined "
                    "in; define it at the top of a file, a notebook's cell or a script"
                )
            self._seen[code.co_filename] = lines
            return text, function.__globals__
        for lines in self._seen.values():
            text = _cut_out(lines, name, None)
            if text is not None:
                return text, around
        raise UsageError(
            f"the code of {name} is not to be had, so it cannot be kept with its "
            "results; put it into a file and import it from there"
        )


def _lies_beside(module: ModuleType) -> bool:
    """Whether a module's file, or its package, lies where the session was started from."""
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    file = getattr(top, "__file__", None)
    if file is None or top.__name__ == "nasbench_mobile":
        return False
    own = Path(file).resolve()
    home = own.parent.parent if own.stem == "__init__" else own.parent
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    started = [Path.cwd(), *([Path(script).resolve().parent] if script else [])]
    return home in started


def _lines(function: FunctionType) -> str:
    """The text of the cell or file that a function stands in; empty where there is none."""
    return "".join(linecache.getlines(function.__code__.co_filename, function.__globals__))


def _functions(thing: Any) -> Iterator[FunctionType]:
    """A function itself, or those in a class that were written there."""
    if isinstance(thing, FunctionType):
        yield thing
        return
    for value in vars(thing).values():
        inner = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(inner, FunctionType) and inner.__module__ == thing.__module__:
            yield inner


def _cut_out(text: str, name: str, line: int | None) -> str | None:
    """The innermost definition of a name around a line, or the last; whole, without indent."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    kinds = ast.ClassDef | ast.FunctionDef
    found = [n for n in ast.walk(tree) if isinstance(n, kinds) and n.name == name]
    around = [
        n for n in found if line is None or _first_line(n) <= line <= (n.end_lineno or n.lineno)
    ]
    if not around:
        return None
    inner = max(around, key=_first_line)
    lines = text.splitlines()[_first_line(inner) - 1 : inner.end_lineno]
    return textwrap.dedent("\n".join(lines))


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _global_names(text: str) -> list[str]:
    """Names that a definition takes from around it, in the order of the alphabet."""
    waiting, names = [symtable.symtable(text, "session", "exec")], set()
    while waiting:
        table = waiting.pop()
        names |= {one.get_name() for one in table.get_symbols() if one.is_global()}
        waiting += table.get_children()
    return sorted(names)


def _home(name: str, value: Any) -> str | None:
    """The module that a value is imported from, where there is one."""
    home = getattr(value, "__module__", None)
    module = sys.modules.get(home) if isinstance(home, str) and home != "__main__" else None
    if module is None or getattr(module, "__file__", "") is None:
        return None
    for known in (name, getattr(value, "__name__", name)):
        if getattr(module, known, None) is value:
            return home
    return None


def _literal(value: Any) -> str | None:
    """Words that Python reads the same value from; None where there are none."""
    if type(value) not in _PLAIN:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    words = repr(value)
    try:
        return words if ast.literal_eval(words) == value else None
    except (ValueError, SyntaxError):
        return None
