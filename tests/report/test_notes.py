"""What stands under a leaderboard: true sentences in every state that a study can be in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from nasbench_mobile.catalog import build_strategy, load
from nasbench_mobile.report.notes import (
    accuracy_note,
    counts_note,
    latency_note,
    mark,
    notes,
    picks_note,
    row_notes,
    stopped_early,
    within_target,
)
from nasbench_mobile.report.random_first import OPTIONS
from nasbench_mobile.report.tables import summary
from nasbench_mobile.report.wording import counted, headline, listed, signed, spread
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Decision, Measurement, StrategySpec, Tokens, Trial

Maker = Callable[..., Run]


def accuracy(evaluator: str | None, **trained: Any) -> str:
    full = {"epochs": None, "data": None, "width": 1.0, "input_size": None}
    record = {"evaluator": evaluator, "label": "the label", "trained": full | trained}
    study: Any = {"accuracy": record}
    return accuracy_note(study)


@pytest.mark.parametrize(
    ("evaluator", "trained", "said"),
    [
        (
            "surrogate", {"epochs": 16, "data": "imagenet2012"},
            "Accuracy is predicted by a model (a surrogate) fitted to trainings of 16 epochs on "
            "imagenet2012, about 10 points below full training recipes (the label).",
        ),
        (
            "surrogate", {"epochs": 90, "data": "imagenet2012"},
            "Accuracy is predicted by a model (a surrogate) fitted to trainings of 90 epochs on "
            "imagenet2012 (the label).",
        ),
        (
            "tabular",
            {"epochs": 3.0, "data": "9 images of 10 classes, 8c", "width": 0.35, "input_size": 32},
            "Accuracy is looked up in a table of trainings of 3 epochs on 9 images of 10 classes, "
            "8c at width 0.35 and 32 px (the label).",
        ),
        (
            "training", {"epochs": 1, "input_size": 32},
            "Accuracy is that of trainings of 1 epoch at 32 px (the label).",
        ),
        (
            "synthetic-curves", {"epochs": 16},
            "Accuracy is made up but for where each learning curve ends, a surrogate fitted to "
            "trainings of 16 epochs (the label).",
        ),
        ("mine.py:Mine", {"epochs": 2}, "Accuracy: the label."),
    ],
)  # fmt: skip
def test_accuracies_are_said_to_be_what_they_are(
    evaluator: str, trained: dict[str, Any], said: str
) -> None:
    assert accuracy(evaluator, **trained) == said


def test_of_logs_that_do_not_say_the_label_is_told() -> None:
    study: Any = {"accuracy": {"evaluator": "surrogate", "label": "the label", "trained": None}}
    assert accuracy_note(study) == "Accuracy: the label."
    study["accuracy"]["label"] = None
    assert accuracy_note(study) == ""


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("measured", ""),
        ("estimate", "Latencies are estimates: a model made them, no device has run these "
         "networks."),
        ("synthetic", "Latencies are synthetic: a formula made them up, and they are of no "
         "device."),
    ],
)  # fmt: skip
def test_each_kind_of_latency_is_said_in_english(kind: str, said: str) -> None:
    study: Any = {"latency": {"kind": kind}}
    assert latency_note(study) == said


def test_picks_are_counted_by_extrapolation_and_by_the_target(exact_run: Maker) -> None:
    there = frozenset({0})
    runs = [
        exact_run("ppo", 0, [(0.70, 0.70, 75.0)], extrapolated=there),
        exact_run("ppo", 1, [(0.70, 0.70, 60.04)]),
        exact_run("random", 0, [(0.60, 0.60, 90.0)], extrapolated=there),
        exact_run("random", 1, [(0.60, 0.60, 75.2)], extrapolated=there),
        exact_run("random", 2, [None]),
    ]
    assert picks_note(summary(runs)) == (
        "Of the 4 picks (in each run the network of highest reward), 3 (1 of 2 of ppo) are "
        "extrapolated: outside the range that the model was fitted to, so their accuracies are "
        "least sure. The picks lie at 60.0 to 90.0 ms, median 75.1; 2 of 4 within T = 75 ms."
    )
    level = [exact_run("ppo", seed, [(0.7, 0.7, 80.0)]) for seed in (0, 1)]
    assert picks_note(summary(level)) == "The picks lie at 80.0 ms; 0 of 2 within T = 75 ms."
    assert picks_note(summary(runs[1:2])) == (
        "The only pick lies at 60.0 ms; it is within T = 75 ms."
    )
    assert picks_note(summary(runs[2:3])) == (
        "The only pick (the network of highest reward) is extrapolated: outside the range that the "
        "model was fitted to, so its accuracy is least sure. It lies at 90.0 ms; it is not within "
        "T = 75 ms."
    )
    assert picks_note(summary(runs[4:])) == ""


def test_nothing_is_said_of_measured_latencies_nor_of_picks_that_are_not(exact_run: Maker) -> None:
    study = summary([exact_run("ppo", 0, [None])])
    assert [line[:8] for line in notes(study)] == ["Accuracy", "Latencie"]
    measured = study | {"latency": study["latency"] | {"kind": "measured"}}
    assert notes(measured) == ["Accuracy: made-up accuracy."]


def told(**more: Any) -> Any:
    return {
        "label": "ppo", "seeds": [0, 1, 2], "scored_seeds": [0, 1, 2], "unranked": None,
        "provisional": False, "unspent": [], "random_first": None, "found_within_target": 3,
        "best_within_target": 0.6311, **more,
    }  # fmt: skip


STUDY: Any = {"budget": 1300, "budget_unit": "proposals"}


@pytest.mark.parametrize(
    ("charged", "seeds", "said"),
    [
        ([10.0], [0, 1, 2], "stopped after 10 of 1,300 proposals on 1 of 3 seeds"),
        ([10.0, 1012.25], [0, 1, 2], "stopped after 10 to 1,012.25 of 1,300 proposals on 2 of 3 "
         "seeds"),
        ([9.0, 9.0], [0, 1], "stopped after 9 of 1,300 proposals on both seeds"),
        ([9.0], [4], "stopped after 9 of 1,300 proposals on its only seed"),
    ],
)  # fmt: skip
def test_where_a_strategy_stopped_is_said(
    charged: list[float], seeds: list[int], said: str
) -> None:
    unspent = [{"seed": seed, "charged": one} for seed, one in enumerate(charged)]
    assert stopped_early(told(seeds=seeds, unspent=unspent), STUDY) == said


def test_a_row_is_marked_for_whatever_sets_it_apart() -> None:
    assert mark(told()) == ""
    first = {"option": "population_size", "count": 2000}
    assert mark(told(unspent=[{}], random_first=first)) == " (stopped early, random throughout)"
    assert mark(told(provisional=True)) == " (so far)"
    assert mark(told(provisional=True, unranked="has no trial yet")) == " (unranked)"
    assert row_notes(told(), STUDY) == []
    assert row_notes(told(random_first=first), STUDY) == [
        "was random search throughout: population_size 2,000 is not below the budget of 1,300"
    ]


def test_an_accuracy_within_the_target_says_of_how_many_runs() -> None:
    assert within_target(told()) == "63.11%"
    assert within_target(told(found_within_target=2)) == "63.11% (2 of 3)"
    assert within_target(told(found_within_target=0, best_within_target=None)) == "–"


def counts(**of: Any) -> str:
    full = {"width": 1.0, "input_size": 224, "classes": 1000, "full_input_size": 224}
    study: Any = {"best_architectures": [{"counted": full | of}]}
    return counts_note(study)


def test_counts_say_of_which_network_they_are() -> None:
    assert counts() == "Counts and latency are of the full network: 224 px, 1,000 classes."
    assert counts(width=0.35, input_size=32, classes=10) == (
        "Parameters and multiply-adds are of the network that was trained: width 0.35, 32 px, 10 "
        "classes. Latency and drawings are of the full network at 224 px."
    )
    assert counts(classes=20).endswith("trained: 224 px, 20 classes. Latency and drawings are of "
                                       "the full network at 224 px.")  # fmt: skip
    nothing: list[Any] = [{"best_architectures": [{"counted": None}]}, {"best_architectures": []}]
    assert [counts_note(study) for study in nothing] == ["", ""]


def test_words_for_lists_counts_and_spreads() -> None:
    assert [listed(list(names)) for names in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
    assert listed(["a", "b"], "or") == "a or b"
    assert [counted(n, "seed") for n in (0, 1, 2, 1200)] == [
        "0 seeds", "1 seed", "2 seeds", "1,200 seeds",
    ]  # fmt: skip
    assert [signed(value, 2) for value in (0.125, -1.0, 0.0, None)] == ["+0.12", "-1.00", "0", "–"]
    assert spread([3.0, 1.0, 1.5], 1) == "1.5 (1.0 to 3.0)"
    assert (spread([2.0, 2.0], 1), spread([], 1)) == ("2.0", "–")


DECISIONS = tuple(Decision(f"d{place}", 4) for place in range(4))


def proposed(spec: StrategySpec, budget: int, sign: int) -> list[Tokens]:
    """What a strategy proposes where more of a token is better (1) or worse (-1)."""
    strategy = build_strategy(spec, DECISIONS, 0, budget)
    rows: list[Tokens] = []
    while len(rows) < budget:
        wanted = min(getattr(strategy, "batch_size", 1), budget - len(rows))
        proposals = strategy.ask(wanted)
        trials = []
        for proposal in proposals:
            reward = 0.5 + sign * sum(proposal.tokens) / 100
            measurement = Measurement(reward, 50.0 - sign * sum(proposal.tokens))
            trials.append(Trial(proposal, measurement, reward))
        rows += [proposal.tokens for proposal in proposals]
        strategy.tell(trials)
    return rows


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_strategy_is_blind_for_as_long_as_its_option_says(name: str) -> None:
    """Opposite rewards: alike up to the option's number, and then no longer."""
    spec = StrategySpec(name, {OPTIONS[name]: 5})
    assert proposed(spec, 5, 1) == proposed(spec, 5, -1)
    longer, turned = proposed(spec, 14, 1), proposed(spec, 14, -1)
    assert longer[:5] == turned[:5]
    assert longer != turned


def test_every_strategy_with_such_an_option_is_known() -> None:
    from inspect import signature

    from nasbench_mobile.catalog import BUILT_IN

    kinds = set(OPTIONS.values())
    having = {
        name: (kinds & signature(load("strategy", name)).parameters.keys())
        for name in BUILT_IN["strategy"]
    }
    assert {name: {option} for name, option in OPTIONS.items()} == {
        name: options for name, options in having.items() if options
    }


def test_random_throughout_needs_a_recorded_option_and_a_cold_start(exact_run: Maker) -> None:
    samples = [(0.6, 0.6, 75.0)] * 8
    named = "regularized-evolution"
    cases = [
        (exact_run(named, 0, samples, population_size=8), 8),
        (exact_run(named, 0, samples, population_size=7), None),
        (exact_run(named, 0, samples), None),
        (exact_run("mine.py:Evolution", 0, samples, population_size=8), None),
    ]
    for run, count in cases:
        [row] = summary([run])["strategies"]
        assert row["random_first"] == (
            None if count is None else {"option": "population_size", "count": count}
        )
    plain = cases[2][0]
    for given, count in (({}, 8), ({"population_size": 7}, None)):  # what is given goes first
        strategy = dataclasses.replace(plain.header.strategy, options=given)
        header = dataclasses.replace(
            plain.header, strategy=strategy, defaults={"population_size": 8, "sample_size": 2}
        )
        [row] = summary([dataclasses.replace(plain, header=header)])["strategies"]
        assert row["random_first"] == (
            None if count is None else {"option": "population_size", "count": count}
        )
    warm = dataclasses.replace(cases[0][0].header, start=((0,),))
    [row] = summary([dataclasses.replace(cases[0][0], header=warm)])["strategies"]
    assert row["random_first"] is None


def test_the_headline_counts_in_english(exact_run: Maker) -> None:
    one = exact_run("ppo", 0, [(0.6, 0.6, 75.0)])
    told = "imagenet-pixel1@1, soft reward, T = 75 ms"
    assert headline(summary([one])) == f"{told}, 1 proposal, seeds: 1"
    two = [exact_run("ppo", seed, [(0.6, 0.6, 75.0)], budget=1200) for seed in (0, 1)]
    more = [exact_run("tpe", seed, [(0.6, 0.6, 75.0)], budget=1200) for seed in (0, 1, 2)]
    assert headline(summary(two)) == f"{told}, 1,200 proposals, seeds: 2"
    assert headline(summary([*two, *more])) == f"{told}, 1,200 proposals, seeds: 2 to 3"
