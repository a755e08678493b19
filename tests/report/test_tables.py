import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pytest

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.tables import summary
from nasbench_mobile.runs import Run

Maker = Callable[..., Run]
REQUIRED = {
    "name", "label", "options", "versions", "seeds", "budget", "best_reward", "hypervolume",
    "best_within_target", "within_target", "repeat_rate", "failed", "ask_tell_s",
    "evaluations_per_s", "incomplete",
}  # fmt: skip


def test_summary_is_json_and_has_every_figure(study: list[Run]) -> None:
    told = summary(study)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["benchmark"] == "imagenet-pixel1@1"
    assert told["objective"] == {"name": "soft", "alpha": -0.07, "beta": -0.07, "target_ms": 75.0}
    for row in told["strategies"]:
        assert row.keys() >= REQUIRED
        low, high = row["best_reward"]["ci95"]
        assert low <= row["best_reward"]["iqm"] <= high
        assert 0 < row["hypervolume"]["median"] < 1
        assert row["seeds"] == list(range(8))
        assert row["evaluations_per_s"] == pytest.approx(200.0)
        assert row["ask_tell_s"] == pytest.approx(0.24)
    medians = [row["best_reward"]["median"] for row in told["strategies"]]
    assert medians == sorted(medians, reverse=True)


def test_best_reward_is_the_noise_free_one_of_the_noisy_choice(run_maker: Maker) -> None:
    run = run_maker("ppo", trials=200, noise=0.02)
    chosen = max(range(200), key=lambda i: run.trials[i].reward or 0.0)
    true = run.noise_free[chosen]
    assert true is not None
    expected = true.accuracy * (true.latency_ms / 75.0) ** -0.07
    told = summary([run])["strategies"][0]["best_reward"]
    assert told["values"] == [pytest.approx(expected)]
    truly_best = max(m.accuracy * (m.latency_ms / 75.0) ** -0.07 for m in run.noise_free if m)
    assert told["median"] < truly_best  # the noise misled it, and the score says so
    assert told["ci95"] is None  # one run


def test_options_make_two_strategies_of_one(run_maker: Maker) -> None:
    told = summary([run_maker("ppo"), run_maker("ppo", learning_rate=0.001)])
    assert {row["label"] for row in told["strategies"]} == {"ppo", "ppo:learning_rate=0.001"}
    assert {row["name"] for row in told["strategies"]} == {"ppo"}


def test_a_failed_run_is_listed_and_counts_with_what_it_found(run_maker: Maker) -> None:
    whole = [run_maker("ppo", seed) for seed in range(2)]
    failed = run_maker("ppo", 2, trials=20, budget=60, failed=4, failure="the phone fell")
    (row,) = summary([*whole, failed])["strategies"]
    assert row["scored_seeds"] == [0, 1, 2]
    assert len(row["best_reward"]["values"]) == 3
    assert row["failed"] == 5
    (listed,) = row["incomplete"]
    assert (listed["seed"], listed["trials"], listed["reason"]) == (2, 20, "the phone fell")
    assert listed["failed"] is True


def test_an_interrupted_run_waits_but_is_listed(run_maker: Maker) -> None:
    runs = [run_maker("ppo", 0), run_maker("ppo", 1, trials=20, budget=60)]
    (row,) = summary(runs)["strategies"]
    assert row["seeds"] == [0, 1]
    assert row["scored_seeds"] == [0]
    assert [run["seed"] for run in row["incomplete"]] == [1]
    assert "resume" in row["incomplete"][0]["reason"]


def test_only_interrupted_runs_give_figures_so_far(run_maker: Maker) -> None:
    runs = [run_maker("ppo", 1, trials=20, budget=60), run_maker("ppo", 2, trials=0, budget=60)]
    (row,) = summary(runs)["strategies"]
    assert row["provisional"] is True
    assert row["scored_seeds"] == [1]
    assert len(row["incomplete"]) == 2


def test_a_strategy_without_any_trial_has_no_figures(run_maker: Maker) -> None:
    told = summary([run_maker("random"), run_maker("ppo", trials=0, budget=60)])
    last = told["strategies"][-1]
    assert last["label"] == "ppo"
    assert last["best_reward"] == {"median": None, "iqm": None, "ci95": None, "values": []}
    assert last["within_target"] is None
    assert told["pairs"] == []


def test_pairs_of_a_clean_sweep_by_hand(run_maker: Maker) -> None:
    # the same runs, 0.01 of accuracy better on each of 8 seeds: p = 2 / 2**8, one comparison
    base = [run_maker("random", seed) for seed in range(8)]
    better = []
    for run in base:
        header = dataclasses.replace(
            run.header, strategy=dataclasses.replace(run.header.strategy, name="better")
        )
        true = tuple(
            m and dataclasses.replace(m, accuracy=m.accuracy + 0.01) for m in run.noise_free
        )
        better.append(dataclasses.replace(run, header=header, noise_free=true))
    told = summary([*base, *better])
    against_random, against_leader = told["pairs"]
    assert against_random["family"] == "random"
    assert against_random["strategy"] == "better"
    assert (against_random["wins"], against_random["ties"], against_random["losses"]) == (8, 0, 0)
    assert against_random["p"] == against_random["p_holm"] == pytest.approx(2 / 2**8)
    assert against_random["a12"] > 0.5
    assert against_leader["strategy"] == "random"
    assert against_leader["against"] == "better"
    assert against_leader["a12"] == pytest.approx(1 - against_random["a12"])


def test_holm_grows_p_with_the_number_of_strategies(study: list[Run]) -> None:
    rows = [row for row in summary(study)["pairs"] if row["family"] == "random"]
    assert len(rows) == 2
    least = min(rows, key=lambda row: float(row["p"]))
    assert least["p_holm"] == pytest.approx(min(1.0, 2 * least["p"]))


def test_too_few_seeds_are_said(run_maker: Maker) -> None:
    runs = [run_maker(name, seed) for name in ("random", "ppo") for seed in range(3)]
    assert {row["p"] for row in summary(runs)["pairs"]} == {None}
    assert all("3 paired seeds are too few" in row["note"] for row in summary(runs)["pairs"])


def test_best_architectures_are_distinct_and_ordered(
    study: list[Run], describe: Callable[..., dict[str, object]]
) -> None:
    rows = summary(study, describe)["best_architectures"]
    assert len({row["block_string"] for row in rows}) == len(rows) == 10
    rewards = [row["reward"] for row in rows]
    assert rewards == sorted(rewards, reverse=True)
    best = max(m.accuracy * (m.latency_ms / 75) ** -0.07 for r in study for m in r.noise_free if m)
    assert rewards[0] == pytest.approx(best)  # there is no noise here
    assert rows[0]["parameters"] == 10**6 + sum(rows[0]["tokens"])


def test_tokens_that_mean_one_network_are_listed_once(
    run_maker: Maker, describe: Callable[..., dict[str, object]]
) -> None:
    run = run_maker("random", trials=4)
    # all trials mean one network: tokens differ in the last place only
    trials = tuple(
        dataclasses.replace(
            trial, proposal=dataclasses.replace(trial.proposal, tokens=(0,) * 11 + (i % 3,))
        )
        for i, trial in enumerate(run.trials)
    )
    told = summary([dataclasses.replace(run, trials=trials)], describe)
    assert len(told["best_architectures"]) == 1


def test_mixing_benchmarks_budgets_or_copies_is_an_error(run_maker: Maker) -> None:
    run = run_maker()
    other = dataclasses.replace(run, header=dataclasses.replace(run.header, benchmark_hash="beef"))
    with pytest.raises(LogError, match="two benchmarks cannot be compared"):
        compare_runs([run, other])
    with pytest.raises(LogError, match="two budgets"):
        compare_runs([run, run_maker(seed=1, budget=999)])
    with pytest.raises(LogError, match="random seed 0 is there twice"):
        compare_runs([run, run])
    with pytest.raises(UsageError, match="no runs"):
        compare_runs([])


def test_adding_a_strategy_moves_no_other_figures(study: list[Run]) -> None:
    alone = summary([run for run in study if run.header.strategy.name == "ppo"])["strategies"][0]
    among = next(row for row in summary(study)["strategies"] if row["name"] == "ppo")
    assert among == alone
    assert np.isfinite(alone["hypervolume"]["iqm"])
