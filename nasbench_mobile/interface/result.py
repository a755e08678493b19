"""What one run found."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.metrics import anytime
from nasbench_mobile.metrics.columns import Columns, columns
from nasbench_mobile.metrics.pareto import run_front
from nasbench_mobile.printable import printable
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Measurement, StrategySpec, Trial

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """One run of a strategy on a benchmark, as far as it came; nothing in it changes.

    `run` is what reports are made from: its `header` says all that decides the run, with the hash
    of the strategy's code. Trials are as the strategy saw them; `best` is the one that its own
    rewards chose, and `best_measurement` and `best_reward` score it without noise, as reports do.
    """

    benchmark: Benchmark
    run: Run = field(hash=False)

    @property
    def strategy(self) -> StrategySpec:
        """Name and options of the strategy."""
        return self.run.header.strategy

    @property
    def seed(self) -> int:
        return self.run.header.seed

    @cached_property
    def history(self) -> tuple[Trial, ...]:
        """All trials, in the order in which they were told."""
        return tuple(self.run.trials)

    @property
    def finished(self) -> bool:
        """Whether the run came to its end: its budget was spent, or nothing more was proposed."""
        return self.run.finished

    @property
    def failure(self) -> str | None:
        """Why the run ended early, in a sentence; None where it did not."""
        return self.run.failure

    @property
    def best(self) -> Trial | None:
        """The trial of the highest reward among full trainings; None where there is none."""
        place = self._place
        return None if place is None else self.run.trials[place]

    @property
    def best_measurement(self) -> Measurement | None:
        """Accuracy (a fraction) and latency (ms) of the best trial without noise."""
        place = self._place
        return None if place is None else self.run.noise_free[place]

    @property
    def best_reward(self) -> float:
        """The reward of the best trial without noise; 0 where nothing was found."""
        return anytime.best_reward(self._columns, self.benchmark.objective)

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials than which none is both more accurate and faster, the fastest first."""
        return tuple(self.run.trials[int(place)] for place in run_front(self._columns))

    @property
    def architecture(self) -> Architecture | None:
        """The best trial's architecture, which a notebook draws."""
        best = self.best
        return None if best is None else self.benchmark.architecture(best.tokens)

    def to_frame(self) -> pd.DataFrame:
        """All trials as a pandas table: one row a trial, one column a decision (`trial_frame`).

        `MissingExtraError` where pandas is not installed, with the command that installs it.
        """
        from nasbench_mobile.report.frames import trial_frame

        return trial_frame([self.run], self.benchmark.decisions, self.benchmark.objective)

    @cached_property
    def _columns(self) -> Columns:
        return columns(self.run)

    @property
    def _place(self) -> int | None:
        return anytime.best(self._columns)

    def __repr__(self) -> str:
        header, best = self.run.header, self.best_measurement
        found = (
            "no network found"
            if best is None
            else f"best reward {self.best_reward:.4f} (accuracy {100 * best.accuracy:.2f} %, "
            f"{best.latency_ms:.1f} ms)"
        )
        text = (
            f"{header.strategy.label} on {self.benchmark.identifier}, seed {header.seed}: "
            f"{len(self.run.trials):,} trials, {found}"
        )
        if self.failure is not None:
            text += f"; it ended early: {self.failure}"
        elif not self.finished:
            text += f"; not finished: {self.run.charged:.10g} of {header.budget:,} spent"
        return f"<Result: {printable(text)}>"

    def _repr_html_(self) -> str:
        """A line of what was found, and a drawing of the best network where there is one."""
        best = self.architecture
        drawn = None if best is None else best._repr_svg_()
        return f"<p>{escape(repr(self)[len('<Result: ') : -1])}</p>{drawn or ''}"
