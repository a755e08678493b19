"""Strategies that begin with random proposals: was there ever anything else?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasbench_mobile.runs import RunHeader

OPTIONS = {
    "regularized-evolution": "population_size",
    "nsga2": "population_size",
    "local-search": "starts",
    "optuna-tpe": "n_startup_trials",
    "optuna-motpe": "n_startup_trials",
    "optuna-gp": "n_startup_trials",
    "predictor-evolution": "initial",
}
"""Of built-in strategies, the option that says how many proposals are drawn, from nothing it was
told, before the first that is not."""


def random_throughout(header: RunHeader) -> dict[str, Any] | None:
    """{option, count} where the budget ends before the strategy would use what it was told.

    Known from recorded options alone: None where the option is not recorded, and for a run that was
    started from known architectures.
    """
    option = OPTIONS.get(header.strategy.name)
    count = recorded_options(header).get(option) if option else None
    if isinstance(count, int) and count >= header.budget and not header.start:
        return {"option": option, "count": count}
    return None


def recorded_options(header: RunHeader) -> Mapping[str, Any]:
    """The strategy's options as far as the log says what they were, defaults among them."""
    return {**getattr(header, "defaults", {}), **header.strategy.options}
