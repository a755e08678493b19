"""How well a model ranks: among all held-out architectures and among the best of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt
from scipy import stats

from nasbench_mobile.tables.noise_study import NoiseStudy, tau_ceiling

Floats = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]
Select: TypeAlias = Callable[[Floats], Chosen]
"""Which architectures are of a group, by their labels, shape (N,)."""

WANTED_SHARE = 0.7
"""The share of the ceiling that a good surrogate reaches: our choice."""

REPEATED = 3
"""How many seeds a label has that counts as repeated."""

LEAST = 5
"""The fewest architectures for which Kendall's tau is given."""

JUDGED = ("held out", "held out, top quarter")
"""The groups that decide whether a surrogate is good."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out architectures: predictions, labels and seeds of each label, all of shape (N,)."""

    predicted: Floats
    labels: Floats
    seeds: Floats
    multiply_adds: Floats


class RankQuality(TypedDict):
    """How well a model ranks a group of architectures, four digits."""

    architectures: int
    kendall_tau: float
    ceiling: float
    """What a perfect model would reach against labels of this noise, on average (`tau_ceiling`)."""
    share_of_ceiling: float | None
    """None where the ceiling is 0."""
    multiply_adds_tau: float
    """Kendall's tau of multiply-adds alone."""


def rank_quality(held: HeldOut, study: NoiseStudy) -> dict[str, RankQuality]:
    """How well a model ranks, by group.

    Groups are all, the top quarter and decile by label, and those with labels of three seeds or
    more, where there are at least five.
    """
    repeated = held.seeds >= REPEATED
    groups: dict[str, Select] = {
        "held out": _all,
        "held out, top quarter": _top(0.25),
        "held out, top decile": _top(0.1),
    }
    found = {name: _group(held, study, select) for name, select in groups.items()}
    if 0 < repeated.sum() < len(repeated):
        part = HeldOut(*(getattr(held, name)[repeated] for name in HeldOut.__dataclass_fields__))
        found["held out, three seeds"] = _group(part, study, _all)
    return {name: figures for name, figures in found.items() if figures is not None}


def verdict(ranks: dict[str, RankQuality]) -> str | None:
    """Why a surrogate is not good; None where it is."""
    for name in JUDGED:
        group = ranks.get(name)
        if group is None:
            return f"{name}: fewer than {LEAST} architectures; collect more"
        tau = group["kendall_tau"]
        if not tau > group["multiply_adds_tau"]:
            return (
                f"{name}: it ranks no better (Kendall tau {tau:.3f}) than multiply-adds alone "
                f"({group['multiply_adds_tau']:.3f})"
            )
        if not tau >= WANTED_SHARE * group["ceiling"]:
            return (
                f"{name}: Kendall tau {tau:.3f} is less than {WANTED_SHARE:.0%} of the "
                f"{group['ceiling']:.3f} that the labels' noise allows"
            )
    return None


def _group(held: HeldOut, study: NoiseStudy, select: Select) -> RankQuality | None:
    kept = select(held.labels)
    if kept.sum() < LEAST:
        return None
    labels = held.labels[kept]
    tau = _tau(held.predicted[kept], labels)
    ceiling = tau_ceiling(held.labels, study, held.seeds, select)
    by_cost = _tau(held.multiply_adds[kept], labels)
    return {
        "architectures": int(kept.sum()),
        "kendall_tau": round(tau, 4),
        "ceiling": round(ceiling, 4),
        "share_of_ceiling": round(tau / ceiling, 4) if ceiling > 0 else None,
        "multiply_adds_tau": round(by_cost, 4),
    }


def _tau(first: Floats, second: Floats) -> float:
    """Kendall's tau-b; 0 where one of them is constant, which ranks nothing."""
    return float(np.nan_to_num(stats.kendalltau(first, second).statistic))


def _all(labels: Floats) -> Chosen:
    return np.ones(len(labels), bool)


def _top(share: float) -> Select:
    return lambda labels: np.asarray(labels >= np.quantile(labels, 1 - share))
