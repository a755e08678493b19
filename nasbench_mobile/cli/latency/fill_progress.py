"""The bar that shows how a table of block latencies fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nasbench_mobile.cli.shared.output import console


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A live bar on standard error."""
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
