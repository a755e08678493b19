"""What a search tells while it runs: an object for each thing that happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.runs.run import Run
    from nasbench_mobile.search.problem import Outcome
    from nasbench_mobile.search.progress import Progress
    from nasbench_mobile.training.trainer import EpochReport
    from nasbench_mobile.types import Failure, LatencyReading


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for people, such as which code of the user's own is run."""

    text: str


@dataclass(frozen=True, slots=True)
class TableFills:
    """The table of measured blocks that latencies are summed from is being filled."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SearchBegins:
    """The search begins or goes on.

    `images` says what was read of the images, `headline` what is searched and how, and `hints` what
    may be amiss. `budget` is in full trainings, and `epochs` is the length of one; `earlier` is
    what an earlier part of the search has told, if there was one.
    """

    folder: Path
    images: str
    headline: str
    hints: tuple[str, ...]
    budget: int
    epochs: float
    earlier: Run | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CandidateBegins:
    """A candidate's evaluation begins, with a share of the full training in (0, 1]."""

    architecture: Architecture
    share: float


@dataclass(frozen=True, slots=True)
class LatencyKnown:
    """The candidate's latency is known, or failed, before it is trained."""

    reading: LatencyReading | Failure


@dataclass(frozen=True, slots=True)
class EpochEnds:
    """An epoch of the candidate's training has ended."""

    report: EpochReport


@dataclass(frozen=True, slots=True)
class CandidateEnds:
    """The candidate has its reward, or has failed."""

    outcome: Outcome | Failure


@dataclass(frozen=True, slots=True)
class StrategyLearned:
    """The strategy was told of a batch, which is in the log from now on."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class FilesBegin:
    """The report and the best networks' files are now being written into a folder."""

    folder: Path


SearchEvent: TypeAlias = (
    Said
    | TableFills
    | SearchBegins
    | CandidateBegins
    | LatencyKnown
    | EpochEnds
    | CandidateEnds
    | StrategyLearned
    | FilesBegin
)

Listener: TypeAlias = Callable[[SearchEvent], object]
"""Called with each thing that happens; what it returns means nothing."""


def unheard(event: SearchEvent) -> None:
    """A listener that does nothing."""
