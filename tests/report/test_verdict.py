"""Sentences of the verdict: who is better is what the test says, and what is unsure is said so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from nasbench_mobile.report.tables import summary
from nasbench_mobile.report.verdict import p_text, verdict
from nasbench_mobile.runs.run import Run

RunsOf = Callable[[Mapping[str, Sequence[float]]], list[Run]]

HIGH = [0.10, 0.20, 0.60, 0.61, 0.62, 0.66, 0.67, 0.68, 0.69, 0.70]
BETTER = [0.40, 0.40, 0.601, 0.612, 0.623, 0.55, 0.674, 0.685, 0.696, 0.707]
"""Medians 0.64 and 0.6175, but seed by seed BETTER is ahead on 9 of 10: differences of rank 1 to 7,
9 and 10 against one of rank 8. Of the 2**10 ways to sign ten ranks, 25 have a rank sum of at most 8
(partitions of 0 to 8 into distinct parts: 1, 1, 1, 2, 2, 3, 4, 5, 6), so p = 2 * 25 / 1024."""


def row(label: str, median: float | None, seeds: int = 10, **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "baseline": label == "random",
        "best_reward": {"median": median},
        "scored_seeds": list(range(seeds)),
        "seeds": list(range(seeds)),
        "incomplete": [],
        "unranked": None if median is not None else "has no trial yet",
        "unspent": [],
        **more,
    }


def pair(
    family: str, strategy: str, p: float | None, lean: float, *, holm: float | None = None,
    against: str = "random", **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """`lean` is the rank-biserial correlation; A12 and the count of seeds follow its sign."""
    note = None if p is not None else "3 paired seeds are too few to test; use at least 6"
    return {
        "family": family, "strategy": strategy, "against": against, "p": p,
        "p_holm": p if holm is None else holm, "rank_biserial": lean, "a12": 0.5 + 0.4 * lean,
        "wins": 9 if lean > 0 else 1, "losses": 1 if lean > 0 else 9, "ties": 0, "seeds": 10,
        "note": note, **more,
    }  # fmt: skip


def said(ranked: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> str:
    study: Any = {
        "strategies": ranked, "pairs": pairs, "budget": 30, "budget_unit": "proposals",
    }  # fmt: skip
    return verdict(study)


def test_a_clear_winner_wins_by_how_much_and_how_sure() -> None:
    text = said(
        [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)],
        [
            pair("random", "evolution", 0.004, 1.0), pair("random", "ppo", 0.03, 0.8),
            pair("leader", "ppo", 0.012, -1.0), pair("leader", "random", 0.004, -1.0),
        ],
    )  # fmt: skip
    assert text == (
        "evolution wins (median best reward 0.7600 over 10 seeds), +0.0100 (+1.33%) ahead of ppo "
        "(0.7500): it is better on 9 of 10 paired seeds (Wilcoxon with Holm, p = 0.012; A12 = "
        "0.90). 2 of 2 strategies beat random search (adjusted p at most 0.03)."
    )


def test_significance_is_that_of_the_adjusted_p() -> None:
    ranked = [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)]
    pairs = [
        pair("random", "evolution", 0.03, 1.0, holm=0.06),
        pair("random", "ppo", 0.03, 1.0, holm=0.06),
        pair("leader", "ppo", 0.03, -1.0, holm=0.06),
        pair("leader", "random", 0.03, -1.0, holm=0.06),
    ]
    text = said(ranked, pairs)
    assert "wins" not in text
    assert "cannot tell it from any of the others (each p >= 0.06, Wilcoxon with Holm)" in text
    assert "None of the 2 others is shown to beat random search." in text


def test_nobody_wins_while_a_third_is_unsure() -> None:
    ranked = [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)]
    text = said(ranked, [pair("leader", "ppo", 0.01, -1.0), pair("leader", "random", 0.2, -0.4)])
    assert text.startswith("evolution leads (median best reward 0.7600 over 10 seeds), +0.0100")
    assert "but these seeds cannot tell it from random (p = 0.2, Wilcoxon with Holm)." in text
    assert "wins" not in text


def test_the_better_one_is_the_one_that_the_test_says(runs_of: RunsOf) -> None:
    told = verdict(summary(runs_of({"high": HIGH, "better": BETTER})))
    assert told == (
        "high has the highest median best reward 0.6400 over 10 seeds, +0.0225 (+3.64%) ahead of "
        "better (0.6175), but better is better than high on 9 of 10 paired seeds (Wilcoxon with "
        "Holm, p = 0.049; A12 = 0.52). Random search was not run, so there is no baseline."
    )


def test_beating_random_search_is_what_the_test_says(runs_of: RunsOf) -> None:
    """Holm takes the least of two p-values, 2 / 2**10, times 2; then 50 / 1024."""
    rewards = {"random": HIGH, "better": BETTER, "low": [value - 0.05 for value in HIGH]}
    text = verdict(summary(runs_of(rewards)))
    assert (
        "1 of 2 strategies beats random search (adjusted p at most 0.049); random search beats "
        "low; for better the medians say the opposite." in text
    )
    turned = {"random": BETTER, "high": HIGH, "low": [value - 0.05 for value in BETTER]}
    text = verdict(summary(runs_of(turned)))
    assert (
        "None of the 2 others is shown to beat random search; random search beats high and low; "
        "for high the medians say the opposite." in text
    )


def test_a_lead_that_chance_explains_is_no_win() -> None:
    text = said(
        [row("evolution", 0.76), row("random", 0.75)],
        [pair("random", "evolution", 0.3, 0.3), pair("leader", "random", 0.3, -0.3)],
    )
    assert "wins" not in text
    assert "these seeds cannot tell it from random (p = 0.3, Wilcoxon with Holm)" in text
    assert "beat random search" not in text


def test_strategies_not_shown_to_beat_random_are_named() -> None:
    text = said(
        [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.75)],
        [
            pair("random", "evolution", 0.01, 0.9), pair("random", "ppo", 0.3, 0.4),
            pair("leader", "ppo", 0.3, -0.4), pair("leader", "random", 0.01, -0.9),
        ],
    )  # fmt: skip
    assert text.endswith(
        "1 of 2 strategies beats random search (adjusted p at most 0.01); not shown for ppo."
    )


def test_untested_pairs_are_named_apart_with_their_reason() -> None:
    few: dict[str, Any] = {"note": "only 2 of 10 paired seeds differ: too few to test"}
    text = said(
        [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)],
        [
            pair("random", "evolution", 0.3, 0.4), pair("random", "ppo", None, 0.4, **few),
            pair("leader", "ppo", None, -0.4, **few), pair("leader", "random", 0.3, -0.4),
        ],
    )  # fmt: skip
    assert (
        "but these seeds cannot tell it from random (p = 0.3, Wilcoxon with Holm); ppo was not "
        "tested (only 2 of 10 paired seeds differ: too few to test)." in text
    )
    assert text.endswith(
        "None of the 2 others is shown to beat random search; ppo was not tested (only 2 of 10 "
        "paired seeds differ: too few to test)."
    )


def test_equal_strategies_are_said_to_be_equal(runs_of: RunsOf) -> None:
    one = [0.5, 0.6, 0.7, 0.62, 0.66, 0.68, 0.69, 0.51]
    assert verdict(summary(runs_of({"ppo": one, "random": one}))) == (
        "ppo and random are equal on every seed (median best reward 0.6400 over 8 seeds)."
    )
    other = [value - 0.001 * seed for seed, value in enumerate(one, start=1)]
    text = verdict(summary(runs_of({"ppo": one, "tpe": one, "random": other})))
    assert text.startswith(
        "ppo and tpe share the highest median best reward (0.6400): tpe is equal to ppo on every "
        "seed."
    )


def test_a_shared_median_is_no_lead_but_may_be_won() -> None:
    ranked = [row("ppo", 0.7), row("tpe", 0.7), row("random", 0.6)]
    text = said(ranked, [pair("leader", "tpe", 0.4, -0.2), pair("leader", "random", 0.01, -1.0)])
    assert text.startswith(
        "ppo and tpe share the highest median best reward (0.7000): these seeds cannot tell ppo "
        "from tpe (p = 0.4, Wilcoxon with Holm)."
    )
    text = said(ranked, [pair("leader", "tpe", 0.04, -0.9), pair("leader", "random", 0.01, -1.0)])
    assert text.startswith(
        "ppo wins (median best reward 0.7000 over 10 seeds, the same as that of tpe): it is better "
        "on 9 of 10 paired seeds"
    )


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (0.6134, 0.0, "+0.6134 ahead of random (0.0000)"),
        (-0.1, -0.2, "+0.1000 ahead of random (-0.2000)"),
        (0.65001, 0.65, "less than 0.0001 ahead of random (0.6500)"),
        (0.66, 0.55, "+0.1100 (+20.00%) ahead of random (0.5500)"),
    ],
)
def test_a_difference_is_relative_to_what_is_above_zero_alone(
    first: float, second: float, told: str
) -> None:
    text = said([row("ppo", first), row("random", second)], [pair("leader", "random", 0.3, -0.4)])
    assert f"), {told}, but these seeds cannot tell it" in text


def test_p_values_of_one_are_equal_to_one() -> None:
    ranked = [row("ppo", 0.7), row("tpe", 0.69), row("random", 0.6)]
    text = said(ranked, [pair("leader", "tpe", 1.0, -0.1), pair("leader", "random", 1.0, -0.1)])
    assert "cannot tell it from any of the others (p = 1, Wilcoxon with Holm)" in text


def test_p_is_never_rounded_to_the_level_it_is_below() -> None:
    assert [p_text(p) for p in (0.0496, 0.0123, 0.0009, 0.001, 0.05, 0.3, None)] == [
        "p = 0.0496", "p = 0.012", "p < 0.001", "p = 0.001", "p = 0.05", "p = 0.3", "untested",
    ]  # fmt: skip


def test_what_failed_is_not_second() -> None:
    failed = row("ppo", 0.75, unranked="failed on all 10 seeds")
    pairs = [pair("leader", "random", 0.01, -1.0), pair("leader", "ppo", 0.3, -0.2)]
    text = said([row("evolution", 0.76), row("random", 0.74), failed], pairs)
    assert "+0.0200 (+2.70%) ahead of random (0.7400): it is better on 9" in text
    assert text.endswith("ppo failed on all 10 seeds.")


def test_too_few_seeds_missing_baseline_and_unfinished_runs_are_said() -> None:
    cut = [{"failed": False}, {"failed": False}]
    text = said(
        [row("evolution", 0.76, 3), row("ppo", 0.75, 3, incomplete=cut)],
        [pair("leader", "ppo", None, -1.0)],
    )
    assert text == (
        "evolution leads so far (median best reward 0.7600 over 3 seeds), +0.0100 (+1.33%) ahead "
        "of ppo (0.7500), but 3 paired seeds are too few to test; use at least 6. Random search "
        "was not run, so there is no baseline. 2 of 6 runs are unfinished, so this may change."
    )


def test_nobody_wins_before_all_runs_have_ended_and_failed_runs_have() -> None:
    pairs = [pair("leader", "random", 0.01, -1.0)]
    cut = [row("ppo", 0.7, incomplete=[{"failed": False}]), row("random", 0.6)]
    text = said(cut, pairs)
    assert text.startswith("ppo leads so far (median best reward 0.7000 over 10 seeds)")
    assert text.endswith("1 of 20 runs is unfinished, so this may change.")
    failed = [row("ppo", 0.7, incomplete=[{"failed": True}]), row("random", 0.6)]
    text = said(failed, pairs)
    assert text.startswith("ppo wins")
    assert text.endswith("1 of 20 runs failed and counts with what it had found.")


def test_failures_of_what_is_not_ranked_are_told_once() -> None:
    gone = row("tpe", 0.5, 2, unranked="failed on both seeds", incomplete=[{"failed": True}] * 2)
    ranked, pairs = [row("ppo", 0.7), row("random", 0.6)], [pair("leader", "random", 0.01, -1.0)]
    assert said([*ranked, gone], pairs).endswith("A12 = 0.90). tpe failed on both seeds.")
    ranked[1]["incomplete"] = [{"failed": True}]
    assert said([*ranked, gone], pairs).endswith(
        "tpe failed on both seeds. 3 of 22 runs failed and count with what they had found."
    )


def test_unspent_budget_is_said() -> None:
    stopped = row(
        "lazy", 0.7, 5, unspent=[{"seed": 1, "charged": 10.0}, {"seed": 4, "charged": 10.0}]
    )
    text = said([stopped, row("random", 0.6, 5)], [pair("leader", "random", None, -1.0)])
    assert text.endswith(" lazy stopped after 10 of 30 proposals on 2 of 5 seeds.")


def test_a_strategy_worse_than_random_is_named() -> None:
    text = said(
        [row("random", 0.76), row("ppo", 0.75), row("evolution", 0.74)],
        [
            pair(family, label, 0.01, -1.0)
            for family in ("random", "leader")
            for label in ("ppo", "evolution")
        ],
    )
    assert text.startswith("random wins")
    assert text.endswith(
        "None of the 2 others is shown to beat random search; random search beats ppo and "
        "evolution."
    )


def test_nothing_to_compare() -> None:
    assert said([row("ppo", None)], []) == (
        "No strategy has a result to rank, so there is nothing to compare. ppo has no trial yet."
    )
    assert said([row("ppo", 0.7, 1)], []) == (
        "Only ppo has results (median best reward 0.7000 over 1 seed): there is nothing to compare."
    )


def test_seeds_that_cannot_show_anything_are_said() -> None:
    # least p over 6 pairs is 2 / 64 = 0.031; Holm takes it times 2; over 7 pairs 2 * 2 / 128
    rows = [pair("leader", label, 0.0625, -1.0, seeds=6) for label in ("ppo", "random")]
    ranked = [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)]
    text = said(ranked, rows)
    assert "6 paired seeds are too few for 2 comparisons to be significant whatever" in text
    assert text.endswith("use at least 7.")
    enough = said(ranked, [each | {"seeds": 7} for each in rows])
    assert "too few" not in enough
    uneven = said(ranked, [rows[0] | {"seeds": 7}, rows[1]])
    assert "too few" not in uneven  # the pair of seven can be shown
    three = [pair("leader", label, 0.5, -0.1, seeds=7) for label in ("ppo", "random", "tpe")]
    assert "too few" not in said([*ranked, row("tpe", 0.6)], three)


def test_power_is_of_one_family_and_of_those_that_are_ranked() -> None:
    """3 * 2 / 2**7 is below 0.05; 2 * 2 / 2**6 is not, but matters only among the ranked."""
    rows = [pair("leader", label, 0.0625, -1.0, seeds=6) for label in ("ppo", "random")]
    gone: dict[str, Any] = {"unranked": "found no network that could be evaluated"}
    one = [row("evolution", 0.7), row("ppo", 0.0, **gone), row("random", 0.0, **gone)]
    assert "too few" not in said(one, rows)
    two = [row("evolution", 0.7), row("random", 0.6), row("ppo", 0.0, **gone)]
    assert "6 paired seeds are too few for 2 comparisons" in said(two, rows)
    untested = pair("leader", "tpe", None, -1.0, seeds=6)
    assert "too few for 2 comparisons" in said([*two, row("tpe", 0.5)], [*rows, untested])


def test_the_order_of_pairs_does_not_matter() -> None:
    ranked = [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)]
    pairs = [
        pair("random", "evolution", 0.004, 1.0), pair("random", "ppo", 0.3, 0.8),
        pair("leader", "ppo", 0.012, -1.0), pair("leader", "random", 0.004, -1.0),
    ]  # fmt: skip
    assert said(ranked, pairs) == said(ranked, pairs[::-1])
    assert said(ranked, pairs).startswith("evolution wins")


def test_equal_medians_say_nothing_against_the_test() -> None:
    ranked = [row("evolution", 0.76), row("ppo", 0.74), row("random", 0.74)]
    text = said(
        ranked,
        [
            pair("random", "evolution", 0.01, 1.0), pair("random", "ppo", 0.02, 0.8),
            pair("leader", "ppo", 0.01, -1.0), pair("leader", "random", 0.01, -1.0),
        ],
    )  # fmt: skip
    assert text.endswith("2 of 2 strategies beat random search (adjusted p at most 0.02).")
