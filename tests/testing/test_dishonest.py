"""Strategies that see, learn, print or give up on what they must not are named in plain words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nasbench_mobile import Decision, Proposal, Trial, load_benchmark
from nasbench_mobile.architecture import Architecture
from nasbench_mobile.catalog import load
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.testing.checked_strategy import StrategySubject
from nasbench_mobile.testing.evaluator_laws import EVALUATOR_LAWS, EvaluatorSubject
from nasbench_mobile.testing.honesty_laws import HONESTY_LAWS
from nasbench_mobile.testing.law import LawVerdict, judge
from nasbench_mobile.testing.space_laws import SPACE_LAWS, SpaceSubject
from nasbench_mobile.testing.strategy_laws import STRATEGY_LAWS
from nasbench_mobile.testing.strategy_template import MyIdea

LIMIT_S = 20.0


class Uniform:
    """Uniform proposals from its own generator; cheats inherit and spoil one thing."""

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        self.cardinalities = [decision.cardinality for decision in decisions]
        self.rng = np.random.default_rng(seed)
        self.asked = 0

    def ask(self, count: int) -> list[Proposal]:
        return [
            self.next(tuple(self.rng.integers(self.cardinalities).tolist())) for _ in range(count)
        ]

    def next(self, tokens: tuple[int, ...], fidelity: float = 1.0) -> Proposal:
        self.asked += 1
        return Proposal(self.asked - 1, tokens, fidelity)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Nothing is learnt."""


class LooksItUp(Uniform):
    """Has its candidates evaluated by the benchmark, which it imports."""

    def ask(self, count: int) -> list[Proposal]:
        proposals = super().ask(count)
        problem = load_benchmark("imagenet-pixel1").build()
        if len(self.cardinalities) == len(problem.space.decisions):
            problem.evaluate([Architecture(problem.space, p.tokens) for p in proposals])
        return proposals


class WalksTheFrames(Uniform):
    """Finds the problem in the frames of whoever calls it."""

    def tell(self, trials: Sequence[Trial]) -> None:
        frame = sys._getframe()
        while frame.f_back is not None:
            frame = frame.f_back
            problem = getattr(frame.f_locals.get("self"), "_problem", None)
            if problem is not None:
                problem.evaluate([Architecture(problem.space, trial.tokens) for trial in trials])
                return


class TakesFailureForTheBest(Uniform):
    """Climbs from the best so far, and a failed trial, which has no cost, is the best of all."""

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        super().__init__(decisions, seed, budget)
        self.best: tuple[float, tuple[int, ...]] | None = None

    def ask(self, count: int) -> list[Proposal]:
        if self.best is None:
            return super().ask(count)
        proposals = []
        for _ in range(count):
            place = int(self.rng.integers(len(self.cardinalities)))
            tokens = list(self.best[1])
            tokens[place] = int(self.rng.integers(self.cardinalities[place]))
            proposals.append(self.next(tuple(tokens)))
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            cost = 0.0 if trial.reward is None else 1.0 - trial.reward
            if self.best is None or cost < self.best[0]:
                self.best = cost, trial.tokens


class GivesUpAtAFailure(Uniform):
    failed = False

    def ask(self, count: int) -> list[Proposal]:
        return [] if self.failed else super().ask(count)

    def tell(self, trials: Sequence[Trial]) -> None:
        self.failed = self.failed or any(trial.reward is None for trial in trials)


class TrainsForLess(Uniform):
    def ask(self, count: int) -> list[Proposal]:
        return [Proposal(p.id, p.tokens, 0.25) for p in super().ask(count)]


class SaysSo(TrainsForLess):
    partial_trainings = True


class Chatty(Uniform):
    def tell(self, trials: Sequence[Trial]) -> None:
        print(f"told {len(trials)}")


class ExitsInTell(Uniform):
    def tell(self, trials: Sequence[Trial]) -> None:
        raise SystemExit(0)


class ExitsAtBirth(Uniform):
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        sys.exit("no licence")


class OneForEver(Uniform):
    """Proposes the first of all architectures, which the kit's flaky evaluator always fails."""

    def ask(self, count: int) -> list[Proposal]:
        return [self.next((0,) * len(self.cardinalities)) for _ in range(count)]


def judged(factory: Any, law: str) -> LawVerdict:
    [wanted] = [each for each in STRATEGY_LAWS if each.name == law]
    [verdict] = judge([wanted], StrategySubject(factory), LIMIT_S)
    return verdict


@pytest.mark.parametrize(
    ("cheat", "law", "words"),
    [
        (LooksItUp, "no_evaluator_of_its_own", "in ask(1) it made an architecture by itself"),
        (WalksTheFrames, "no_evaluator_of_its_own", "in tell(1 trials) it made an architecture"),
        (
            TakesFailureForTheBest, "failures_are_not_learnt_as_good",
            "where these networks had reward 0: it takes failures for good, or forgets them",
        ),
        (
            GivesUpAtAFailure, "goes_on_after_a_failure",
            "after proposal 0 failed it proposed nothing more, although it makes 120 where none",
        ),
        (TrainsForLess, "partial_trainings_are_declared", "proposal 0 has the fidelity 0.25"),
        (Chatty, "prints_nothing", r"it printed 'told 4\ntold 4\n"),
        (ExitsInTell, "every_call_returns", "tell raised SystemExit: 0 (line"),
        (ExitsAtBirth, "every_call_returns", "budget 120 raised SystemExit: no licence (line"),
    ],
)  # fmt: skip
def test_a_cheat_is_named(cheat: type[Uniform], law: str, words: str) -> None:
    verdict = judged(cheat, law)
    assert verdict.result == "broken"
    assert words in verdict.seen


@pytest.mark.parametrize("honest", [Uniform, MyIdea, SaysSo, OneForEver])
def test_the_honest_are_not_suspected(honest: type[Uniform]) -> None:
    verdicts = judge(HONESTY_LAWS, StrategySubject(honest), LIMIT_S)
    assert {verdict.law: verdict.result for verdict in verdicts} == {
        law.name: "kept" for law in HONESTY_LAWS
    }


def test_one_that_is_always_failed_is_judged_all_the_same() -> None:
    verdict = judged(OneForEver, "resumed_equals_uninterrupted")
    assert verdict.result == "kept"


def test_successive_halving_says_that_it_trains_for_less() -> None:
    factory = load("strategy", "successive-halving")
    verdicts = judge(HONESTY_LAWS, StrategySubject(factory), LIMIT_S)
    assert {verdict.result for verdict in verdicts} == {"kept"}
    assert "trains for less, and says so" in {verdict.seen for verdict in verdicts}


class NeverAlone(Uniform):
    """Breaks where a decision has one value: the kit's odd case, which it then names."""

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        super().__init__(decisions, seed, budget)
        self.alone = len(decisions) == 1

    def ask(self, count: int) -> list[Proposal]:
        return [Proposal(p.id, (1,)) if self.alone else p for p in super().ask(count)]


def test_the_kits_odd_case_is_named_with_what_was_seen() -> None:
    [law] = [each for each in STRATEGY_LAWS if each.name == "ends_on_a_small_space"]
    others = [each for each in STRATEGY_LAWS if each.name == "proposals_are_well_formed"]
    verdicts = judge([law, *others], StrategySubject(NeverAlone), LIMIT_S)
    [broken] = [verdict for verdict in verdicts if verdict.result == "broken"]
    assert broken.law == "proposals_are_well_formed"
    assert broken.seen.startswith("where the only decision has one value: proposal 0 is malformed")


def test_a_space_without_a_method_is_told_which() -> None:
    class NoSample:
        name = "no-sample"
        decisions = (Decision("a", 2),)

    [verdict] = judge(SPACE_LAWS[:1], SpaceSubject(NoSample), LIMIT_S)  # type: ignore[arg-type]
    assert verdict.result == "broken"
    assert verdict.seen == "NoSample has no 'sample', which is wanted of it"


def test_an_evaluator_without_a_label_is_told_so() -> None:
    class NoLabel:
        fidelity = None

        def accuracy(self, architectures: Sequence[Architecture]) -> list[Any]:
            return []

    laws = [law for law in EVALUATOR_LAWS if law.name == "it_says_what_it_is"]
    [verdict] = judge(laws, EvaluatorSubject(NoLabel, MnasNetAnbSpace), LIMIT_S)  # type: ignore[arg-type]
    assert verdict.result == "broken"
    assert verdict.seen == "NoLabel has no 'label', which is wanted of it"
