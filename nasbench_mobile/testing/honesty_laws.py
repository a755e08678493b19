"""Laws beyond well-formed answers: what a strategy must not see, learn, print or give up on."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import EvaluationError, StrategyError
from nasbench_mobile.search.loop import Search
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import StrategySubject, play
from nasbench_mobile.testing.law import Law, LawBroken
from nasbench_mobile.testing.learning import DECISIONS as EIGHT_DECISIONS
from nasbench_mobile.testing.learning import reward_of
from nasbench_mobile.testing.resuming import BENCHMARK, flaky_problem
from nasbench_mobile.testing.toy_problem import DECISIONS, easy_reward
from nasbench_mobile.types import Tokens

LOOKED_AT = 40
"""How many proposals are made for an evaluator of its own to show: our choice, a few batches."""

FAILING_SEEDS, FAILING_BUDGET = 5, 160
MOSTLY, MORE = 0.6, 0.3
"""Failures were learnt as good where at least the first share of the last quarter fails, and the
second more than where the same networks get the worst reward: our choice, far above the 0.25 of
chance and of a strategy that leaves failures out."""


def no_evaluator_of_its_own(subject: StrategySubject, watch: Watch) -> str:
    """Run the strategy on a real benchmark in the real loop, whose frames and modules it could
    reach.
    """
    problem = flaky_problem()
    budget = min(LOOKED_AT, subject.budget)
    seen: list[str] = []
    with _architectures_made_in_calls(watch, seen.append):
        player = subject.start(watch, problem.space.decisions, seed=2, budget=budget)
        try:
            Search(player, problem, budget).drive()
        except EvaluationError:
            pass  # too many failed in a row: what was looked for would have shown by then
        except StrategyError as error:
            if isinstance(error.__cause__, LawBroken):
                raise error.__cause__ from None
            raise
    if seen:
        raise LawBroken(
            f"in {seen[0]} it made an architecture by itself, as one does to have it evaluated; a "
            "strategy knows decisions and trials, and every evaluation is charged"
        )
    return f"none reached in {budget} proposals on {BENCHMARK}"


@contextmanager
def _architectures_made_in_calls(watch: Watch, tell: Callable[[str], None]) -> Iterator[None]:
    """Tells of every architecture that is made while a call of the plugin is running."""
    made = Architecture.__init__

    def noting(self: Architecture, *arguments: object, **options: object) -> None:
        if watch.running is not None:
            tell(watch.running)
        made(self, *arguments, **options)  # type: ignore[arg-type]

    Architecture.__init__ = noting  # type: ignore[method-assign]
    try:
        yield
    finally:
        Architecture.__init__ = made  # type: ignore[method-assign]


def failures_are_not_learnt_as_good(subject: StrategySubject, watch: Watch) -> str:
    """Let a quarter of the space always fail: a strategy that takes failures for the best goes
    there.
    """
    failing, worst = (_share_of_a_quarter(subject, watch, value) for value in (None, 0.0))
    if failing > MOSTLY and failing > worst + MORE:
        raise LawBroken(
            f"where the first token is 0 every evaluation failed, and {failing:.0%} of the last "
            f"quarter of proposals went there, but {worst:.0%} where these networks had reward 0: "
            "it takes failures for good, or forgets them (a failed trial has reward None; count "
            "it as the worst, or leave it out and do not propose it again)"
        )
    return f"{failing:.0%} of the last quarter where all fails, {worst:.0%} where reward is 0"


def _share_of_a_quarter(subject: StrategySubject, watch: Watch, value: float | None) -> float:
    """Share of the last quarter of proposals with a first token of 0, all of which get `value`."""
    budget = min(FAILING_BUDGET, subject.learning_budget)

    def reward(tokens: Tokens) -> float | None:
        return value if tokens[0] == 0 else reward_of(tokens)

    shares = []
    for seed in range(FAILING_SEEDS):
        player = subject.start(watch, EIGHT_DECISIONS, seed, budget)
        asked = play(player, budget, player.batch_size, reward)
        last = asked[-max(len(asked) // 4, 1) :]
        shares.append(sum(proposal.tokens[0] == 0 for proposal in last) / max(len(last), 1))
    return float(np.mean(shares))


def goes_on_after_a_failure(subject: StrategySubject, watch: Watch) -> str:
    spent = {}
    for failing in (None, 0, 5):
        told = itertools.count()

        def reward(tokens: Tokens) -> float | None:
            return None if next(told) == failing else easy_reward(tokens)  # noqa: B023

        player = subject.start(watch, DECISIONS, 3, subject.budget)
        spent[failing] = len(play(player, subject.budget, 1, reward))
    for failing in (0, 5):
        if spent[failing] <= failing + 1 < spent[None]:
            raise LawBroken(
                f"after proposal {failing} failed it proposed nothing more, although it makes "
                f"{spent[None]} where none fails; a failed trial is one proposal lost"
            )
    return f"{spent[0]} and {spent[5]} proposals where one failed, {spent[None]} where none did"


def partial_trainings_are_declared(subject: StrategySubject, watch: Watch) -> str:
    player = subject.start(watch, DECISIONS, 0, subject.budget)
    asked = play(player, subject.budget, 1, easy_reward)
    partial = next((proposal for proposal in asked if proposal.fidelity < 1.0), None)
    declared = bool(getattr(subject.factory, "partial_trainings", False))
    if partial is not None and not declared:
        raise LawBroken(
            f"proposal {partial.id} has the fidelity {partial.fidelity:g}, but most evaluators "
            "train in full alone; say `partial_trainings = True` in the class, so that it is "
            "known before a run, or leave the fidelity at 1"
        )
    if partial is None:
        return "every training in full"
    return "trains for less, and says so"


def prints_nothing(subject: StrategySubject, watch: Watch) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        player = subject.start(watch, DECISIONS, 0, min(LOOKED_AT, subject.budget))
        play(player, min(LOOKED_AT, subject.budget), 4, easy_reward)
    said = output.getvalue()
    if said:
        raise LawBroken(
            f"it printed {said[:60]!r} to standard output, which carries a command's result; use "
            "logging, or print(..., file=sys.stderr)"
        )
    return "nothing on standard output"


HONESTY_LAWS: tuple[Law[StrategySubject], ...] = (
    Law("no_evaluator_of_its_own", "It reaches no evaluator", no_evaluator_of_its_own),
    Law("goes_on_after_a_failure", "One failure does not end it", goes_on_after_a_failure),
    Law(
        "failures_are_not_learnt_as_good",
        "Failures are not learnt as good",
        failures_are_not_learnt_as_good,
    ),
    Law(
        "partial_trainings_are_declared",
        "Partial trainings are declared",
        partial_trainings_are_declared,
    ),
    Law("prints_nothing", "It prints nothing to standard output", prints_nothing),
)
