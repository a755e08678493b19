"""The laws of `protocols.Strategy`, each a check that says in plain words what it saw."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import (
    NEVER_MORE,
    WELL_FORMED,
    Player,
    StrategySubject,
    play,
    play_in_flight,
    trial,
    turns,
)
from nasbench_mobile.testing.fresh_process import in_another_process
from nasbench_mobile.testing.honesty_laws import HONESTY_LAWS
from nasbench_mobile.testing.law import Law, LawBroken
from nasbench_mobile.testing.learning import beats_random_search
from nasbench_mobile.testing.resuming import resumed_equals_uninterrupted
from nasbench_mobile.testing.toy_problem import (
    DECISIONS,
    easy_reward,
    global_state,
    seed_globals,
    short_run,
)
from nasbench_mobile.types import Decision, Proposal, Trial


def every_call_returns(subject: StrategySubject, watch: Watch) -> str:
    player = _start(subject, watch, 0)
    batch = player.batch_size
    asked = play(player, subject.budget, 4, easy_reward)
    if not asked:
        raise LawBroken("the first ask gave no proposals; that ends a run before it began")
    spent = math.fsum(proposal.fidelity for proposal in asked)
    ended = ""
    if subject.budget - spent >= 1.0:
        ended = f"; then it ended by itself, having spent {spent:.4g} of {subject.budget}"
    return f"{len(asked)} proposals asked for and told{ended}; it likes {batch} at a time"


def proposals_are_well_formed(subject: StrategySubject, watch: Watch) -> str:
    asked = _run(subject, watch, 1)
    odd, budget = [Decision("no choice", 1), Decision("many", 40)], min(30, subject.budget)
    with _said_where("with a decision of one value and one of 40"):
        asked += play(subject.start(watch, odd, budget=budget), budget, 5, easy_reward)
    return f"{len(asked)} proposals, with decisions of 1 to 40 values"


def never_more_than_asked(subject: StrategySubject, watch: Watch) -> str:
    seen = sum(len(_run(subject, watch, batch)) for batch in (1, 7, 64))
    return f"{seen} proposals asked for 1, 7 and 64 at a time"


def same_seed_same_proposals(subject: StrategySubject, watch: Watch) -> str:
    """Global random state is set alike before each run: reading it breaks another law."""
    runs = []
    for _ in range(2):
        seed_globals(11)
        runs.append(_run(subject, watch, 4, seed=5))
    _compare(runs, "two runs with seed 5 differ")
    if _reads_globals(subject, watch):
        return f"{len(runs[0])} proposals, the same again"
    other, ours = (_start(subject, watch, seed) for seed in (9, 5))
    in_turn: Iterable[tuple[list[Proposal], list[Proposal]]] = itertools.zip_longest(
        turns(other, subject.budget, 4, easy_reward),
        turns(ours, subject.budget, 4, easy_reward),
        fillvalue=[],
    )
    together = [proposal for _, proposals in in_turn for proposal in proposals]
    _compare([runs[0], together], "beside a run with seed 9, that with seed 5 differs")
    return f"{len(runs[0])} proposals, the same again and beside another run"


def failed_and_out_of_order(subject: StrategySubject, watch: Watch) -> str:
    budget = subject.budget
    asked = play_in_flight(_start(subject, watch, 3), budget, 5, 3, easy_reward)
    failed = play_in_flight(_start(subject, watch, 4), budget, 3, 4, easy_reward, failing=1.0)
    return (
        f"{len(asked)} trials told in any order, one in five failed; "
        f"{len(failed)} with every one failed"
    )


def many_in_flight(subject: StrategySubject, watch: Watch) -> str:
    counts = []
    for in_flight in (1, 7, 64):
        runs = []
        for _ in range(2):
            seed_globals(11)
            player = _start(subject, watch, 6)
            runs.append(play_in_flight(player, subject.budget, in_flight, 1, easy_reward))
        _compare(runs, f"two runs with seed 6 and {in_flight} proposals in flight differ")
        counts.append(len(runs[0]))
    return f"{counts[0]}, {counts[1]} and {counts[2]} proposals with 1, 7 and 64 in flight"


def survives_a_worker_process(subject: StrategySubject, watch: Watch) -> str:
    here = short_run(subject, watch)
    there = in_another_process(subject)
    _compare(
        [here, there],
        "in another process the run with seed 7 differs (does it depend on the order of a set, "
        "on hash() or on the clock?)",
    )
    return f"{len(here)} proposals, the same in a process started afresh"


def ends_on_a_small_space(subject: StrategySubject, watch: Watch) -> str:
    decisions, budget = [Decision("a", 2), Decision("b", 2)], min(50, subject.budget)
    with _said_where("on a space of 4 token lists"):
        asked = play(subject.start(watch, decisions, budget=budget), budget, 3, easy_reward)
    single = [Decision("only", 1)]
    with _said_where("where the only decision has one value"):
        play(subject.start(watch, single, budget=20), 20, 3, easy_reward)
    distinct = len({proposal.tokens for proposal in asked})
    if len(asked) < budget:
        return f"ended by itself after {len(asked)} proposals on a space of 4"
    return f"{budget} proposals on a space of 4, {distinct} of them distinct"


def no_global_random_state(subject: StrategySubject, watch: Watch) -> str:
    runs = []
    for seed in (11, 11, 12):
        seed_globals(seed)
        before = global_state()
        runs.append(_run(subject, watch, 7, seed=4))
        after = global_state()
        changed = [name for name, state in before.items() if state != after[name]]
        if changed:
            raise LawBroken(
                f"a run changed the global random state of {' and '.join(changed)}; keep a "
                "generator of its own, numpy.random.default_rng(seed)"
            )
    if runs[0] == runs[1] != runs[2]:
        raise LawBroken(
            "proposals depend on the global random state, which others set and read as well; "
            "keep a generator of its own, numpy.random.default_rng(seed)"
        )
    return f"neither read nor set, looked for in {', '.join(before)}"


def leaves_what_it_is_given(subject: StrategySubject, watch: Watch) -> str:
    decisions = list(DECISIONS)
    player = subject.start(watch, decisions, budget=40)
    told = 0
    while told < min(40, subject.budget):
        proposals = player.ask(4)
        trials = [trial(player, p, easy_reward(p.tokens)) for p in proposals]
        before = copy.deepcopy(trials)
        player.tell(trials)
        if len(trials) != len(before):
            raise LawBroken(f"tell changed the list of {len(before)} trials to {len(trials)}")
        for now, then in zip(trials, before, strict=True):
            if now != then:
                raise LawBroken(f"tell changed a trial: {_difference(then, now)}")
        if not proposals:
            break
        told += len(proposals)
    if decisions != list(DECISIONS):
        raise LawBroken("the list of decisions that it was built from was changed")
    return f"{told} trials and the decisions, unchanged"


STRATEGY_LAWS: tuple[Law[StrategySubject], ...] = (
    Law("every_call_returns", "Every call returns in time", every_call_returns),
    Law(WELL_FORMED, "Proposals are well formed and in range", proposals_are_well_formed),
    Law(NEVER_MORE, "It never proposes more than is asked for", never_more_than_asked),
    Law(
        "same_seed_same_proposals",
        "The same seed gives the same proposals",
        same_seed_same_proposals,
    ),
    Law("no_global_random_state", "Global random state is left alone", no_global_random_state),
    Law("leaves_what_it_is_given", "It changes no trial that it is told", leaves_what_it_is_given),
    Law("failed_and_out_of_order", "Failed and late trials are accepted", failed_and_out_of_order),
    Law("many_in_flight", "It works with 1, 7 and 64 in flight", many_in_flight),
    Law("ends_on_a_small_space", "It copes with a space below the budget", ends_on_a_small_space),
    Law(
        "resumed_equals_uninterrupted",
        "A resumed run equals an uninterrupted one",
        resumed_equals_uninterrupted,
    ),
    Law(
        "survives_a_worker_process", "It runs alike in a worker process", survives_a_worker_process
    ),
    *HONESTY_LAWS,
    Law("beats_random_search", "It beats random search", beats_random_search, slow=True),
)
"""All laws of a strategy, in the order in which they are judged."""


@contextmanager
def _said_where(place: str) -> Iterator[None]:
    """What is seen within is said with the odd case that the kit made there."""
    try:
        yield
    except LawBroken as error:
        raise type(error)(f"{place}: {error}", error.law) from error.__cause__


def _start(subject: StrategySubject, watch: Watch, seed: int) -> Player:
    return subject.start(watch, DECISIONS, seed, subject.budget)


def _run(subject: StrategySubject, watch: Watch, batch: int, seed: int = 0) -> list[Proposal]:
    return play(_start(subject, watch, seed), subject.budget, batch, easy_reward)


def _reads_globals(subject: StrategySubject, watch: Watch) -> bool:
    runs = []
    for seed in (1, 2):
        seed_globals(seed)
        runs.append(play(subject.start(watch, DECISIONS, budget=20), 20, 4, easy_reward))
    return runs[0] != runs[1]


def _compare(runs: Sequence[Sequence[Proposal]], otherwise: str) -> None:
    """`LawBroken` with the first proposal in which two runs differ."""
    first, second = runs
    for one, other in zip(first, second, strict=False):
        if one != other:
            raise LawBroken(
                f"{otherwise}: first {list(one.tokens)} (id {one.id}), then "
                f"{list(other.tokens)} (id {other.id})",
            )
    if len(first) != len(second):
        raise LawBroken(f"{otherwise}: {len(first)} proposals, then {len(second)}")


def _difference(then: Trial, now: Trial) -> str:
    for field in ("proposal", "measurement", "reward", "failure", "repeat_of"):
        before, after = getattr(then, field), getattr(now, field)
        if before != after:
            return f"its {field} was {before!r} and is {after!r}"
    return "it is another one"
