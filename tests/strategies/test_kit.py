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

VARIANTS = [
    *catalog.BUILT_IN["strategy"],
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
    subject = StrategySubject(factory, spec.options, learns=spec.name not in BASELINES)
    if law.name == "beats_random_search" and spec.name in BASELINES:
        with pytest.raises(NotJudged, match="a baseline"):
            check_law(law, subject, limit_s=120.0)
    else:
        assert check_law(law, subject, limit_s=120.0)
