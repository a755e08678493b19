"""Trials as a pandas table: a row a trial, a column a decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nasbench_mobile.extras import need
from nasbench_mobile.protocols import Objective
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Decision, Measurement, Trial

if TYPE_CHECKING:
    import pandas as pd

BEFORE = ("strategy", "seed", "index")
AFTER = (
    "accuracy", "latency_ms", "reward", "fidelity", "failure", "repeat", "true_accuracy",
    "true_reward", "tokens",
)  # fmt: skip
"""Columns before and after those of the decisions."""


def trial_frame(
    runs: Sequence[Run], decisions: Sequence[Decision], objective: Objective
) -> pd.DataFrame:
    """One row a trial, run after run, in the order in which the trials were told.

    Args:
        runs: The runs, of one benchmark.
        decisions: Those of its space; each is a column of its name, which holds the label of the
            value that was chosen, or the token where values have no labels.
        objective: What scores the measurements without noise.

    Returns:
        A frame with the columns `BEFORE`, one for each decision, and `AFTER`. `index` counts a
        run's trials from 0. `accuracy` (a fraction), `latency_ms` and `reward` are as the strategy
        saw them, `true_accuracy` and `true_reward` without noise; they are NaN where the trial
        failed. `fidelity` is the share of the full training, `failure` the reason or None, `repeat`
        whether the run knew the architecture already.

    Raises:
        MissingExtraError: pandas is not installed; the message has the command that installs it.
    """
    need("to_frame", "frames", pandas="pandas")
    import pandas as pd

    rows = [
        _row(run, index, trial, true, decisions, objective)
        for run in runs
        for index, (trial, true) in enumerate(zip(run.trials, run.noise_free, strict=True))
    ]
    frame = pd.DataFrame(rows, columns=[*BEFORE, *_names(decisions), *AFTER])
    numbers = ["accuracy", "latency_ms", "reward", "true_accuracy", "true_reward"]
    return frame.astype(dict.fromkeys([*numbers, "fidelity"], float) | {"repeat": bool})


def _names(decisions: Sequence[Decision]) -> Iterator[str]:
    """Names of columns; a decision that is called as a column of ours has one of its own."""
    for decision in decisions:
        clash = decision.name in (*BEFORE, *AFTER)
        yield f"decision {decision.name}" if clash else decision.name


def _row(
    run: Run,
    index: int,
    trial: Trial,
    true: Measurement | None,
    decisions: Sequence[Decision],
    objective: Objective,
) -> list[Any]:
    seen = trial.measurement
    chosen = [
        decision.labels[token] if decision.labels else token
        for decision, token in zip(decisions, trial.tokens, strict=True)
    ]
    return [
        run.header.strategy.label, run.header.seed, index, *chosen,
        seen.accuracy if seen else None, seen.latency_ms if seen else None, trial.reward,
        trial.proposal.fidelity, trial.failure, trial.repeat_of is not None,
        true.accuracy if true else None, objective(true) if true else None, trial.tokens,
    ]  # fmt: skip
