"""A search to its end, from wherever it stands, and what came out of it, on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from nasbench_mobile.cli.shared.output import console, print_json, say
from nasbench_mobile.cli.shared.signals import INTERRUPTED
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.image_search.request_file import CHECKPOINT_S
from nasbench_mobile.shell_words import command

if TYPE_CHECKING:
    from nasbench_mobile.cli.search.screen import SearchScreen
    from nasbench_mobile.image_search.results import SearchResults
    from nasbench_mobile.studies.study import Study


def finish(study: Study, *, as_json: bool = False) -> None:
    """Search to the end, from wherever it stands, and show what came out."""
    from nasbench_mobile.image_search.running import finished

    with shown(as_json, CHECKPOINT_S) as screen:
        found = finished(study, None, CHECKPOINT_S, screen.heard)
    show(found, as_json=as_json)


def show_results(study: Study, *, as_json: bool = False) -> None:
    """Write the files and the page of a search, finished or not, and print what there is.

    `NasbenchError` where the search has ended without a result.
    """
    from nasbench_mobile.image_search.running import written

    with shown(as_json, CHECKPOINT_S) as screen:
        found = written(study, screen.heard)
    show(found, as_json=as_json)


def show(found: SearchResults, *, as_json: bool) -> None:
    """Print what a search has found; `NasbenchError` where it ended early or without a result."""
    from nasbench_mobile.cli.search.printing import print_results
    from nasbench_mobile.image_search.files import PAGE

    if as_json:
        print_json(found.summary)
    else:
        print_results(found)
        console().print(f"\nAll of it: {found.folder / PAGE}", soft_wrap=True)
    if found.nothing is not None:
        if found.ended:
            raise NasbenchError(found.nothing)
        say(found.nothing)
    if found.failure is not None:
        raise NasbenchError(f"the search ended early: {found.failure}")


@contextmanager
def shown(as_json: bool, checkpoint_s: float) -> Iterator[SearchScreen]:
    """A screen for a search; on Ctrl-C it says what is kept, and how to go on."""
    from nasbench_mobile.cli.search.screen import SearchScreen

    screen = SearchScreen(quiet=as_json)
    try:
        with screen:
            yield screen
    except KeyboardInterrupt:
        if screen.writing is not None:
            say(
                "stopped while files were written; the search itself is kept. Write them again "
                f"with: {command('report', screen.writing)}"
            )
        elif screen.begun is not None:
            say(
                "stopped; nothing that was told is lost, of the training under way at most "
                f"{checkpoint_s:g} s. Go on with the same command, or: "
                f"{command('resume', screen.begun)}"
            )
        else:
            raise
        raise typer.Exit(INTERRUPTED) from None
