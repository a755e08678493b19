"""Who wins, by how much, how sure: one or two sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nasbench_mobile.report.pairs import BASELINE

SIGNIFICANT = 0.05
"""Level of the verdict, on Holm's adjusted p: the customary one (Demsar 2006)."""


def verdict(summary: Mapping[str, Any]) -> str:
    """A plain reading of a `summary`; what it cannot know, it says."""
    ranked = [row for row in summary["strategies"] if row["best_reward"]["median"] is not None]
    if not ranked:
        return "No strategy has a finished trial yet, so there is nothing to compare."
    sentences = [_leader(ranked, summary["pairs"]), _against_random(ranked, summary["pairs"])]
    sentences.append(_power(summary["pairs"]))
    incomplete = sum(len(row["incomplete"]) for row in summary["strategies"])
    if incomplete:
        total = sum(len(row["seeds"]) for row in summary["strategies"])
        sentences.append(f"{incomplete} of {total} runs are incomplete, so this may change.")
    return " ".join(sentence for sentence in sentences if sentence)


def p_text(p: float | None) -> str:
    """`p = 0.012`, `p < 0.001` or `untested`."""
    if p is None:
        return "untested"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _leader(ranked: Sequence[Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]]) -> str:
    leader = ranked[0]
    reward = leader["best_reward"]
    figures = f"median best reward {reward['median']:.4f} over {_seeds(leader)}"
    if len(ranked) == 1:
        return f"Only {leader['label']} has results ({figures}): there is nothing to compare."
    second = ranked[1]
    others = {row["strategy"]: row for row in pairs if row["family"] == "leader"}
    gap = reward["median"] - second["best_reward"]["median"]
    relative = gap / second["best_reward"]["median"] if second["best_reward"]["median"] else 0.0
    told = (
        f"({figures}), {gap:+.4f} ({100 * relative:+.2f}%) ahead of {second['label']} "
        f"({second['best_reward']['median']:.4f})"
    )
    unsure = [row["strategy"] for row in others.values() if not _significant(row)]
    if not unsure:
        row = others[second["label"]]
        return (
            f"{leader['label']} wins {told}: it is better on {row['losses']} of {row['seeds']} "
            f"paired seeds (Wilcoxon with Holm, {p_text(row['p_holm'])}; A12 = "
            f"{1 - row['a12']:.2f})."
        )
    if all(others[label]["p"] is None for label in unsure):
        return f"{leader['label']} leads {told}, but {others[unsure[0]]['note']}."
    least = min(others[label]["p_holm"] for label in unsure if others[label]["p"] is not None)
    tied = "any of the others" if len(unsure) == len(others) > 1 else " and ".join(unsure)
    sure = "p" if len(unsure) == 1 else "each p"
    return (
        f"{leader['label']} leads {told}, but these seeds cannot tell it from {tied} "
        f"({sure} >= {least:.2g}, Wilcoxon with Holm)."
    )


def _against_random(ranked: Sequence[Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]]) -> str:
    rows = [row for row in pairs if row["family"] == "random"]
    if not any(row["label"] == BASELINE for row in ranked):
        return "Random search was not run, so there is no baseline." if len(ranked) > 1 else ""
    if len(rows) < 2 or all(row["p"] is None for row in rows):
        return ""  # of two strategies, the sentence about the leader has said it all
    better = [row for row in rows if _significant(row) and row["a12"] > 0.5]
    worse = [row["strategy"] for row in rows if _significant(row) and row["a12"] < 0.5]
    unclear = [row["strategy"] for row in rows if not _significant(row)]
    if len(unclear) == len(rows) > 1:
        return f"None of the {len(rows)} others is shown to beat random search."
    text = f"{len(better)} of {len(rows)} strategies beat random search"
    if better:
        text += f" (adjusted p at most {max(row['p_holm'] for row in better):.2g})"
    if unclear:
        text += f"; not shown for {', '.join(unclear)}"
    if worse:
        text += f"; random search beats {', '.join(worse)}"
    return text + "."


def _power(pairs: Sequence[Mapping[str, Any]]) -> str:
    """Says so where no outcome could be significant: the least exact p is 2 / 2**seeds."""
    for family in ("random", "leader"):
        tested = [row for row in pairs if row["family"] == family and row["p"] is not None]
        seeds = max((row["seeds"] for row in tested), default=0)
        if tested and len(tested) * 2 / 2**seeds >= SIGNIFICANT:
            needed = math.floor(math.log2(2 * len(tested) / SIGNIFICANT)) + 1
            return (
                f"{seeds} paired seeds are too few for {len(tested)} comparisons to be "
                f"significant whatever they show; use at least {needed}."
            )
    return ""


def _significant(row: Mapping[str, Any]) -> bool:
    return row["p_holm"] is not None and row["p_holm"] < SIGNIFICANT


def _seeds(row: Mapping[str, Any]) -> str:
    count = len(row["scored_seeds"])
    return f"{count} seed{'' if count == 1 else 's'}"
