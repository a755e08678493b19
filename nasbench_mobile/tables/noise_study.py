"""How much of a table is noise: the spread between seeds beside that between architectures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, final

import numpy as np
import numpy.typing as npt
from scipy import stats

from nasbench_mobile.errors import UsageError

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2_000
"""Bootstrap resamples of the architectures: our choice, ends of intervals are then stable to two
digits."""

SEED = 5
"""The seed of the bootstrap and of the simulated labels, so that a study gives one answer."""

TOLERATED = 1 / 3
"""Largest ratio of seed noise to the spread between architectures with which a table is taken to
rank: our choice, Kendall's tau between two trainings of normally spread architectures is then
0.71."""

DRAWS = 1_000
"""How many sets of labels a ceiling simulates: our choice, its standard error is below 0.003."""

Interval = tuple[float, float]


@final
class NoiseRecord(TypedDict):
    """A `NoiseStudy` as JSON values of six digits; what is infinite is None."""

    architectures: int
    repeated: int
    trainings: int
    seed_sd: float | None
    seed_sd_interval: list[float | None]
    spread_sd: float | None
    spread_sd_interval: list[float | None]
    ratio: float | None
    ratio_interval: list[float | None]
    label_sd: float | None
    label_ratio: float | None
    label_ratio_interval: list[float | None]
    tolerated: float | None
    ranks: bool


@dataclass(frozen=True, slots=True)
class NoiseStudy:
    """The standard deviations of accuracy (fractions) with 95 % intervals.

    `seed_sd` is that between seeds of one architecture (pooled; interval from chi-square),
    `spread_sd` that between architectures' true accuracies: the square root of the variance of
    first-seed accuracies less `seed_sd` squared. `ratio` is seed_sd / spread_sd: how far one
    training ranks. `label_sd` is the noise of what a table is used with, means over the seeds of
    each architecture (seed_sd times the root of the mean of 1 / seeds), and `label_ratio` that over
    spread_sd. Intervals of all but the first are percentiles over resampled architectures.
    """

    architectures: int
    repeated: int
    trainings: int
    seed_sd: float
    seed_sd_interval: Interval
    spread_sd: float
    spread_sd_interval: Interval
    ratio: float
    ratio_interval: Interval
    label_sd: float
    label_ratio: float
    label_ratio_interval: Interval

    @property
    def ranks(self) -> bool:
        """Whether the ratio of the table's own accuracies, by its estimate, is tolerable."""
        return self.label_ratio <= TOLERATED

    def record(self) -> NoiseRecord:
        """JSON values, six digits; an infinite bound is None."""
        return {
            "architectures": self.architectures,
            "repeated": self.repeated,
            "trainings": self.trainings,
            "seed_sd": _json(self.seed_sd),
            "seed_sd_interval": list(map(_json, self.seed_sd_interval)),
            "spread_sd": _json(self.spread_sd),
            "spread_sd_interval": list(map(_json, self.spread_sd_interval)),
            "ratio": _json(self.ratio),
            "ratio_interval": list(map(_json, self.ratio_interval)),
            "label_sd": _json(self.label_sd),
            "label_ratio": _json(self.label_ratio),
            "label_ratio_interval": list(map(_json, self.label_ratio_interval)),
            "tolerated": _json(TOLERATED),
            "ranks": self.ranks,
        }


def noise_study(accuracies: Sequence[Sequence[float]]) -> NoiseStudy:
    """Study the accuracies of every architecture, one per seed, the first seed first.

    `UsageError` where there are fewer than three architectures or fewer than two have two seeds.
    """
    groups = [np.asarray(group, float) for group in accuracies if len(group)]
    repeated = [group for group in groups if len(group) > 1]
    if len(groups) < 3 or len(repeated) < 2:
        raise UsageError(
            f"noise cannot be told from {len(groups)} architectures, {len(repeated)} of them "
            "trained with several seeds; collect more with `collect --repeat-first 20`"
        )
    squares, freedom = _within(groups)
    first = np.array([float(group[0]) for group in groups])
    seed_sd = math.sqrt(squares.sum() / freedom.sum())
    spread_sd = _spread(first, seed_sd)
    label_sd = seed_sd * _share(freedom)
    spreads, ratios, label_ratios = _resampled(first, squares, freedom)
    return NoiseStudy(
        architectures=len(groups),
        repeated=len(repeated),
        trainings=sum(map(len, groups)),
        seed_sd=seed_sd,
        seed_sd_interval=_chi_square(float(squares.sum()), int(freedom.sum())),
        spread_sd=spread_sd,
        spread_sd_interval=_percentiles(spreads),
        ratio=_ratio(seed_sd, spread_sd),
        ratio_interval=_percentiles(ratios),
        label_sd=label_sd,
        label_ratio=_ratio(label_sd, spread_sd),
        label_ratio_interval=_percentiles(label_ratios),
    )


def pooled_sd(accuracies: Sequence[Sequence[float]]) -> float | None:
    """Standard deviation between seeds of one network, over all of them; None without two seeds."""
    squares, freedom = _within([np.asarray(group, float) for group in accuracies if len(group)])
    return math.sqrt(squares.sum() / freedom.sum()) if freedom.sum() else None


Select = Callable[[Floats], npt.NDArray[np.bool_]]


def tau_ceiling(
    values: Floats, study: NoiseStudy, seeds: npt.ArrayLike, select: Select | None = None
) -> float:
    """Kendall's tau-b that a perfect model would reach, on average, against noisy labels.

    `values`, shape (N,), are measured accuracies. Drawn towards their mean until they have the
    study's spread, they stand for the true ones; labels are those plus normal noise of the mean of
    `seeds` seeds (one number, or one each). `select` keeps the labels that are looked at, a top
    quarter say, by the labels. 0 where the study found no spread.
    """
    if not study.spread_sd:
        return 0.0
    rng = np.random.default_rng(SEED)
    sd = float(values.std(ddof=1))
    true = values.mean() + (values - values.mean()) * min(1.0, study.spread_sd / sd)
    noise = study.seed_sd / np.sqrt(np.asarray(seeds, float))
    taus = []
    for _ in range(DRAWS):
        labels = true + rng.normal(0.0, noise, len(true))
        kept = slice(None) if select is None else select(labels)
        taus.append(stats.kendalltau(true[kept], labels[kept]).statistic)
    return float(np.nanmean(taus))


def _within(groups: Sequence[Floats]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The sum of squared deviations from each network's mean, and the degrees of freedom."""
    squares = np.array([float(((g - g.mean()) ** 2).sum()) for g in groups])
    return squares, np.array([len(group) - 1 for group in groups])


def _spread(first: Floats, seed_sd: float) -> float:
    return math.sqrt(max(0.0, float(first.var(ddof=1)) - seed_sd**2))


def _share(freedom: npt.NDArray[np.int64]) -> float:
    """The noise of means over seeds as a part of one seed's, over architectures."""
    return math.sqrt(float(np.mean(1.0 / (freedom + 1))))


def _ratio(seed_sd: float, spread_sd: float) -> float:
    return seed_sd / spread_sd if spread_sd else math.inf


def _chi_square(squares: float, freedom: int) -> Interval:
    """Interval of a standard deviation: squares / variance is chi-square distributed."""
    tail = (1 - CONFIDENCE) / 2
    low, high = stats.chi2.ppf([1 - tail, tail], freedom)
    return math.sqrt(squares / low), math.sqrt(squares / high)


def _resampled(
    first: Floats, squares: Floats, freedom: npt.NDArray[np.int64]
) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(SEED)
    spreads, ratios, label_ratios = [], [], []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(first), size=len(first))
        if not freedom[drawn].sum():
            continue  # none with two seeds among them: says nothing
        seed_sd = math.sqrt(squares[drawn].sum() / freedom[drawn].sum())
        spreads.append(_spread(first[drawn], seed_sd))
        ratios.append(_ratio(seed_sd, spreads[-1]))
        label_ratios.append(_ratio(seed_sd * _share(freedom[drawn]), spreads[-1]))
    return spreads, ratios, label_ratios


def _percentiles(values: Sequence[float]) -> Interval:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values, [tail, 100 - tail], method="nearest")
    return float(low), float(high)


def _json(value: float) -> float | None:
    if isinstance(value, int):
        return value
    return round(value, 6) if math.isfinite(value) else None
