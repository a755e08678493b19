"""What a search has found, and where it has found nothing, why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_mobile.shell_words import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nasbench_mobile.protocols import SearchSpace
    from nasbench_mobile.report.search_summary import NetworkRow, SearchSummary
    from nasbench_mobile.runs.run import Run
    from nasbench_mobile.types import Trial


@dataclass(frozen=True)
class SearchResults:
    """A search's run, a row for each network it trained in full (best first), and its summary.

    `files` are the paths that were written. `failure` says what ended the search early, where
    something did: a full disk or a broken image, for instance.
    """

    run: Run
    space: SearchSpace
    rows: Sequence[NetworkRow]
    summary: SearchSummary
    files: tuple[Path, ...] = ()
    failure: str | None = None

    def __repr__(self) -> str:
        found = f"best reward {self.best[0]['reward']:.4f}" if self.best else "no network found"
        return f"<SearchResults in {self.folder}: {len(self.history)} trials, {found}>"

    @property
    def folder(self) -> Path:
        """The folder in which the search is kept."""
        return Path(self.summary["folder"])

    @property
    def best(self) -> Sequence[NetworkRow]:
        """The networks of highest reward, as many as were asked for, each with its files."""
        return self.summary["best"]

    @property
    def front(self) -> Sequence[NetworkRow]:
        """The networks that no other beats in both accuracy and latency."""
        return self.summary["front"]

    @property
    def history(self) -> Sequence[Trial]:
        """Every candidate in the order they were told, failures and partial trainings too."""
        return self.run.trials

    @property
    def ended(self) -> bool:
        """Whether the search came to its end, good or bad; one that did not can be gone on with."""
        return self.run.finished or self.run.failure is not None

    @property
    def nothing(self) -> str | None:
        """The reason why there is no result, and what to do; None where there is a result."""
        if self.rows:
            return None
        if not any(trial.ok for trial in self.run.trials):
            reason = self.run.failure or next(iter(self.summary["failures"]))
            text = f"no candidate got a reward; {reason}"
        else:
            text = self._none_in_full
        if not self.ended:
            text += f". The search is not at its end: {self.resume}"
        return text

    @property
    def _none_in_full(self) -> str:
        from nasbench_mobile.report.search_wording import share_words, spent_of

        summary = self.summary
        longest = share_words(summary["longest"][0]["share"])
        text = (
            "no candidate was trained in full, so there is no result: "
            f"{spent_of(summary['spent'], summary['budget'])}, and the longest that succeeded "
            f"was {longest} of a training"
        )
        whole = (trial.failure for trial in self.run.trials if trial.proposal.fidelity == 1.0)
        if self.run.failure is not None:
            text += f"; the search ended early: {self.run.failure}"
        elif (reason := next(filter(None, whole), None)) is not None:
            text += f"; every training in full failed: {reason}"
        elif self.ended:
            text += (
                ". Such a strategy trains in full only after many shorter trainings: give a "
                "larger --budget, and another --out"
            )
        return text

    @property
    def resume(self) -> str:
        """The command that goes on with the search."""
        return command("resume", self.summary["folder"])
