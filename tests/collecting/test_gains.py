"""What strategies' picks are worth trained anew: gains worked out by hand on seeds that cross."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nasbench_mobile.collecting.picks import Pick, picks, retrained_strategies
from nasbench_mobile.errors import UsageError
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Tokens, Trial

COARSE = MnasNetCoarseSpace()
OWN = [0.50, 0.70, 0.55, 0.90, 0.65, 0.52, 0.86]
"""Of seeds 1 to 7; the seed-wise order crosses random search's, so that pairs matter."""
OTHER = [0.60, 0.42, 0.58, 0.61, 0.30, 0.57, 0.44, 0.99]
"""Random search's, of seeds 0 to 7."""


def ranks(rewards: dict[Tokens, float]) -> list[Any]:
    return [
        {"tokens": list(tokens), "reward": reward, "table_reward": reward + 0.01 * tokens[0],
         "in_top": reward > 0.6}
        for tokens, reward in rewards.items()
    ]  # fmt: skip


def picked() -> tuple[list[Pick], list[Any]]:
    """`good` on seeds 1 to 7 told in another order, `random` on 0 to 7, each pick its own."""
    rewards: dict[Tokens, float] = {(1, seed): OWN[seed - 1] for seed in range(1, 8)}
    rewards |= {(0, seed): OTHER[seed] for seed in range(8)}
    chosen = [Pick("good", seed, (1, seed)) for seed in (4, 1, 7, 2, 6, 3, 5)]
    chosen += [Pick("random", seed, (0, seed)) for seed in (3, 0, 5, 1, 7, 2, 6, 4)]
    return chosen, ranks(rewards)


def test_a_gain_is_of_pairs_of_one_seed() -> None:
    good, random = retrained_strategies(*picked())
    pairs = np.array(OWN) - np.array(OTHER[1:])
    assert (good["strategy"], good["seeds"], random["seeds"]) == ("good", 7, 8)
    assert good["gain"] == pytest.approx(pairs.mean())
    assert good["p"] == pytest.approx(stats.wilcoxon(pairs).pvalue)
    assert good["p"] != pytest.approx(stats.wilcoxon(np.sort(OWN) - np.sort(OTHER[1:])).pvalue)
    rng = np.random.default_rng(1)
    means = pairs[rng.integers(7, size=(20_000, 7))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    assert good["gain_interval"] == pytest.approx([low, high], abs=0.01)
    assert good["reward"] == pytest.approx(np.mean(OWN))
    assert good["table_reward"] == pytest.approx(np.mean(OWN) + 0.01)
    assert random["table_reward"] == random["reward"] == pytest.approx(np.mean(OTHER))
    assert good["in_top"] == pytest.approx(4 / 7)
    assert random["in_top"] == pytest.approx(2 / 8)


def test_strategies_stand_in_the_order_of_their_new_rewards_and_p_is_holms() -> None:
    chosen, found = picked()
    seeds = range(8)
    better: dict[Tokens, float] = {
        (2, seed): OTHER[seed] + 0.02 + 0.01 * seed for seed in seeds
    }  # better on all
    worse: dict[Tokens, float] = {(3, seed): OTHER[seed] - 0.1 for seed in seeds}
    chosen += [Pick("worse", seed, (3, seed)) for seed in seeds]
    chosen += [Pick("better", seed, (2, seed)) for seed in seeds]
    rows = retrained_strategies(chosen, found + ranks(better) + ranks(worse))
    assert [row["strategy"] for row in rows] == ["good", "better", "random", "worse"]
    raw = {"better": 2 / 2**8, "worse": 2 / 2**8}
    p = {row["strategy"]: row["p"] for row in rows}
    assert p["better"] == pytest.approx(3 * raw["better"])
    assert p["worse"] == pytest.approx(3 * raw["worse"])
    assert p["random"] is None
    assert p["good"] == pytest.approx(stats.wilcoxon(np.array(OWN) - np.array(OTHER[1:])).pvalue)


def test_a_pick_that_was_not_trained_is_named() -> None:
    chosen, found = picked()
    with pytest.raises(UsageError, match="1,7, picked by good with seed 7, was not trained again"):
        retrained_strategies(chosen, [row for row in found if row["tokens"] != [1, 7]])


def test_without_random_search_there_is_no_gain() -> None:
    chosen, found = picked()
    alone = [pick for pick in chosen if pick.strategy == "good"]
    [row] = retrained_strategies(alone, found)
    assert (row["gain"], row["gain_interval"], row["p"]) == (None, None, None)
    apart = [replace(pick, seed=pick.seed + 50) for pick in alone]
    rows = retrained_strategies([*apart, *chosen[7:]], found)
    assert {row["gain"] for row in rows} == {None}


def test_one_shared_seed_has_a_gain_and_no_interval() -> None:
    chosen, found = picked()
    pair = [pick for pick in chosen if pick.seed == 4]
    good = next(row for row in retrained_strategies(pair, found) if row["strategy"] == "good")
    assert good["gain"] == pytest.approx(0.90 - 0.30)
    assert (good["gain_interval"], good["p"]) == (None, None)


def run(rewards: list[float | None], **changes: Any) -> Run:
    """A run on the coarse space whose k-th trial has the k-th reward; None fails."""
    header = RunHeader(
        {"space": {"name": "mnasnet-coarse", "options": {}}}, "", StrategySpec("mine"), 5, 10
    )
    trials = tuple(
        Trial(Proposal(k, (k, 0, 0, 1, 2)), failure="lost")
        if reward is None
        else Trial(Proposal(k, (k, 0, 0, 1, 2)), Measurement(0.5, 10.0), reward)
        for k, reward in enumerate(rewards)
    )
    noise_free = tuple(trial.measurement for trial in trials)
    return replace(Run(header, trials, noise_free, finished=True), **changes)


def test_a_pick_is_the_highest_reward_in_the_tables_space() -> None:
    [pick] = picks(COARSE, [run([0.3, 0.9, 0.4])])
    assert pick == Pick("mine", 5, COARSE.embed((1, 0, 0, 1, 2)))
    [pick] = picks(COARSE, [run([None, 0.2, 0.4])])
    assert pick.tokens == COARSE.embed((2, 0, 0, 1, 2))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (run([0.5], finished=False), "mine with seed 5 is not finished"),
        (run([None, None]), "found nothing"),
        (run([]), "found nothing"),
    ],
)
def test_a_run_without_a_pick_is_named(one: Run, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        picks(COARSE, [run([0.5]), one])


@pytest.mark.parametrize(
    "space", [{"name": "mnasnet", "options": {}}, {"name": "mnasnet-coarse", "options": {"se": 1}}]
)
def test_a_run_on_another_space_is_named(space: dict[str, Any]) -> None:
    one = run([0.5])
    other = replace(one, header=replace(one.header, benchmark={"space": space}))
    with pytest.raises(UsageError, match="give --space as it was there"):
        picks(COARSE, [other])
