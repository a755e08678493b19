"""Strategies that begin with random proposals: was there ever anything else?"""

from __future__ import annotations

from nasbench_mobile.report.summary import RandomFirst
from nasbench_mobile.runs.run import RunHeader

OPTIONS = {
    "regularized-evolution": "population_size",
    "nsga2": "population_size",
    "local-search": "starts",
    "optuna-tpe": "n_startup_trials",
    "optuna-motpe": "n_startup_trials",
    "optuna-gp": "n_startup_trials",
    "predictor-evolution": "initial",
}
"""The option of each built-in strategy that says how many proposals it draws at random before the
first that it bases on what it was told."""


def random_throughout(header: RunHeader) -> RandomFirst | None:
    """The random start where the budget ends before the strategy would use what it was told.

    Known from what the log records: None where that is not the option, as in logs without defaults,
    and for a run that was started from known architectures.
    """
    option = OPTIONS.get(header.strategy.name)
    recorded = header.defaults | header.strategy.options
    count = recorded.get(option) if option else None
    if (
        option is not None
        and isinstance(count, int)
        and count >= header.budget
        and not header.start
    ):
        return {"option": option, "count": count}
    return None
