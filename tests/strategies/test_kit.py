"""Every strategy of the catalogue, and its variants, keep the laws of the kit for authors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.testing.checked_strategy import StrategySubject
from nasbench_mobile.testing.law import Law, NotJudged, check_law
from nasbench_mobile.testing.strategy_laws import STRATEGY_LAWS

BASELINES = {"random", "random-without-repeats"}
"""What does not learn: the one thing that the others are judged on and these are not."""

SHORTER: dict[str, dict[str, int]] = {
    "regularized-evolution": {},  # its founders are 100
    "random": {},  # its batch is 64
    "optuna-gp": {"budget": 12, "learning_budget": 30, "learning_seeds": 6},
    "optuna-motpe": {"budget": 40, "learning_budget": 150, "learning_seeds": 8},
    "successive-halving": {"budget": 60, "learning_budget": 200, "learning_seeds": 8},
    "predictor-evolution": {"budget": 60, "learning_budget": 200, "learning_seeds": 8},
    "nsga2": {"budget": 60, "learning_budget": 300, "learning_seeds": 8},
    "optuna": {"budget": 40, "learning_budget": 200, "learning_seeds": 8},
    "nevergrad": {"budget": 40, "learning_budget": 200, "learning_seeds": 8},
    "": {"budget": 60},
}
"""Shorter and fewer runs, by how a name begins: the suite has minutes."""

VARIANTS = [
    *catalog.BUILT_IN["strategy"],
    "regularized-evolution:population_size=20,sample_size=5",
    "optuna-tpe:implementation=stock",
    "nevergrad-discrete:encoding=categorical",
    "nevergrad-de:encoding=ordinal",
]

MEASURED = {"random", "regularized-evolution", "successive-halving"}
"""With these the kit's coverage is measured, which makes Python two or three times slower; what
the others' own lines do, `test_contract` and their own tests reach."""

LIKE_ANOTHER = {
    "optuna-tpe:implementation=stock",
    "nevergrad-discrete:encoding=categorical",
    "nevergrad-de:encoding=ordinal",
}
"""What another process would import and draw from is that of the same strategy without options."""

LONG = {
    "beats_random_search",
    "failures_are_not_learnt_as_good",
    "survives_a_worker_process",
}
"""Laws that need many runs or a new process; of most strategies they are judged in `slow`."""


def cases() -> Iterator[Any]:
    for text, law in itertools.product(VARIANTS, STRATEGY_LAWS):
        if law.name == "survives_a_worker_process" and text in LIKE_ANOTHER:
            continue
        marks = [] if text in MEASURED else [pytest.mark.no_cover]
        if law.name in LONG and text not in MEASURED:
            marks.append(pytest.mark.slow)
        yield pytest.param(text, law, id=f"{text}-{law.name}", marks=marks)


@pytest.mark.parametrize(("text", "law"), list(cases()))
def test_law(text: str, law: Law[StrategySubject]) -> None:
    [spec] = catalog.parse_strategies(text)
    factory: Any = catalog.load("strategy", spec.name)
    learns = spec.name not in BASELINES
    shorter = next(SHORTER[key] for key in SHORTER if spec.name.startswith(key))
    subject = StrategySubject(factory, spec.options, learns, **shorter)
    if law.name == "beats_random_search" and spec.name in BASELINES:
        with pytest.raises(NotJudged, match="a baseline"):
            check_law(law, subject, limit_s=120.0)
    else:
        assert check_law(law, subject, limit_s=120.0)
