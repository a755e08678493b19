"""What the runs of a comparison would pick, and whether its verdict survives another training."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.collecting.retrained import RetrainedRank
from nasbench_mobile.errors import UsageError
from nasbench_mobile.metrics.anytime import best
from nasbench_mobile.metrics.columns import columns
from nasbench_mobile.metrics.statistics import bootstrap_interval, holm, wilcoxon
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.runs.run import Run
from nasbench_mobile.types import Tokens

BASELINE = "random"
"""The strategy that the others are set against, as in every comparison."""


@dataclass(frozen=True, slots=True)
class Pick:
    """The architecture of highest reward in a run; `tokens` are those of the space's home."""

    strategy: str
    seed: int
    tokens: Tokens


def picks(space: SearchSpace, runs: Sequence[Run]) -> list[Pick]:
    """One per run, in their order.

    `UsageError` where a run is of another space, is not finished, or found nothing.
    """
    return [_pick(space, run) for run in runs]


def _pick(space: SearchSpace, run: Run) -> Pick:
    header = run.header
    words = f"the run of {header.strategy.label} with seed {header.seed}"
    there = header.benchmark["space"]
    if (there["name"], there["options"]) != (space.name, space.options):
        raise UsageError(
            f"{words} is on space {there['name']!r} with options {there['options']}, not on "
            f"{space.name!r} with {space.options}; give --space as it was there"
        )
    if not run.finished:
        raise UsageError(f"{words} is not finished; run `nasbench-mobile resume` first")
    position = best(columns(run))
    if position is None:
        raise UsageError(f"{words} found nothing that could be evaluated, so it has no pick")
    tokens = Architecture(space, run.trials[position].tokens).home.tokens
    return Pick(header.strategy.label, header.seed, tokens)


class Gain(TypedDict):
    """The mean reward less that of random search on the same seeds; None where there is none."""

    gain: float | None
    gain_interval: list[float] | None
    """Its 95 % bootstrap interval; None of too few seeds too."""
    p: float | None
    """Wilcoxon's over these pairs, corrected by Holm over the strategies."""


class RetrainedStrategy(Gain):
    """What a strategy's picks are worth; rewards are means over its seeds."""

    strategy: str
    seeds: int
    table_reward: float
    reward: float
    """That of the new trainings."""
    in_top: float
    """The share of picks in the top of the table."""


def retrained_strategies(
    chosen: Sequence[Pick], ranks: Sequence[RetrainedRank]
) -> list[RetrainedStrategy]:
    """What each strategy's picks are worth trained anew, and beside random search's.

    `ranks` are those of `retrained_ranks`. A row per strategy, the best first. `UsageError` where a
    pick was not trained again.
    """
    found = {tuple(row["tokens"]): row for row in ranks}
    groups: dict[str, dict[int, RetrainedRank]] = defaultdict(dict)
    for pick in chosen:
        if pick.tokens not in found:
            raise UsageError(
                f"{','.join(map(str, pick.tokens))}, picked by {pick.strategy} with seed "
                f"{pick.seed}, was not trained again; collect it with --picks"
            )
        groups[pick.strategy][pick.seed] = found[pick.tokens]
    baseline = groups.get(BASELINE, {})
    rows: list[RetrainedStrategy] = [
        {
            "strategy": strategy,
            "seeds": len(rows),
            "table_reward": _mean(row["table_reward"] for row in rows.values()),
            "reward": _mean(row["reward"] for row in rows.values()),
            "in_top": _mean(float(row["in_top"]) for row in rows.values()),
            **_gain(rows, baseline if strategy != BASELINE else {}),
        }
        for strategy, rows in groups.items()
    ]
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p"] = p
    return sorted(rows, key=lambda row: -row["reward"])


def _gain(rows: dict[int, RetrainedRank], baseline: dict[int, RetrainedRank]) -> Gain:
    seeds = sorted(rows.keys() & baseline.keys())
    if not seeds:
        return {"gain": None, "gain_interval": None, "p": None}
    own, other = ([part[seed]["reward"] for seed in seeds] for part in (rows, baseline))
    gains = [a - b for a, b in zip(own, other, strict=True)]
    interval = bootstrap_interval([gains], statistic=lambda values: values.mean(axis=-1))
    return {
        "gain": _mean(gains),
        "gain_interval": None if interval is None else list(interval),
        "p": wilcoxon(own, other).p,
    }


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)
