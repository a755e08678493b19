import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.tables import Describe, best_architectures, summary
from nasbench_mobile.runs.run import Run, Timing
from nasbench_mobile.types import Fidelity

Maker = Callable[..., Run]
REQUIRED = {
    "name", "label", "options", "versions", "seeds", "budget", "best_reward", "hypervolume",
    "best_within_target", "within_target", "repeat_rate", "failed", "ask_tell_s",
    "evaluations_per_s", "incomplete",
}  # fmt: skip


def test_summary_is_json_and_has_every_figure(study: list[Run]) -> None:
    told: Any = summary(study)
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
    told: Any = summary([*base, *better])
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
    rows: list[Any] = [row for row in summary(study)["pairs"] if row["family"] == "random"]
    assert len(rows) == 2
    least = min(rows, key=lambda row: float(row["p"]))
    assert least["p_holm"] == pytest.approx(min(1.0, 2 * least["p"]))


def test_too_few_seeds_are_said(run_maker: Maker) -> None:
    runs = [run_maker(name, seed) for name in ("random", "ppo") for seed in range(3)]
    assert {row["p"] for row in summary(runs)["pairs"]} == {None}
    assert all("3 paired seeds are too few" in str(row["note"]) for row in summary(runs)["pairs"])


def test_best_architectures_are_distinct_and_ordered(study: list[Run], describe: Describe) -> None:
    rows = summary(study, describe)["best_architectures"]
    assert len({row["block_string"] for row in rows}) == len(rows) == 10
    rewards = [row["reward"] for row in rows]
    assert rewards == sorted(rewards, reverse=True)
    best = max(m.accuracy * (m.latency_ms / 75) ** -0.07 for r in study for m in r.noise_free if m)
    assert rewards[0] == pytest.approx(best)  # there is no noise here
    assert rows[0]["parameters"] == 10**6 + sum(rows[0]["tokens"])


def test_tokens_that_mean_one_network_are_listed_once(run_maker: Maker, describe: Describe) -> None:
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
    alone: Any = summary([run for run in study if run.header.strategy.name == "ppo"])["strategies"][
        0
    ]
    among = next(row for row in summary(study)["strategies"] if row["name"] == "ppo")
    assert among == alone
    assert np.isfinite(alone["hypervolume"]["iqm"])


def test_strategies_are_ranked_by_median_and_by_iqm_among_equals(runs_of: Any) -> None:
    """IQM of five is the mean of the middle three."""
    rewards = {
        "low": [0.10, 0.20, 0.60, 0.61, 0.62],  # median .60, IQM .47
        "even": [0.50, 0.55, 0.56, 0.57, 0.58],  # median .56, IQM .56
        "lower": [0.10, 0.19, 0.60, 0.61, 0.62],  # median .60, IQM .4667
    }
    told = summary(runs_of(rewards))["strategies"]
    assert [row["label"] for row in told] == ["low", "lower", "even"]
    assert [row["best_reward"]["median"] for row in told] == [0.6, 0.6, 0.56]
    assert [row["best_reward"]["iqm"] for row in told] == pytest.approx([0.47, 1.4 / 3, 0.56])


def test_shares_are_of_all_trials_of_all_runs(exact_run: Maker) -> None:
    """A run of 10 trials and one of 30: shares weigh as many trials as they are of."""
    fast, slow = (0.6, 0.6, 70.0), (0.6, 0.6, 90.0)
    short = exact_run("ppo", 0, [fast] * 9 + [slow], budget=30, repeats={3: 0}, failure="cut")
    long = exact_run("ppo", 1, [fast] * 3 + [None] * 2 + [slow] * 25, repeats={7: 1, 8: 1, 9: 1})
    (row,) = summary([short, long])["strategies"]
    assert row["within_target"] == pytest.approx(12 / 40)
    assert row["repeat_rate"] == pytest.approx(4 / 40)
    assert row["failed"] == 2


def test_seconds_are_a_median_and_speed_a_ratio_of_sums(exact_run: Maker) -> None:
    times = [Timing(ask_tell_s=1.0, evaluate_s=3.0), Timing(ask_tell_s=5.0, evaluate_s=1.0),
             Timing(ask_tell_s=2.0, evaluate_s=0.0, wall_s=99.0)]  # fmt: skip
    lengths = [2, 4, 6]
    runs = [
        exact_run("ppo", seed, [(0.6, 0.6, 70.0)] * length, budget=6, timing=timing, failure="cut")
        for seed, (length, timing) in enumerate(zip(lengths, times, strict=True))
    ]
    (row,) = summary(runs)["strategies"]
    assert row["ask_tell_s"] == 2.0
    assert row["evaluations_per_s"] == pytest.approx((2 + 4 + 6) / (4 + 6 + 2))
    quick = exact_run("ppo", 0, [(0.6, 0.6, 70.0)] * 3, timing=Timing(0.25, 0.25))
    assert summary([quick])["strategies"][0]["evaluations_per_s"] == pytest.approx(6.0)
    timeless = exact_run("ppo", 0, [(0.6, 0.6, 70.0)] * 3)
    assert summary([timeless])["strategies"][0]["evaluations_per_s"] is None


def test_accuracy_within_the_target_is_of_the_runs_that_found_any(exact_run: Maker) -> None:
    """Seen within 75 ms: .60 (in truth .58), .66, and nothing; the third run's is slower."""
    runs = [
        exact_run("ppo", 0, [(0.60, 0.58, 75.0), (0.59, 0.65, 70.0), (0.9, 0.9, 75.1)]),
        exact_run("ppo", 1, [(0.66, 0.66, 60.0), (0.5, 0.5, 60.0), None]),
        exact_run("ppo", 2, [(0.7, 0.7, 80.0), None, None]),
    ]
    (row,) = summary(runs)["strategies"]
    assert row["best_within_target"] == pytest.approx((0.58 + 0.66) / 2)
    assert row["found_within_target"] == 2
    (row,) = summary(runs[2:])["strategies"]
    assert (row["best_within_target"], row["found_within_target"]) == (None, 0)


def test_intervals_begin_with_five_seeds(runs_of: Any) -> None:
    values = [0.60, 0.61, 0.63, 0.66, 0.70]
    four: Any
    five: Any
    four, five = (summary(runs_of({"ppo": values[:n]}))["strategies"][0] for n in (4, 5))
    for key in ("best_reward", "hypervolume"):
        assert four[key]["ci95"] is None
        low, high = five[key]["ci95"]
        assert min(five[key]["values"]) <= low < high <= max(five[key]["values"])


def test_picks_are_what_readings_chose_scored_without_noise(exact_run: Maker) -> None:
    """The second run's highest reading is a partial training, which is never picked."""
    runs = [
        exact_run(
            "ppo", 0, [(0.50, 0.70, 75.0), (0.60, 0.55, 75.0), (0.40, 0.40, 75.0)],
            extrapolated=frozenset({1}),
        ),
        exact_run(
            "ppo", 1, [(0.9, 0.9, 75.0), (0.5, 0.6, 150.0), None, None],
            fidelities={0: 0.5}, budget=3,
        ),
        exact_run("ppo", 2, [None, None, None]),
    ]  # fmt: skip
    (row,) = summary(runs)["strategies"]
    first, second = row["picks"]
    assert first == {
        "seed": 0, "id": 1, "accuracy": 0.55, "latency_ms": 75.0, "reward": 0.55,
        "extrapolated": True,
    }  # fmt: skip
    assert (second["seed"], second["id"], second["extrapolated"]) == (1, 1, False)
    assert second["reward"] == pytest.approx(0.6 * 2**-0.07)
    assert row["best_reward"]["values"] == pytest.approx([0.55, 0.6 * 2**-0.07, 0.0])
    assert row["unranked"] is None


def test_an_early_end_is_unspent_budget(exact_run: Maker) -> None:
    """Less than one proposal left over is no early end: partial trainings leave such."""
    one = (0.6, 0.6, 75.0)
    halves = {0: 0.5, 1: 0.5, 2: 0.25}
    runs = [
        exact_run("ppo", 0, [one] * 30),
        exact_run("ppo", 1, [one] * 10, budget=30),
        exact_run("ppo", 2, [one] * 29, budget=30),
        exact_run("ppo", 3, [one] * 31, budget=30, fidelities=halves),  # spends 29.25
        exact_run("ppo", 4, [one] * 31, budget=30, fidelities={0: 0.25, 1: 0.25, 2: 0.25}),
        exact_run("ppo", 5, [one] * 5, budget=30, failure="it broke"),
        exact_run("ppo", 6, [one] * 5, budget=30, finished=False),
        exact_run("ppo", 7, [one] * 4, budget=30, fidelities={3: 0.5}),
    ]
    (row,) = summary(runs)["strategies"]
    assert row["unspent"] == [
        {"seed": 1, "charged": 10.0}, {"seed": 2, "charged": 29.0},
        {"seed": 4, "charged": 28.75}, {"seed": 7, "charged": 3.5},
    ]  # fmt: skip
    assert [run["charged"] for run in row["incomplete"]] == [5.0, 5.0]
    assert [run["trials"] for run in row["incomplete"]] == [5, 5]


def test_an_incomplete_run_tells_its_best_or_that_it_has_none(exact_run: Maker) -> None:
    runs = [
        exact_run("ppo", 0, [(0.6, 0.55, 75.0), None], budget=9, failure="no"),
        exact_run("ppo", 1, [None, None], budget=9, failure="no"),
    ]
    (row,) = summary(runs)["strategies"]
    assert [run["best_reward"] for run in row["incomplete"]] == [0.55, None]


def test_what_failed_or_found_nothing_is_ranked_last(exact_run: Maker, runs_of: Any) -> None:
    runs = [
        *runs_of({"random": [0.5, 0.6], "ppo": [0.55, 0.56]}),
        *(exact_run("broken", seed, [(0.9, 0.9, 75.0)], failure="no") for seed in (0, 1)),
        exact_run("once", 0, [(0.95, 0.95, 75.0)], failure="no"),
        *(exact_run("empty", seed, [None]) for seed in (0, 1)),
        exact_run("none", 0, [], budget=1, finished=False),
        exact_run("half", 0, [(0.4, 0.4, 75.0)], failure="no"), *runs_of({"half": {1: 0.4}}),
    ]  # fmt: skip
    told = summary(runs)
    assert [(row["label"], row["unranked"]) for row in told["strategies"]] == [
        ("ppo", None), ("random", None), ("half", None),
        ("once", "failed on its only seed"), ("broken", "failed on both seeds"),
        ("empty", "found no network that could be evaluated"), ("none", "has no trial yet"),
    ]  # fmt: skip
    assert {row["against"] for row in told["pairs"]} == {"random", "ppo"}


def test_what_accuracies_are_of_is_read_from_the_logs(exact_run: Maker) -> None:
    short = Fidelity(epochs=3.0, data="8+2 images of 10 classes, 5f", width=0.35, input_size=32)
    seeds = [dataclasses.replace(short, seed=seed) for seed in (0, 1)]
    runs = [exact_run("ppo", n, [(0.6, 0.6, 75.0)], trained=one) for n, one in enumerate(seeds)]
    told = summary(runs)
    assert told["accuracy"] == {
        "evaluator": None, "label": "made-up accuracy",
        "trained": {"epochs": 3.0, "data": short.data, "width": 0.35, "input_size": 32},
    }  # fmt: skip
    assert told["latency"] == {"label": "made-up ms", "device": "pixel1", "kind": "estimate"}
    other = exact_run("ppo", 2, [(0.6, 0.6, 75.0)], trained=Fidelity(epochs=4.0))
    assert summary([*runs, other])["accuracy"]["trained"] is None
    assert summary([exact_run("ppo", 0, [None])])["accuracy"]["trained"] is None


def test_the_best_are_chosen_by_readings_and_listed_by_truth(exact_run: Maker) -> None:
    samples = [(0.7, 0.50, 75.0), (0.6, 0.60, 75.0), (0.5, 0.65, 75.0), (0.4, 0.95, 75.0)]
    comparison = compare_runs([exact_run("ppo", 0, samples)])
    rows = best_architectures(comparison, top=3)
    assert [(row["tokens"], row["reward"]) for row in rows] == [
        ([2], 0.65), ([1], 0.60), ([0], 0.50)
    ]  # fmt: skip
    assert [row["tokens"] for row in best_architectures(comparison, top=1)] == [[0]]


def test_repeats_do_not_crowd_others_out_of_the_best(exact_run: Maker) -> None:
    """Trial 0 is the best and is proposed fifteen times more; eleven others follow."""
    best = (0.9, 0.9, 75.0)
    others = [(0.5 + 0.01 * n, 0.5 + 0.01 * n, 75.0) for n in range(11)]
    run = exact_run("ppo", 0, [best, *[best] * 15, *others], repeats=dict.fromkeys(range(1, 16), 0))
    rows = summary([run])["best_architectures"]
    assert [row["reward"] for row in rows] == pytest.approx(
        [0.9, *(0.5 + 0.01 * n for n in range(10, 1, -1))]
    )
    assert rows[0]["strategy"] == "ppo"
    assert [row["tokens"] for row in rows[:2]] == [[0], [26]]


def test_an_architecture_is_told_of_the_run_whose_reading_was_highest(exact_run: Maker) -> None:
    runs = [
        exact_run("ppo", 0, [(0.6, 0.65, 75.0)]),
        exact_run("tpe", 3, [(0.7, 0.65, 75.0)], extrapolated=frozenset({0})),
    ]
    [row] = summary(runs)["best_architectures"]
    assert (row["strategy"], row["seed"], row["reward"]) == ("tpe", 3, 0.65)
    assert row["extrapolated"] is True


def test_versions_that_differ_between_runs_are_all_told(exact_run: Maker) -> None:
    runs = []
    for seed, versions in enumerate(({"numpy": "2.5", "a": "1"}, {"numpy": "2.4", "a": "1"})):
        run = exact_run("ppo", seed, [(0.6, 0.6, 75.0)])
        header = dataclasses.replace(run.header, versions=versions)
        runs.append(dataclasses.replace(run, header=header))
    (row,) = summary(runs)["strategies"]
    assert list(row["versions"].items()) == [("a", "1"), ("numpy", "2.4, 2.5")]
