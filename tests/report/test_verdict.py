from typing import Any

from nasbench_mobile.report.verdict import verdict


def row(label: str, median: float | None, incomplete: int = 0, seeds: int = 10) -> dict[str, Any]:
    return {
        "label": label,
        "best_reward": {"median": median},
        "scored_seeds": list(range(seeds)),
        "seeds": list(range(seeds)),
        "incomplete": [{}] * incomplete,
    }


def pair(family: str, strategy: str, p: float | None, a12: float) -> dict[str, Any]:
    note = None if p is not None else "3 paired seeds are too few to test; use at least 6"
    return {
        "family": family, "strategy": strategy, "p": p, "p_holm": p, "a12": a12,
        "wins": 1, "losses": 9, "ties": 0, "seeds": 10, "note": note,
    }  # fmt: skip


def test_a_clear_winner_wins_by_how_much_and_how_sure() -> None:
    text = verdict({
        "strategies": [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)],
        "pairs": [
            pair("random", "evolution", 0.004, 0.99), pair("random", "ppo", 0.03, 0.8),
            pair("leader", "ppo", 0.012, 0.1), pair("leader", "random", 0.004, 0.01),
        ],
    })  # fmt: skip
    assert text.startswith("evolution wins (median best reward 0.7600 over 10 seeds), +0.0100")
    assert "(+1.33%) ahead of ppo" in text
    assert "better on 9 of 10 paired seeds (Wilcoxon with Holm, p = 0.012; A12 = 0.90)" in text
    assert "2 of 2 strategies beat random search (adjusted p at most 0.03)" in text


def test_a_lead_that_chance_explains_is_no_win() -> None:
    text = verdict({
        "strategies": [row("evolution", 0.76), row("random", 0.75)],
        "pairs": [pair("random", "evolution", 0.3, 0.6), pair("leader", "random", 0.3, 0.4)],
    })  # fmt: skip
    assert "wins" not in text
    assert "these seeds cannot tell it from random (p >= 0.3" in text
    assert "beat random search" not in text


def test_strategies_not_shown_to_beat_random_are_named() -> None:
    text = verdict({
        "strategies": [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.75)],
        "pairs": [
            pair("random", "evolution", 0.01, 0.9), pair("random", "ppo", 0.3, 0.6),
            pair("leader", "ppo", 0.3, 0.4), pair("leader", "random", 0.01, 0.1),
        ],
    })  # fmt: skip
    assert "1 of 2 strategies beat random search (adjusted p at most 0.01)" in text
    assert text.endswith("not shown for ppo.")


def test_too_few_seeds_missing_baseline_and_incomplete_runs_are_said() -> None:
    text = verdict({
        "strategies": [row("evolution", 0.76, seeds=3), row("ppo", 0.75, incomplete=2, seeds=3)],
        "pairs": [pair("leader", "ppo", None, 0.2)],
    })  # fmt: skip
    assert "wins" not in text
    assert "3 paired seeds are too few" in text
    assert "no baseline" in text
    assert "2 of 6 runs are incomplete" in text


def test_a_strategy_worse_than_random_is_named() -> None:
    text = verdict({
        "strategies": [row("random", 0.76), row("ppo", 0.75), row("evolution", 0.74)],
        "pairs": [
            pair(family, label, 0.01, 0.1)
            for family in ("random", "leader")
            for label in ("ppo", "evolution")
        ],
    })  # fmt: skip
    assert text.startswith("random wins")
    assert "random search beats ppo, evolution" in text


def test_nothing_to_compare() -> None:
    assert "nothing to compare" in verdict({"strategies": [row("ppo", None)], "pairs": []})
    alone = verdict({"strategies": [row("ppo", 0.7, seeds=1)], "pairs": []})
    assert "Only ppo has results (median best reward 0.7000 over 1 seed)" in alone


def test_seeds_that_cannot_show_anything_are_said() -> None:
    # least p over 6 pairs is 2 / 64 = 0.031; Holm takes it times 2; over 7 pairs 2 * 2 / 128
    rows = [pair("leader", label, 0.0625, 0.0) | {"seeds": 6} for label in ("ppo", "random")]
    ranked = [row("evolution", 0.76), row("ppo", 0.75), row("random", 0.74)]
    text = verdict({"strategies": ranked, "pairs": rows})
    assert "6 paired seeds are too few for 2 comparisons" in text
    assert "use at least 7" in text
    enough = verdict({"strategies": ranked, "pairs": [each | {"seeds": 7} for each in rows]})
    assert "too few" not in enough
