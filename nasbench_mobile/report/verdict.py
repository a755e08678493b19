"""The verdict: which strategy wins, by how much and how surely, in a few sentences.

Who is ahead is a matter of medians, who is better a matter of the test over paired seeds, and the
two may disagree. The direction of a claim is that of the tested statistic (`rank_biserial`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nasbench_mobile.metrics.statistics import EQUAL
from nasbench_mobile.report.notes import stopped_early
from nasbench_mobile.report.summary import Pair, StrategyRow, Summary
from nasbench_mobile.report.wording import counted, listed

SIGNIFICANT = 0.05
"""The level of the verdict, on Holm's adjusted p: the customary one (Demsar 2006)."""


def verdict(summary: Summary) -> str:
    """The verdict in words on a `summary`; it says what it cannot know."""
    rows, pairs = summary["strategies"], summary["pairs"]
    ranked = [row for row in rows if row["unranked"] is None]
    unfinished = sum(not run["failed"] for row in rows for run in row["incomplete"])
    sentences = [
        _first(ranked, pairs, so_far=unfinished > 0),
        _against_random(rows, pairs),
        _power(pairs) if len(ranked) > 1 else "",
        *(f"{row['label']} {row['unranked']}." for row in rows if row["unranked"]),
        *(f"{row['label']} {stopped_early(row, summary)}." for row in rows if row["unspent"]),
        _failed(rows),
        _unfinished(rows, unfinished),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def p_text(p: float | None) -> str:
    """`p = 0.012`, `p < 0.001` or `untested`; never rounded to the level that it is below."""
    if p is None:
        return "untested"
    if p < 0.001:
        return "p < 0.001"
    text = f"{p:.2g}"
    return f"p = {p:.3g}" if p < SIGNIFICANT <= float(text) else f"p = {text}"


def is_significant(row: Pair) -> bool:
    """Whether a pair's difference is shown; `rank_biserial` has its direction."""
    return row["p_holm"] is not None and row["p_holm"] < SIGNIFICANT


def _first(ranked: Sequence[StrategyRow], pairs: Sequence[Pair], *, so_far: bool) -> str:
    if not ranked:
        return "No strategy has a result to rank, so there is nothing to compare."
    leader = ranked[0]
    label, median = leader["label"], _known(leader["best_reward"]["median"])
    figures = f"median best reward {median:.4f} over {_seeds(leader)}"
    if len(ranked) == 1:
        return f"Only {label} has results ({figures}): there is nothing to compare."
    rivals = [row["label"] for row in ranked[1:]]
    found = {row["strategy"]: row for row in pairs if row["family"] == "leader"}
    against = [found[rival] for rival in rivals]
    level = [row["label"] for row in ranked[1:] if row["best_reward"]["median"] == median]
    doubts = _doubts(label, against, named=bool(level))
    if not doubts:
        verb = "leads so far" if so_far else "wins"  # what is missing may undo a win
        lead = f"the same as that of {listed(level)}" if level else _ahead(median, ranked[1])
        told = f"({figures}, {lead})" if level else f"({figures}), {lead}"
        first = against[0]
        shown = _shown(first["losses"], 1.0 - _known(first["a12"]), first)
        return f"{label} {verb} {told}: it is better {shown}."
    if all(row["note"] == EQUAL for row in against):
        return f"{listed([label, *rivals])} are equal on every seed ({figures})."
    if level:
        shared = f"{listed([label, *level])} share the highest median best reward ({median:.4f})"
        return f"{shared}: {'; '.join(doubts)}."
    if any(_beaten_by(row) for row in against):
        head = f"{label} has the highest {figures}, {_ahead(median, ranked[1])}"
    else:
        verb = "leads so far" if so_far else "leads"
        head = f"{label} {verb} ({figures}), {_ahead(median, ranked[1])}"
    return f"{head}, but {'; '.join(doubts)}."


def _ahead(median: float, second: StrategyRow) -> str:
    """`+0.0046 (+0.70%) ahead of ppo (0.6559)`; no percentage of a base that is not above 0."""
    base = _known(second["best_reward"]["median"])
    gap = median - base
    by = f"{gap:+.4f}" if gap >= 0.00005 else "less than 0.0001"
    relative = f" ({100 * gap / base:+.2f}%)" if base > 0.0 and gap >= 0.00005 else ""
    return f"{by}{relative} ahead of {second['label']} ({base:.4f})"


def _doubts(leader: str, against: Sequence[Pair], *, named: bool) -> list[str]:
    """Why the leader has not won; nothing where it is shown to be better than every other."""
    doubts = [
        f"{row['strategy']} is better than {leader} {_shown(row['wins'], _known(row['a12']), row)}"
        for row in against
        if _beaten_by(row)
    ]
    whom = leader if named else "it"
    equal = [row["strategy"] for row in against if row["note"] == EQUAL]
    unsure = [
        row for row in against
        if row["p"] is not None and row["note"] != EQUAL and not is_significant(row)
    ]  # fmt: skip
    if unsure:
        names = [row["strategy"] for row in unsure]
        others = "any of the others" if len(unsure) == len(against) > 1 else listed(names, "or")
        least = min(_known(row["p_holm"]) for row in unsure)
        sure = p_text(least) if len(unsure) == 1 or least >= 1.0 else f"each p >= {least:.2g}"
        doubts.append(f"these seeds cannot tell {whom} from {others} ({sure}, Wilcoxon with Holm)")
    if equal:
        verb = "is" if len(equal) == 1 else "are"
        doubts.append(f"{listed(equal)} {verb} equal to {whom} on every seed")
    return doubts + _untested(against)


def _untested(against: Sequence[Pair]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for row in against:
        if row["p"] is None:
            reasons.setdefault(str(row["note"]), []).append(row["strategy"])
    if any(len(names) == len(against) for names in reasons.values()):
        return list(reasons)
    return [
        f"{listed(names)} {'was' if len(names) == 1 else 'were'} not tested ({reason})"
        for reason, names in reasons.items()
    ]


def _beaten_by(row: Pair) -> bool:
    """Whether the pair's strategy is shown to be better than the leader."""
    return is_significant(row) and _known(row["rank_biserial"]) > 0.0


def _shown(wins: int, a12: float, row: Pair) -> str:
    return (
        f"on {wins} of {row['seeds']} paired seeds (Wilcoxon with Holm, {p_text(row['p_holm'])}; "
        f"A12 = {a12:.2f})"
    )


def _against_random(rows: Sequence[StrategyRow], pairs: Sequence[Pair]) -> str:
    medians = {row["label"]: row["best_reward"]["median"] for row in rows}
    baseline = next((row["label"] for row in rows if row["baseline"]), None)
    if baseline is None:
        return "Random search was not run, so there is no baseline." if len(rows) > 1 else ""
    found = [row for row in pairs if row["family"] == "random"]
    tested = [row for row in found if row["p"] is not None]
    if len(found) < 2 or not tested:
        return ""  # of two strategies, the sentence about the leader has said it all
    shown = [row for row in tested if is_significant(row)]
    better = [row for row in shown if _known(row["rank_biserial"]) > 0.0]
    worse = [row["strategy"] for row in shown if _known(row["rank_biserial"]) < 0.0]
    unclear = [row["strategy"] for row in tested if not is_significant(row)]
    if better:
        verb = "beats" if len(better) == 1 else "beat"
        sure = f"adjusted p at most {max(_known(row['p_holm']) for row in better):.2g}"
        parts = [f"{len(better)} of {len(found)} strategies {verb} random search ({sure})"]
    else:
        parts = [f"None of the {len(found)} others is shown to beat random search"]
    if unclear and better:
        parts.append(f"not shown for {listed(unclear)}")
    if worse:
        parts.append(f"random search beats {listed(worse)}")
    against_medians = [
        row["strategy"] for row in shown
        if (_known(medians[row["strategy"]]) - _known(medians[baseline]))
        * _known(row["rank_biserial"]) < 0.0
    ]  # fmt: skip
    if against_medians:
        parts.append(f"for {listed(against_medians)} the medians say the opposite")
    return "; ".join([*parts, *_untested(found)]) + "."


def _power(pairs: Sequence[Pair]) -> str:
    """Says so where no outcome could be significant: the least exact p is 2 / 2**seeds."""
    for family in ("random", "leader"):
        tested = [row for row in pairs if row["family"] == family and row["p"] is not None]
        seeds = max((row["seeds"] for row in tested), default=0)
        if tested and len(tested) * 2 / 2**seeds >= SIGNIFICANT:
            needed = math.floor(math.log2(2 * len(tested) / SIGNIFICANT)) + 1
            return (
                f"{seeds} paired seeds are too few for {counted(len(tested), 'comparison')} to be "
                f"significant whatever they show; use at least {needed}."
            )
    return ""


def _failed(rows: Sequence[StrategyRow]) -> str:
    """Name the failed runs of strategies that have others; another sentence tells of the rest."""
    if not any(run["failed"] for row in rows if not row["unranked"] for run in row["incomplete"]):
        return ""
    count = sum(run["failed"] for row in rows for run in row["incomplete"])
    what = "counts with what it" if count == 1 else "count with what they"
    return f"{count} of {_runs(rows)} failed and {what} had found."


def _unfinished(rows: Sequence[StrategyRow], count: int) -> str:
    if not count:
        return ""
    verb = "is" if count == 1 else "are"
    return f"{count} of {_runs(rows)} {verb} unfinished, so this may change."


def _runs(rows: Sequence[StrategyRow]) -> str:
    return counted(sum(len(row["seeds"]) for row in rows), "run")


def _seeds(row: StrategyRow) -> str:
    return counted(len(row["scored_seeds"]), "seed")


def _known(figure: float | None) -> float:
    """A figure of what was ranked or tested, which has one."""
    if figure is None:
        raise ValueError("a figure is missing of what was ranked or tested")
    return figure
