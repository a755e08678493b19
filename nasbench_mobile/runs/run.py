"""What is known of a run: read from its event log, given to metrics and reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nasbench_mobile.runs.trial_table import TrialTable
from nasbench_mobile.types import Measurement, StrategySpec, Tokens, Trial


@dataclass(frozen=True, slots=True)
class ReferencePoint:
    """The frozen corner of the hypervolume: least accuracy (fraction), largest latency (ms)."""

    accuracy: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class RunHeader:
    """The first line of an event log: everything that decides what the run does.

    `benchmark` is the resolved benchmark record (JSON values; keys name, version, space, accuracy,
    latency, objective {alpha, beta, target_ms}, budget_unit, reference_point), `benchmark_hash`
    its hash. `batch` is the user's own batch size or None for the strategy's natural one; `start`
    holds the architectures a warm-started run begins with, charged to its budget.
    `workers` is the number of simulated workers of an asynchronous run. `code` says what code the
    strategy is (`identity.Made`), None in logs of schema 1; `defaults` are the options that were
    not given, with their values.
    """

    benchmark: dict[str, Any]
    benchmark_hash: str
    strategy: StrategySpec
    seed: int
    budget: int
    batch: int | None = None
    start: tuple[Tokens, ...] = ()
    workers: int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    code: str | None = None
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def target_ms(self) -> float:
        return float(self.benchmark["objective"]["target_ms"])

    @property
    def reference_point(self) -> ReferencePoint:
        point = self.benchmark["reference_point"]
        return ReferencePoint(float(point["accuracy"]), float(point["latency_ms"]))


@dataclass(frozen=True, slots=True)
class Timing:
    """Process CPU seconds spent in the strategy and in evaluating, and wall seconds of the run.

    `simulated_s` is the clock of an asynchronous run in simulated time, else 0.
    """

    ask_tell_s: float = 0.0
    evaluate_s: float = 0.0
    wall_s: float = 0.0
    simulated_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """One strategy on one benchmark with one seed, as logged.

    `trials` are in the order they were told; `noise_free` has, for each, the measurement without
    noise (the trial's own on a benchmark without noise; None where the trial failed). Scores use
    `noise_free` of what the trials' rewards chose. `failure` is the reason a run ended early,
    `damage` why its log cannot be read: then the run has no trials here, and no result. Trials are
    a tuple or, where they were read from a log, a `TrialTable` with its `NoiseFree`. `stopped` says
    of a run that has not ended why, where that is known.
    """

    header: RunHeader
    trials: Sequence[Trial]
    noise_free: Sequence[Measurement | None]
    finished: bool
    failure: str | None = None
    timing: Timing = field(default_factory=Timing)
    damage: str | None = None
    stopped: str | None = None

    @property
    def charged(self) -> float:
        """How much of the budget the told trials have spent, in proposals of full fidelity."""
        if isinstance(self.trials, TrialTable):
            return self.trials.charged
        return math.fsum(trial.proposal.fidelity for trial in self.trials)


def ranked_results(trials: Sequence[Trial]) -> list[int]:
    """Positions of the trials that count as results, highest reward first; of equals the first.

    The first of them is what a run would pick. Repeats are among them: whoever wants each
    architecture once takes the first trial of each.
    """
    counting = [position for position, trial in enumerate(trials) if trial.counts]
    return sorted(counting, key=lambda position: -(trials[position].reward or 0.0))
