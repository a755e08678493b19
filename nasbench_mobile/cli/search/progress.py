"""Live progress of a search: which candidate, how its training goes, what is best so far."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.report.search_wording import share_words, spent_of
from nasbench_mobile.runs.run import Run
from nasbench_mobile.search.problem import Outcome
from nasbench_mobile.search.progress import Progress
from nasbench_mobile.types import Failure, LatencyReading, Measurement

if TYPE_CHECKING:
    from nasbench_mobile.training.trainer import EpochReport


class SearchProgress:
    """Told of every step of a search; a context manager.

    Every candidate that ends is a line. On a terminal the one under way is a line at the bottom,
    else every epoch is a line of its own. `run` is what an earlier part of the search has told,
    `budget` is in full trainings, `epochs` those of one. `console` None says nothing at all.
    """

    def __init__(
        self, run: Run | None, budget: int, epochs: float, console: Console | None
    ) -> None:
        self._budget, self._epochs, self._console = budget, epochs, console
        trials = run.trials if run is not None else ()
        self._told, self._since_told = len(trials), 0
        self._charged = 0.0 if run is None else run.charged  # by trials that were told
        self._ended = self._evaluated = 0.0  # trainings' worth since the last tell, and in all
        self._share, self._under_way = 1.0, 0.0  # of the last candidate; 0 where it has ended
        self._partial = any(trial.proposal.fidelity < 1.0 for trial in trials)
        self._best: tuple[float, Measurement] | None = None
        for trial in trials:
            if trial.counts and trial.reward is not None and trial.measurement is not None:
                self._rewarded(trial.reward, trial.measurement)
        self._latency = self._training = ""
        self._started = self._candidate_started = time.monotonic()
        self._live = (
            Live(get_renderable=self.line, console=console, refresh_per_second=2, transient=True)
            if console is not None and console.is_terminal
            else None
        )

    def __enter__(self) -> SearchProgress:
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def begins(self, architecture: Architecture, share: float) -> None:
        """A candidate's evaluation begins, by a share of the full training."""
        self._since_told += 1
        self._share = self._under_way = share
        self._partial = self._partial or share < 1.0
        self._latency = self._training = ""
        self._candidate_started = time.monotonic()

    def latency(self, reading: LatencyReading | Failure) -> None:
        """The candidate's latency is known, before it is trained."""
        if isinstance(reading, LatencyReading):
            self._latency = f"{reading.latency_ms:.4g} ms"

    def epoch(self, report: EpochReport) -> None:
        """An epoch of the candidate's training has ended."""
        epochs = max(self._epochs * self._share, report.epoch)  # whole steps may be a little more
        self._training = f"epoch {report.epoch:.3g} of {epochs:.3g}, accuracy {report.accuracy:.2%}"
        if self._live is None:
            self._say(f"{self._place}: {self._latency}, {self._training}, {self._best_words}")

    def ends(self, outcome: Outcome | Failure) -> None:
        """The candidate has its reward, or has failed."""
        self._ended += self._share
        self._evaluated += self._share
        self._under_way = 0.0
        took_s = time.monotonic() - self._candidate_started
        if isinstance(outcome, Failure):
            self._say(f"{self._place}: failed after {took_s:.0f} s: {outcome.reason}")
            return
        found = outcome.measurement
        if self._share == 1.0:
            self._rewarded(outcome.reward, found)
        self._say(
            f"{self._place}: accuracy {found.accuracy:.2%}, {found.latency_ms:.4g} ms, "
            f"reward {outcome.reward:.4f}, {took_s:.0f} s; {self._best_words}"
        )

    def told(self, progress: Progress) -> None:
        """The strategy has learned from a batch."""
        self._told, self._since_told = progress.trials, 0
        self._charged, self._ended = progress.charged, 0.0

    @property
    def _spent(self) -> float:
        """Full trainings' worth of the budget; repeats in a batch are counted when it is told."""
        return min(self._charged + self._ended, self._budget)

    @property
    def _place(self) -> str:
        """`candidate 3 of 10`, or where trainings differ in length what they have spent."""
        number = self._told + self._since_told
        if not self._partial:
            return f"candidate {number:,} of {self._budget:,}"
        length = "in full" if self._share == 1.0 else f"{share_words(self._share)} of a training"
        return f"candidate {number:,} ({length}), {spent_of(self._spent, self._budget)}"

    @property
    def _best_words(self) -> str:
        if self._best is None:
            return "no full training yet" if self._partial else "no reward yet"
        reward, found = self._best
        return f"best {reward:.4f} ({found.accuracy:.2%}, {found.latency_ms:.4g} ms)"

    def _rewarded(self, reward: float, measurement: Measurement) -> None:
        if self._best is None or reward > self._best[0]:
            self._best = reward, measurement

    def line(self) -> Text:
        """What is under way, for a terminal."""
        now = time.monotonic()
        parts = [self._place, self._latency or "measuring", self._training or "training"]
        parts += [f"{now - self._candidate_started:.0f} s", self._best_words]
        left = self._budget - self._charged - self._ended - self._under_way
        if self._evaluated and left > 0.005:
            minutes = (now - self._started) / self._evaluated * left / 60
            time_left = f"about {minutes:.0f} min" if minutes >= 1 else "less than a minute"
            what = f"{left:.3g} {'training' if left == 1 else 'trainings'}"
            parts.append(f"{time_left} for the other {what}")
        return Text(", ".join(parts))

    def _say(self, text: str) -> None:
        if self._console is not None:
            self._console.print(text, soft_wrap=True)
