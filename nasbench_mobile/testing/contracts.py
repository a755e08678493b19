"""Laws as tests: inherit, name your class, and pytest checks each law as one test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.testing.checked_strategy import StrategySubject
from nasbench_mobile.testing.evaluator_laws import EVALUATOR_LAWS, EvaluatorSubject
from nasbench_mobile.testing.law import Law, LawBroken, NotJudged, Subject, check_law
from nasbench_mobile.testing.space_laws import SPACE_LAWS, SpaceSubject
from nasbench_mobile.testing.strategy_laws import STRATEGY_LAWS

LIMIT_S = 60.0
"""After how many seconds of wall time a call is taken to hang (our choice)."""


class Contract:
    """What the contracts share: how long a call may take, and what is examined."""

    limit_s: ClassVar[float] = LIMIT_S

    def subject(self) -> Any:
        """What the laws examine."""
        raise pytest.UsageError(f"{type(self).__name__} names nothing to examine")


def _as_test(law: Law[Subject]) -> Callable[[Contract], None]:
    def test(self: Contract) -> None:
        try:
            check_law(law, self.subject(), self.limit_s)
        except NotJudged as reason:
            pytest.skip(str(reason))
        except LawBroken as broken:
            pytest.fail(f"{law.says}: broken. {broken}", pytrace=False)

    test.__name__ = test.__qualname__ = f"test_{law.name}"
    test.__doc__ = f"{law.says}."
    return _slow(test) if law.slow else test


def _slow(test: Callable[[Contract], None]) -> Callable[[Contract], None]:
    with warnings.catch_warnings():  # an author's project need not have registered the mark
        warnings.simplefilter("ignore", pytest.PytestUnknownMarkWarning)
        marked: Callable[[Contract], None] = pytest.mark.slow(test)
    return marked


class StrategyContract(Contract):
    """The laws of a strategy.

    class TestMine(StrategyContract):
        strategy = Mine

    `options` are its keyword options, if it is to be examined with other than its own. A strategy
    that is not meant to learn from rewards says `learns = False`; one that is slow may ask for
    shorter and fewer runs (see `StrategySubject`).
    """

    strategy: ClassVar[Any]
    options: ClassVar[dict[str, Any]] = {}
    learns: ClassVar[bool] = True
    budget: ClassVar[int] = StrategySubject.budget
    learning_budget: ClassVar[int] = StrategySubject.learning_budget
    learning_seeds: ClassVar[int] = StrategySubject.learning_seeds

    def subject(self) -> StrategySubject:
        return StrategySubject(
            type(self).strategy,
            self.options,
            self.learns,
            self.budget,
            self.learning_budget,
            self.learning_seeds,
        )


class SpaceContract(Contract):
    """The laws of a search space.

    class TestMine(SpaceContract):
        space = Mine
    """

    space: ClassVar[Any]
    options: ClassVar[dict[str, Any]] = {}

    def subject(self) -> SpaceSubject:
        return SpaceSubject(type(self).space, self.options)


class EvaluatorContract(Contract):
    """The laws of an accuracy or latency evaluator.

    class TestMine(EvaluatorContract):
        evaluator = Mine

    `options` are keyword options, `model` a file for its `from_file`. `space` is the class of a
    search space whose architectures it evaluates. An evaluator that measures says
    `repeatable = False`; `samples` is on how many architectures it is tried.
    """

    evaluator: ClassVar[Any]
    options: ClassVar[dict[str, Any]] = {}
    model: ClassVar[Path | None] = None
    space: ClassVar[Any] = MnasNetAnbSpace
    repeatable: ClassVar[bool] = True
    samples: ClassVar[int] = 8

    def make(self) -> Any:
        """A fresh evaluator."""
        evaluator = type(self).evaluator
        if self.model is None:
            return evaluator(**self.options)
        return evaluator.from_file(self.model, **self.options)

    def subject(self) -> EvaluatorSubject:
        return EvaluatorSubject(self.make, type(self).space, self.repeatable, self.samples)


_LAWS: dict[type[Contract], Sequence[Law[Any]]] = {
    StrategyContract: STRATEGY_LAWS,
    SpaceContract: SPACE_LAWS,
    EvaluatorContract: EVALUATOR_LAWS,
}

for _contract, _laws in _LAWS.items():
    for _law in _laws:
        setattr(_contract, f"test_{_law.name}", _as_test(_law))
