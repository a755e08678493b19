"""Every strategy of the catalogue, and its variants, keep the laws of the kit for authors."""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.testing.law import Law, NotJudged, check_law
from nasbench_mobile.testing.player import StrategySubject
from nasbench_mobile.testing.strategy_laws import STRATEGY_LAWS

BASELINES = {"random", "random-without-repeats"}
"""What does not learn: the one thing that the others are judged on and these are not."""

SLOW: dict[str, dict[str, int]] = {
    "optuna-gp": {"budget": 16, "learning_budget": 40, "learning_seeds": 6},
}
"""Shorter and fewer runs for what needs 0.1 s and more for a proposal."""

VARIANTS = [
    *(name for name in catalog.BUILT_IN["strategy"] if name != "optuna-gp"),
    "optuna-gp:n_startup_trials=110",  # a fit costs a quarter of a second
    "regularized-evolution:population_size=20,sample_size=5",
    "optuna-tpe:implementation=stock",
    "nevergrad-discrete:encoding=categorical",
    "nevergrad-de:encoding=ordinal",
]

LAWS = [
    pytest.param(law, id=law.name, marks=[pytest.mark.slow] if law.slow else [])
    for law in STRATEGY_LAWS
]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("text", VARIANTS)
def test_law(text: str, law: Law[StrategySubject]) -> None:
    [spec] = catalog.parse_strategies(text)
    factory: Any = catalog.load("strategy", spec.name)
    learns, shorter = spec.name not in BASELINES, SLOW.get(spec.name, {})
    subject = StrategySubject(factory, spec.options, learns, **shorter)
    if law.name == "beats_random_search" and spec.name == "optuna-gp":
        pytest.skip("a fit of 400 trials costs seconds; test_optuna_gp compares on fewer")
    if law.name == "beats_random_search" and spec.name in BASELINES:
        with pytest.raises(NotJudged, match="a baseline"):
            check_law(law, subject, limit_s=120.0)
    else:
        assert check_law(law, subject, limit_s=120.0)
