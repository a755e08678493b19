"""The laws of `protocols.Strategy`, each a check that says in plain words what it saw."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.testing.elsewhere import in_another_process
from nasbench_mobile.testing.law import Law, LawBroken, NotJudged
from nasbench_mobile.testing.player import (
    NEVER_MORE,
    WELL_FORMED,
    Player,
    StrategySubject,
    play,
    play_in_flight,
    trial,
    turns,
)
from nasbench_mobile.testing.resuming import resumed_runs_are_equal
from nasbench_mobile.testing.small_run import (
    DECISIONS,
    easy_reward,
    global_state,
    seed_globals,
    short_run,
)
from nasbench_mobile.testing.watch import Watch
from nasbench_mobile.types import Decision, Proposal, Tokens, Trial

BUDGET = 120
"""Proposals of a check's run: our choice, a little more than the founders of evolution (100)."""

HARD_TOKENS: Tokens = (1, 3, 0, 2, 1, 0, 3, 2)
HARD_DECISIONS = tuple(Decision(f"d{k}", 4) for k in range(len(HARD_TOKENS)))
HARD_BUDGET, HARD_SEEDS = 400, 12
SIGNIFICANCE = 0.005
"""For each of the two comparisons with random search, so that one in a hundred that is no better
passes (our choice)."""


def hard_reward(tokens: Tokens) -> float:
    """1 at `HARD_TOKENS` alone: half for tokens that are right, half for pairs that both are."""
    right = [a == b for a, b in zip(tokens, HARD_TOKENS, strict=True)]
    pairs = [a and b for a, b in zip(right[::2], right[1::2], strict=True)]
    return 0.5 * sum(right) / len(right) + 0.5 * sum(pairs) / len(pairs)


def every_call_returns(subject: StrategySubject, watch: Watch) -> str:
    asked = play(subject.start(watch, DECISIONS, budget=BUDGET), BUDGET, 4, easy_reward)
    if not asked:
        raise LawBroken("the first ask gave no proposals; that ends a run before it began")
    return f"{len(asked)} proposals asked for and told" + _early(asked)


def proposals_are_well_formed(subject: StrategySubject, watch: Watch) -> str:
    asked = play(subject.start(watch, DECISIONS, budget=BUDGET), BUDGET, 1, easy_reward)
    odd = [Decision("no choice", 1), Decision("many", 40)]
    asked += play(subject.start(watch, odd, budget=30), 30, 5, easy_reward)
    return f"{len(asked)} proposals, with decisions of 1 to 40 values"


def never_more_than_asked(subject: StrategySubject, watch: Watch) -> str:
    seen = 0
    for batch in (1, 7, 64):
        player = subject.start(watch, DECISIONS, budget=BUDGET)
        seen += len(play(player, BUDGET, batch, easy_reward))
    return f"{seen} proposals asked for 1, 7 and 64 at a time"


def same_seed_same_proposals(subject: StrategySubject, watch: Watch) -> str:
    """Global random state is set alike before each run: reading it breaks another law."""
    runs = []
    for _ in range(2):
        seed_globals(11)
        player = subject.start(watch, DECISIONS, seed=5, budget=BUDGET)
        runs.append(play(player, BUDGET, 4, easy_reward))
    _compare(runs, "two runs with seed 5 differ")
    if _reads_globals(subject, watch):
        return f"{len(runs[0])} proposals, the same again"
    other, ours = (subject.start(watch, DECISIONS, seed=seed, budget=BUDGET) for seed in (9, 5))
    in_turn: Iterable[tuple[list[Proposal], list[Proposal]]] = itertools.zip_longest(
        turns(other, BUDGET, 4, easy_reward), turns(ours, BUDGET, 4, easy_reward), fillvalue=[]
    )
    together = [proposal for _, proposals in in_turn for proposal in proposals]
    _compare([runs[0], together], "beside a run with seed 9, that with seed 5 differs")
    return f"{len(runs[0])} proposals, the same again and beside another run"


def failed_and_out_of_order(subject: StrategySubject, watch: Watch) -> str:
    player = subject.start(watch, DECISIONS, seed=3, budget=BUDGET)
    asked = play_in_flight(player, BUDGET, 5, 3, easy_reward)
    player = subject.start(watch, DECISIONS, seed=4, budget=BUDGET)
    failed = play_in_flight(player, BUDGET, 3, 4, easy_reward, failing=1.0)
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
            player = subject.start(watch, DECISIONS, seed=6, budget=BUDGET)
            runs.append(play_in_flight(player, BUDGET, in_flight, 1, easy_reward))
        _compare(runs, f"two runs with seed 6 and {in_flight} proposals in flight differ")
        counts.append(len(runs[0]))
    return f"{counts[0]}, {counts[1]} and {counts[2]} proposals with 1, 7 and 64 in flight"


def resumed_equals_uninterrupted(subject: StrategySubject, watch: Watch) -> str:
    return resumed_runs_are_equal(subject, watch)


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
    decisions = [Decision("a", 2), Decision("b", 2)]
    asked = play(subject.start(watch, decisions, budget=50), 50, 3, easy_reward)
    single = [Decision("only", 1)]
    play(subject.start(watch, single, budget=20), 20, 3, easy_reward)
    distinct = len({proposal.tokens for proposal in asked})
    if len(asked) < 50:
        return f"ended by itself after {len(asked)} proposals on a space of 4"
    return f"50 proposals on a space of 4, {distinct} of them distinct"


def no_global_random_state(subject: StrategySubject, watch: Watch) -> str:
    runs, seeds = [], (11, 11, 12)
    for seed in seeds:
        seed_globals(seed)
        before = global_state()
        player = subject.start(watch, DECISIONS, seed=4, budget=BUDGET)
        runs.append(play(player, BUDGET, 7, easy_reward))
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
    while told < 40:
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


def beats_random_search(subject: StrategySubject, watch: Watch) -> str:
    from scipy.stats import mannwhitneyu

    if not _learns(subject, watch):
        if subject.learns:
            raise LawBroken(
                "proposals are the same whatever the rewards: nothing is learnt (if that is "
                "meant, say `learns = False` in the test)"
            )
        raise NotJudged("a baseline: its proposals are the same whatever the rewards")
    ours = [_scores(subject.start(watch, HARD_DECISIONS, s, HARD_BUDGET)) for s in _seeds()]
    baseline = StrategySubject(RandomSearch)
    others = [_scores(baseline.start(watch, HARD_DECISIONS, s, HARD_BUDGET)) for s in _seeds()]
    p_values = [
        float(mannwhitneyu(mine, random_s, alternative="greater").pvalue)
        for mine, random_s in zip(zip(*ours, strict=True), zip(*others, strict=True), strict=True)
    ]
    found = [sum(best == 1.0 for best, _ in scores) for scores in (ours, others)]
    means = [
        [float(np.mean(column)) for column in zip(*scores, strict=True)]
        for scores in (ours, others)
    ]
    seen = (
        f"over {HARD_SEEDS} seeds of {HARD_BUDGET} proposals on 65,536 networks, best reward "
        f"{means[0][0]:.3f} against {means[1][0]:.3f} for random search (p = {p_values[0]:.2g}), "
        f"reward of the last quarter {means[0][1]:.3f} against {means[1][1]:.3f} "
        f"(p = {p_values[1]:.2g}); the optimum found {found[0]} times against {found[1]}"
    )
    if min(p_values) > SIGNIFICANCE:
        raise LawBroken(f"no better than random search: {seen}")
    return seen


STRATEGY_LAWS: tuple[Law[StrategySubject], ...] = (
    Law("every_call_returns", "Every call returns in time", every_call_returns),
    Law(WELL_FORMED, "Proposals are well formed, tokens in range", proposals_are_well_formed),
    Law(NEVER_MORE, "Never more proposals than asked for", never_more_than_asked),
    Law("same_seed_same_proposals", "Same seed, same proposals", same_seed_same_proposals),
    Law("no_global_random_state", "Global random state is left alone", no_global_random_state),
    Law("leaves_what_it_is_given", "Trials it is told are not changed", leaves_what_it_is_given),
    Law("failed_and_out_of_order", "Failed and late trials are accepted", failed_and_out_of_order),
    Law("many_in_flight", "Works with 1, 7 and 64 proposals in flight", many_in_flight),
    Law("ends_on_a_small_space", "Copes with a space below the budget", ends_on_a_small_space),
    Law(
        "resumed_equals_uninterrupted",
        "A resumed run equals an uninterrupted one",
        resumed_equals_uninterrupted,
    ),
    Law("survives_a_worker_process", "Runs alike in a worker process", survives_a_worker_process),
    Law("beats_random_search", "Beats random search", beats_random_search, slow=True),
)
"""In the order in which they are judged."""


def _seeds() -> range:
    return range(HARD_SEEDS)


def _scores(player: Player) -> tuple[float, float]:
    """Best reward of a run, and the mean reward of its last quarter."""
    asked = play(player, HARD_BUDGET, player.batch_size, hard_reward)
    rewards = [hard_reward(proposal.tokens) for proposal in asked] or [0.0]
    return max(rewards), float(np.mean(rewards[-HARD_BUDGET // 4 :]))


def _learns(subject: StrategySubject, watch: Watch) -> bool:
    """Whether proposals depend on rewards."""
    rewards: list[Callable[[Tokens], float]] = [hard_reward, lambda t: 1.0 - hard_reward(t)]
    first, second = (
        play(subject.start(watch, HARD_DECISIONS, 1, HARD_BUDGET), HARD_BUDGET, 1, reward)
        for reward in rewards
    )
    return first != second


def _reads_globals(subject: StrategySubject, watch: Watch) -> bool:
    runs = []
    for seed in (1, 2):
        seed_globals(seed)
        runs.append(play(subject.start(watch, DECISIONS, budget=20), 20, 4, easy_reward))
    return runs[0] != runs[1]


def _early(asked: Sequence[Proposal]) -> str:
    return "" if len(asked) == BUDGET else f"; it ended by itself before the {BUDGET} it might make"


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
