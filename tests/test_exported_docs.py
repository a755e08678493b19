"""Every exported function and method says in sections what it takes and what it gives."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nasbench_mobile
from nasbench_mobile import protocols

ROOMS = (
    "nasbench_mobile",
    *(
        f"nasbench_mobile.{module.name}"
        for module in pkgutil.iter_modules(nasbench_mobile.__path__)
        if not module.name.startswith("_")
    ),
)


def methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods that a class itself defines, class methods and `__call__` among them."""
    for name, value in vars(kind).items():
        method = getattr(value, "__func__", value)
        if inspect.isfunction(method) and (name == "__call__" or not name.startswith("_")):
            yield name, method


def exported(room: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions in the `__all__` of a module, and the methods of the classes there."""
    module = importlib.import_module(room)
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isfunction(thing):
            yield f"{room}.{name}", thing
        elif inspect.isclass(thing):
            yield from (
                (f"{room}.{name}.{method}", function)
                for method, function in methods(thing)
                if method not in IN_PROTOCOLS
            )


def protocol_methods() -> list[tuple[str, Callable[..., Any]]]:
    """The methods that the contracts declare, by the names of contract and method."""
    return [
        (f"{name}.{method}", function)
        for name, kind in vars(protocols).items()
        if inspect.isclass(kind) and kind.__module__ == protocols.__name__
        for method, function in methods(kind)
    ]


IN_PROTOCOLS = {name.rpartition(".")[2] for name, _ in protocol_methods()}
"""Methods that classes need not explain again: their contract does, for all of them."""


def lacking(function: Callable[..., Any]) -> list[str]:
    """What the docstring of a function does not tell of its parameters and its answer."""
    signature = inspect.signature(function)
    parameters = [name for name in signature.parameters if name not in ("self", "cls")]
    if not parameters:
        return []
    sections = re.split(r"^(\w+):$", inspect.getdoc(function) or "", flags=re.MULTILINE)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    found = [
        f"{name} in Args:"
        for name in parameters
        if not re.search(rf"^    {name}: \S", told.get("Args", ""), re.MULTILINE)
    ]
    gives = signature.return_annotation not in (None, "None")
    return [*found, "Returns:"] if gives and not told.get("Returns", "").strip() else found


def test_what_is_lacking_is_found() -> None:
    def terse(first: int, second: int) -> int:
        """Args and Returns: are only mentioned."""
        return first + second

    def half(first: int, second: int) -> int:
        return first + second

    half.__doc__ = "Args:\n    first: The one, and\n        second: out of place.\n\nReturns:\n"

    def whole(first: int, *, second: int = 0, **options: Any) -> int:
        """Add two numbers.

        Args:
            first: The one.
            second: The other.
            options: More.

        Returns:
            Their sum.
        """
        return first + second

    def silent(first: int) -> None:
        """Do nothing.

        Args:
            first: A number.
        """

    def plain() -> int:
        """Give 1."""
        return 1

    assert lacking(terse) == ["first in Args:", "second in Args:", "Returns:"]
    assert lacking(half) == ["second in Args:", "Returns:"]
    assert not [*lacking(whole), *lacking(silent), *lacking(plain)]


def test_methods_of_all_kinds_are_looked_at() -> None:
    class Several:
        def __call__(self) -> None: ...
        def plain(self) -> None: ...
        @classmethod
        def made(cls) -> None: ...
        @staticmethod
        def alone() -> None: ...
        def _private(self) -> None: ...

    assert [name for name, _ in methods(Several)] == ["__call__", "plain", "made", "alone"]
    names = [
        name
        for room in ("metrics", "objectives")
        for name, _ in exported(f"nasbench_mobile.{room}")
    ]
    assert "nasbench_mobile.metrics.a12" in names
    assert "nasbench_mobile.metrics.IncrementalFront.add" in names
    assert "nasbench_mobile.objectives.OwnObjective.find" in names


@pytest.mark.parametrize("room", ROOMS)
def test_exported_functions_and_methods_have_their_sections(room: str) -> None:
    found = {name: lacks for name, function in exported(room) if (lacks := lacking(function))}
    assert not found


def test_contracts_have_their_sections() -> None:
    assert {"ask", "tell", "start", "network", "canonical", "latency"} <= IN_PROTOCOLS
    assert not {
        name: lacks for name, function in protocol_methods() if (lacks := lacking(function))
    }
