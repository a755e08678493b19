"""Strategies that break the laws, each in its own way, are named in plain words."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nasbench_mobile import Decision, Proposal, Trial
from nasbench_mobile.testing import StrategyContract
from nasbench_mobile.testing.checked_strategy import StrategySubject
from nasbench_mobile.testing.law import LawVerdict, judge
from nasbench_mobile.testing.strategy_laws import STRATEGY_LAWS
from nasbench_mobile.testing.strategy_template import MyIdea

SLOW_TO_CHECK = ("resumed_equals_uninterrupted", "survives_a_worker_process", "beats_random_search")
LIMIT_S = 1.0


class Honest:
    """Uniform proposals from its own generator; cheats inherit and spoil one thing."""

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        self.decisions = decisions
        self.cardinalities = [decision.cardinality for decision in decisions]
        self.rng = np.random.default_rng(seed)
        self.asked = 0

    def ask(self, count: int) -> Any:
        proposals = []
        for _ in range(count):
            tokens = self.rng.integers(self.cardinalities).tolist()
            proposals.append(Proposal(self.asked, tuple(tokens)))
            self.asked += 1
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Nothing is learnt."""


class Overspends(Honest):
    def ask(self, count: int) -> Any:
        return super().ask(count + 2)


class OverspendsInBatches(Honest):
    def ask(self, count: int) -> Any:
        return super().ask(count + (count > 30))


class OutOfRange(Honest):
    def ask(self, count: int) -> Any:
        self.cardinalities[0] = 4
        return super().ask(count)


class TooShort(Honest):
    def ask(self, count: int) -> Any:
        return [Proposal(p.id, p.tokens[1:]) for p in super().ask(count)]


class NumpyNumbers(Honest):
    """Ids, tokens and fidelities as numpy has them: numbers all the same."""

    def ask(self, count: int) -> Any:
        return [
            Proposal(np.int64(p.id), np.array(p.tokens), np.float32(1.0))  # type: ignore[arg-type]
            for p in super().ask(count)
        ]


class WordTokens(Honest):
    def ask(self, count: int) -> Any:
        return [Proposal(p.id, tuple(map(str, p.tokens))) for p in super().ask(count)]  # type: ignore[arg-type]


class SameIds(Honest):
    def ask(self, count: int) -> Any:
        return [Proposal(0, p.tokens) for p in super().ask(count)]


class Lazy(Honest):
    def ask(self, count: int) -> Any:
        return (proposal for proposal in super().ask(count))


class BareTokens(Honest):
    def ask(self, count: int) -> Any:
        return [proposal.tokens for proposal in super().ask(count)]


class RewritesRewards(Honest):
    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            object.__setattr__(trial, "reward", 1.0)


class EmptiesTheList(Honest):
    def tell(self, trials: Sequence[Trial]) -> None:
        if isinstance(trials, list):
            trials.clear()


class ChangesDecisions(Honest):
    def tell(self, trials: Sequence[Trial]) -> None:
        if isinstance(self.decisions, list):
            self.decisions[0] = Decision("another", 3)


class ReadsNumpysGlobalState(Honest):
    def ask(self, count: int) -> Any:
        self.rng = np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002
        return super().ask(count)


class SetsPythonsGlobalState(Honest):
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        super().__init__(decisions, seed, budget)
        random.seed(seed)


class IgnoresItsSeed(Honest):
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        super().__init__(decisions, seed, budget)
        self.rng = np.random.default_rng()


class SharesItsGenerator(Honest):
    """Right when alone: a new instance sets the generator that all instances draw from."""

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        super().__init__(decisions, seed, budget)
        type(self).shared = self.rng

    def ask(self, count: int) -> Any:
        self.rng = type(self).shared
        return super().ask(count)

    shared: np.random.Generator


class NeedsARewardEachTime(Honest):
    def tell(self, trials: Sequence[Trial]) -> None:
        self.last = max(float(trial.reward) for trial in trials)  # type: ignore[arg-type]


class NeedsAskOrder(Honest):
    told = 0

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.proposal.id != self.told:
                raise ValueError(f"expected {self.told}, not {trial.proposal.id}")
            self.told += 1


class HangsInAsk(Honest):
    def ask(self, count: int) -> Any:
        while True:
            self.asked += 1


class HangsInTell(Honest):
    def tell(self, trials: Sequence[Trial]) -> None:
        while True:
            time.sleep(0.01)


class HangsAtBirth(Honest):
    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        while True:
            pass


class NeverRepeats(Honest):
    """Looks for something new, which a small space has no more of."""

    seen: set[tuple[int, ...]]

    def ask(self, count: int) -> Any:
        self.seen = getattr(self, "seen", set())
        proposals: list[Proposal] = []
        while len(proposals) < count:
            [proposal] = super().ask(1)
            if proposal.tokens not in self.seen:
                self.seen.add(proposal.tokens)
                proposals.append(proposal)
        return proposals


class NothingAtAll(Honest):
    def ask(self, count: int) -> Any:
        return []


class WantsNothing(Honest):
    batch_size = 0


class GivesUp(Honest):
    """Proposes ten times, of which four are half trainings, and no more."""

    def ask(self, count: int) -> Any:
        proposals = super().ask(min(count, 10 - self.asked))
        return [Proposal(p.id, p.tokens, 0.5 if p.id < 4 else 1.0) for p in proposals]


class HashOrder(Honest):
    """Its stream depends on the hash of a string, another one in every process."""

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        super().__init__(decisions, seed, budget)
        self.rng = np.random.default_rng([seed, hash("kernel") & 0xFFFF])


class Backwards(MyIdea):
    """Learns, but the wrong way round."""

    def tell(self, trials: Sequence[Trial]) -> None:
        worse = [
            Trial(t.proposal, t.measurement, -t.reward) for t in trials if t.reward is not None
        ]
        super().tell(worse)


CHEATS = [
    (Overspends, "never_more_than_asked", "ask(1) gave 3 proposals: more than it was asked for"),
    (OverspendsInBatches, "never_more_than_asked", "ask(64) gave 65 proposals"),
    (OutOfRange, "proposals_are_well_formed", "token 3 at position 0, where 0 to 2 is allowed"),
    (
        TooShort,
        "proposals_are_well_formed",
        "proposal 0 is malformed: it has 6 tokens for 7",
    ),
    (WordTokens, "proposals_are_well_formed", "must be a tuple of whole numbers"),
    (SameIds, "proposals_are_well_formed", "proposal id 0 was used twice"),
    (Lazy, "proposals_are_well_formed", "ask(1) gave a generator; it must give a list"),
    (BareTokens, "proposals_are_well_formed", "which is no Proposal(id, tokens)"),
    (RewritesRewards, "leaves_what_it_is_given", "tell changed a trial: its reward was"),
    (EmptiesTheList, "leaves_what_it_is_given", "changed the list of 4 trials to 0"),
    (ChangesDecisions, "leaves_what_it_is_given", "list of decisions"),
    (ReadsNumpysGlobalState, "no_global_random_state", "changed the global random state of numpy"),
    (SetsPythonsGlobalState, "no_global_random_state", "changed the global random state of random"),
    (IgnoresItsSeed, "same_seed_same_proposals", "two runs with seed 5 differ: first ["),
    (SharesItsGenerator, "same_seed_same_proposals", "beside a run with seed 9"),
    (NeedsAskOrder, "failed_and_out_of_order", "tell raised ValueError: expected 1, not 2 (line"),
    (NeedsARewardEachTime, "failed_and_out_of_order", "tell raised TypeError: float() argument"),
    (HangsInAsk, "every_call_returns", "ask(4) had not returned after 1 s; it was at line"),
    (HangsInTell, "every_call_returns", "tell(4 trials) had not returned after 1 s"),
    (HangsAtBirth, "every_call_returns", "building the strategy had not returned after 1 s"),
    (NeverRepeats, "ends_on_a_small_space", "ask(3) had not returned after 1 s; it was at line"),
    (NothingAtAll, "every_call_returns", "the first ask gave no proposals"),
    (WantsNothing, "every_call_returns", "batch_size is 0; it is the number of proposals"),
]


def judged(factory: Any, names: Sequence[str] = ()) -> dict[str, LawVerdict]:
    """Verdicts by law: of the laws named, or of all that take no process, log or many seeds."""
    wanted = names or [law.name for law in STRATEGY_LAWS if law.name not in SLOW_TO_CHECK]
    laws = [law for law in STRATEGY_LAWS if law.name in wanted]
    return {v.law: v for v in judge(laws, StrategySubject(factory), LIMIT_S)}


@pytest.mark.parametrize(("cheat", "law", "words"), CHEATS, ids=[c.__name__ for c, _, _ in CHEATS])
def test_a_cheat_is_named(cheat: type[Honest], law: str, words: str) -> None:
    verdicts = judged(cheat)
    assert verdicts[law].result == "broken"
    assert words in verdicts[law].seen


def test_unspent_budget_is_said() -> None:
    verdict = judged(GivesUp, ["every_call_returns"])["every_call_returns"]
    assert verdict.result == "kept"
    assert verdict.seen == (
        "10 proposals asked for and told; then it ended by itself, having spent 8 of 120; "
        "it likes 1 at a time"
    )


@pytest.mark.parametrize("cheat", [Overspends, OutOfRange, RewritesRewards, HangsInAsk])
def test_one_fault_breaks_one_law(cheat: type[Honest]) -> None:
    verdicts = judged(cheat).values()
    assert [verdict.result for verdict in verdicts].count("broken") == 1


@pytest.mark.parametrize("strategy", [Honest, NumpyNumbers])
def test_the_honest_one_keeps_its_laws(strategy: type[Honest]) -> None:
    assert {verdict.result for verdict in judged(strategy).values()} == {"kept"}


def test_the_line_of_an_exception_is_named() -> None:
    seen = judged(NeedsAskOrder)["failed_and_out_of_order"].seen
    assert "of test_cheats.py)" in seen


def test_a_run_that_differs_in_another_process_is_named() -> None:
    law = "survives_a_worker_process"
    assert judged(Honest, [law])[law].result == "kept"
    seen = judged(HashOrder, [law])[law].seen
    assert "in another process the run with seed 7 differs" in seen


def test_what_no_other_process_can_find_is_named() -> None:
    class Local(Honest):
        pass

    verdict = judged(Local, ["survives_a_worker_process"])["survives_a_worker_process"]
    assert verdict.result == "broken"
    assert "define the class at the top level of a file" in verdict.seen


class CountsItsReplays(Honest):
    """Goes another way when the process has seen a run before, as a cache on disk might make it."""

    runs = 0

    def __init__(self, decisions: Sequence[Decision], seed: int, budget: int) -> None:
        type(self).runs += 1
        super().__init__(decisions, seed + self.runs, budget)


def test_a_run_that_cannot_be_resumed_is_named() -> None:
    law = "resumed_equals_uninterrupted"
    verdict = judged(CountsItsReplays, [law])[law]
    assert verdict.result == "broken"
    assert "resumed after" in verdict.seen
    assert "trials, it does otherwise" in verdict.seen


class AllAtOnce(Honest):
    batch_size = 10_000


def test_a_run_of_a_single_ask_can_be_resumed() -> None:
    law = "resumed_equals_uninterrupted"
    assert judged(AllAtOnce, [law])[law].result == "kept"


def test_a_strategy_that_learns_the_wrong_way_is_named() -> None:
    law = "beats_random_search"
    verdict = judged(Backwards, [law])[law]
    assert verdict.result == "broken"
    assert verdict.seen.startswith("no better than random search")
    assert judged(MyIdea, [law])[law].result == "kept"


def test_a_baseline_is_not_judged_on_learning_unless_it_says_it_learns() -> None:
    law = "beats_random_search"
    assert "a baseline" in judged(Honest, [law])[law].seen

    class Contract(StrategyContract):
        strategy = Honest

    class BaselineContract(StrategyContract):
        strategy = Honest
        learns = False

    with pytest.raises(pytest.fail.Exception, match="nothing is learnt"):
        Contract().test_beats_random_search()  # type: ignore[attr-defined]
    with pytest.raises(pytest.skip.Exception, match="a baseline"):
        BaselineContract().test_beats_random_search()  # type: ignore[attr-defined]


def test_a_contract_fails_with_the_law_and_what_was_seen() -> None:
    class Contract(StrategyContract):
        strategy = Overspends

    with pytest.raises(pytest.fail.Exception, match="It never proposes more .*: broken. ask"):
        Contract().test_never_more_than_asked()  # type: ignore[attr-defined]


def test_a_contract_has_a_test_for_every_law() -> None:
    wanted = {f"test_{law.name}" for law in STRATEGY_LAWS}
    assert wanted <= set(dir(StrategyContract))
    marks = StrategyContract.test_beats_random_search.pytestmark  # type: ignore[attr-defined]
    assert [mark.name for mark in marks] == ["slow"]
