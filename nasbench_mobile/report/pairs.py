"""Each strategy against random search and against the leader, over paired seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench_mobile.metrics.statistics import a12, holm, wilcoxon
from nasbench_mobile.report.comparison import StrategyRuns
from nasbench_mobile.report.summary import Family, Pair


def pair_table(ranked: Sequence[StrategyRuns], baseline: StrategyRuns | None) -> list[Pair]:
    """Rows of `strategy` against a control, `ranked` best first; `baseline` is random search.

    Two families, each with Holm's correction of its own (comparisons with a control: Demsar 2006,
    section 3.2.2): against the plain random strategy, and against the leader. The leader was
    chosen by the same data, so the p-values of its family are a little too small.
    """
    rows: list[Pair] = []
    if baseline is not None and baseline in ranked:
        rows += _family("random", baseline, ranked)
    if ranked:
        rows += _family("leader", ranked[0], ranked)
    return rows


def _family(family: Family, control: StrategyRuns, ranked: Sequence[StrategyRuns]) -> list[Pair]:
    rows = [_pair(family, group, control) for group in ranked if group is not control]
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = adjusted
    return rows


def _pair(family: Family, group: StrategyRuns, control: StrategyRuns) -> Pair:
    own = {scored.seed: scored.best_reward for scored in group.scored}
    other = {scored.seed: scored.best_reward for scored in control.scored}
    seeds = sorted(own.keys() & other.keys())
    first = np.array([own[seed] for seed in seeds])
    second = np.array([other[seed] for seed in seeds])
    test = wilcoxon(first, second)
    return {
        "family": family,
        "strategy": group.label,
        "against": control.label,
        "seeds": len(seeds),
        "wins": int((first > second).sum()),
        "ties": int((first == second).sum()),
        "losses": int((first < second).sum()),
        "median_difference": float(np.median(first - second)) if seeds else None,
        "p": test.p,
        "p_holm": None,
        "rank_biserial": test.rank_biserial,
        "a12": a12(first, second) if seeds else None,
        "note": test.note,
    }
