"""Warnings of this package as a line for the user, without the line of code that gave them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nasbench_mobile.printable import printable


@contextmanager
def warnings_in_words() -> Iterator[None]:
    """While this context is open, each warning of this package is printed once, as `warning: ...`.

    Warnings of other packages keep the form that says where in the code they were given.
    """
    told: set[str] = set()
    usual = warnings.formatwarning

    def worded(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        line: str | None = None,
    ) -> str:  # fmt: skip
        if not category.__module__.startswith("nasbench_mobile."):
            return usual(message, category, filename, lineno, line)
        said = f"warning: {printable(str(message))}\n"
        fresh = said not in told
        told.add(said)
        return said if fresh else ""

    warnings.formatwarning = worded
    try:
        yield
    finally:
        warnings.formatwarning = usual
