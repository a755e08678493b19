"""Runs that may be compared, checked and scored once: what every table and plot reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.metrics.anytime import best, best_reward
from nasbench_mobile.metrics.columns import Columns, columns, objective_of
from nasbench_mobile.metrics.hypervolume import run_hypervolume
from nasbench_mobile.protocols import BenchmarkObjective
from nasbench_mobile.report.wording import every_seed
from nasbench_mobile.runs.budget import SLACK
from nasbench_mobile.runs.run import Run

BASELINE = "random"
"""The strategy that every other one should beat (Li and Talwalkar 2020)."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRun:
    """A run with its arrays and final scores (noise-free, of what its rewards chose)."""

    run: Run
    columns: Columns
    best_reward: float
    hypervolume: float

    @property
    def seed(self) -> int:
        return self.run.header.seed

    @property
    def ended(self) -> bool:
        """Whether the run came to its end, good or bad; False where it was interrupted."""
        return self.run.finished or self.run.failure is not None

    @property
    def complete(self) -> bool:
        """Whether the run ended well."""
        return self.run.finished and self.run.failure is None

    @property
    def pick(self) -> int | None:
        """The position of the trial that its own readings chose; None where it found nothing."""
        return best(self.columns)

    @property
    def stopped_early(self) -> bool:
        """Whether the run ended well with a whole proposal or more of its budget left.

        A strategy that has nothing more to propose ends its run so. What is left of partial
        trainings, less than one proposal, may buy nothing and is no early stop.
        """
        return self.complete and self.run.header.budget - self.run.charged >= 1.0 - SLACK


@dataclass(frozen=True, eq=False)
class StrategyRuns:
    """All runs of one strategy with its options, ordered by seed."""

    label: str
    runs: tuple[ScoredRun, ...]

    @property
    def name(self) -> str:
        return self.runs[0].run.header.strategy.name

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.runs[0].run.header.strategy.options)

    @property
    def is_random_search(self) -> bool:
        """Whether this is random search as it comes, whatever its label."""
        return self.name == BASELINE and not self.options

    @property
    def provisional(self) -> bool:
        """Whether no run has ended yet, so that figures are provisional."""
        return not any(scored.ended for scored in self.runs)

    @cached_property
    def scored(self) -> tuple[ScoredRun, ...]:
        """The runs that figures are made from.

        These are the runs that ended; a failed run counts with what it had found by then, because
        leaving it out would flatter its strategy. Interrupted runs are listed but wait to be
        resumed; only where there are no others do their figures so far stand in (`provisional`).
        """
        if self.provisional:
            return tuple(scored for scored in self.runs if scored.run.trials)
        return tuple(scored for scored in self.runs if scored.ended)

    @property
    def incomplete(self) -> tuple[ScoredRun, ...]:
        return tuple(scored for scored in self.runs if not scored.complete)

    @property
    def unranked(self) -> str | None:
        """Why the strategy cannot be first or second, as words that follow its label; else None.

        A strategy none of whose runs came to a good end, or that found no network, has figures but
        no place among the others.
        """
        if not self.scored:
            unread = all(scored.run.damage is not None for scored in self.runs)
            return "has no log that can be read" if unread else "has no trial yet"
        if all(scored.pick is None for scored in self.scored):
            return "found no network that could be evaluated"
        if all(scored.run.failure is not None for scored in self.scored):
            return f"failed on {every_seed(len(self.scored))}"
        return None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Strategies on one benchmark at one budget."""

    benchmark: dict[str, Any]
    benchmark_hash: str
    budget: int
    objective: BenchmarkObjective
    strategies: tuple[StrategyRuns, ...]

    @property
    def baseline(self) -> StrategyRuns | None:
        """The comparison's random search: where there are two, the one without its own label."""
        found = [group for group in self.strategies if group.is_random_search]
        return min(found, key=lambda group: group.label != BASELINE, default=None)

    @property
    def target_ms(self) -> float:
        return self.objective.target_ms

    @property
    def benchmark_name(self) -> str:
        """`name@version`."""
        return f"{self.benchmark['name']}@{self.benchmark['version']}"


def compare_runs(runs: Sequence[Run], objective: BenchmarkObjective | None = None) -> Comparison:
    """Check that runs belong together and score each of them.

    `objective` scores them; it is needed where it is a user's own, which a log cannot hold.
    `UsageError` where there is none; `LogError` where they differ in benchmark or budget, or one
    strategy has a seed twice.
    """
    if not runs:
        raise UsageError("there are no runs to report on; give a study with at least one log")
    _check_alike(runs)
    header = runs[0].header
    scoring = objective or objective_of(header)
    by_label: dict[str, list[ScoredRun]] = {}
    for run in runs:
        by_label.setdefault(run.header.strategy.label, []).append(_score(run, scoring))
    return Comparison(
        benchmark=header.benchmark,
        benchmark_hash=header.benchmark_hash,
        budget=header.budget,
        objective=scoring,
        strategies=tuple(
            StrategyRuns(label, tuple(sorted(scored, key=lambda s: s.seed)))
            for label, scored in by_label.items()
        ),
    )


def _score(run: Run, objective: BenchmarkObjective) -> ScoredRun:
    table = columns(run)
    return ScoredRun(
        run=run,
        columns=table,
        best_reward=best_reward(table, objective),
        hypervolume=run_hypervolume(table, run.header.reference_point),
    )


def _check_alike(runs: Sequence[Run]) -> None:
    first = runs[0].header
    seen: set[tuple[str, int]] = set()
    for header in (run.header for run in runs):
        who = f"{header.strategy.label} seed {header.seed}"
        if header.benchmark_hash != first.benchmark_hash:
            raise LogError(
                f"runs of two benchmarks cannot be compared: {first.strategy.label} seed "
                f"{first.seed} is on {_benchmark(first.benchmark)} ({first.benchmark_hash[:12]}), "
                f"{who} on {_benchmark(header.benchmark)} ({header.benchmark_hash[:12]}); "
                "report them apart"
            )
        if header.budget != first.budget:
            raise LogError(
                f"runs of two budgets cannot be compared: {first.strategy.label} seed "
                f"{first.seed} has {first.budget} proposals, {who} has {header.budget}; "
                "report them apart"
            )
        if header.start != first.start:
            raise LogError(
                f"{first.strategy.label} seed {first.seed} starts from {len(first.start)} known "
                f"architectures and {who} from {len(header.start)} (or others); only runs that "
                "start alike can be compared"
            )
        if header.workers != first.workers:
            raise LogError(
                f"{first.strategy.label} seed {first.seed} had {first.workers} proposals in "
                f"flight and {who} "
                f"{header.workers}; report them apart"
            )
        if (header.strategy.label, header.seed) in seen:
            raise LogError(f"{who} is there twice; remove the copy of its log")
        seen.add((header.strategy.label, header.seed))


def _benchmark(record: dict[str, Any]) -> str:
    return f"{record.get('name', '?')}@{record.get('version', '?')}"
