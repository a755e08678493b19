"""What a search tells, on standard error: sentences, a bar for tables, and its live progress."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from nasbench_mobile.cli.search.progress import SearchProgress
from nasbench_mobile.cli.shared.output import console
from nasbench_mobile.image_search.events import (
    CandidateBegins,
    CandidateEnds,
    EpochEnds,
    FilesBegin,
    LatencyKnown,
    Said,
    SearchBegins,
    SearchEvent,
    StrategyLearned,
    TableFills,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class SearchScreen:
    """Hears of every event; a context manager, which ends what is live.

    `quiet` shows nothing of the search itself. `begun` and `writing` are its folder once it has
    begun, and once its files are being written.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._stack = quiet, ExitStack()
        self._progress: SearchProgress | None = None
        self._bar: Callable[[int, int], None] | None = None
        self.begun: Path | None = None
        self.writing: Path | None = None

    def __enter__(self) -> SearchScreen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def heard(self, event: SearchEvent) -> None:
        """Show one thing that happens."""
        match event:
            case Said():
                self._say(event.text)
            case TableFills():
                self._fills(event)
            case SearchBegins():
                self._begins(event)
            case FilesBegin():
                self._stack.close()
                self.writing = event.folder
                if not self._quiet:
                    what = "the report and the best networks' files"
                    self._say(f"writing {what} into {event.folder}")
            case _ if self._progress is not None:
                _tell(self._progress, event)

    def _begins(self, event: SearchBegins) -> None:
        self._stack.close()
        self.begun = event.folder
        if not self._quiet:
            for line in (event.images, event.headline, *event.hints):
                self._say(line)
        screen = None if self._quiet else console(stderr=True)
        self._progress = self._stack.enter_context(
            SearchProgress(event.earlier, event.budget, event.epochs, screen)
        )

    def _fills(self, event: TableFills) -> None:
        from nasbench_mobile.cli.latency.fill_progress import progress

        if self._bar is None:
            self._bar = self._stack.enter_context(progress(event.what))
        self._bar(event.done, event.total)

    @staticmethod
    def _say(text: str) -> None:
        console(stderr=True).print(text, soft_wrap=True)


def _tell(progress: SearchProgress, event: SearchEvent) -> None:
    match event:
        case CandidateBegins():
            progress.begins(event.architecture, event.share)
        case LatencyKnown():
            progress.latency(event.reading)
        case EpochEnds():
            progress.epoch(event.report)
        case CandidateEnds():
            progress.ends(event.outcome)
        case StrategyLearned():
            progress.told(event.progress)
