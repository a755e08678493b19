"""What the runs of a study tell, for whoever holds the study in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.protocols import BenchmarkObjective
from nasbench_mobile.report.comparison import Comparison, compare_runs
from nasbench_mobile.report.leaderboard import Leaderboard
from nasbench_mobile.report.summary import Summary
from nasbench_mobile.report.tables import summarise
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_trials(runs: Sequence[Run], where: object) -> None:
    """`NasbenchError` says why no run has a trial; `where` is the study's folder."""
    if not any(run.trials for run in runs):
        damages = [run.damage for run in runs if run.damage is not None]
        raise NasbenchError(
            "; ".join(damages) or f"{where} has no trials yet; nasbench-mobile resume runs it"
        )


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Runs and the figures of them, each made once and by what makes the report's."""

    runs: Sequence[Run]
    objective: BenchmarkObjective

    @classmethod
    def of(cls, runs: Sequence[Run], objective: BenchmarkObjective, where: object) -> StudyResults:
        """`NasbenchError` where no run has a trial; `where` is the study's folder."""
        check_trials(runs, where)
        return cls(tuple(runs), objective)

    @cached_property
    def comparison(self) -> Comparison:
        return compare_runs(self.runs, self.objective)

    @cached_property
    def summary(self) -> Summary:
        return summarise(self.comparison)

    @property
    def leaderboard(self) -> Leaderboard:
        return Leaderboard.of(self.summary)

    @property
    def verdict(self) -> str:
        return verdict(self.summary)

    def plot(self, name: str) -> Figure:
        from nasbench_mobile.report.study import draw  # which loads matplotlib

        return draw(name, self.comparison)
