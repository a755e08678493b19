"""Optuna's multivariate TPE over tokens, as Optuna runs it and the same proposals much faster."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import optuna
from numpy.typing import NDArray

from nasbench_mobile.strategies._optuna_study import MemoryStudy

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

CHECKED_VERSION = "5.0.0"
"""The version of Optuna whose proposals `FastTPE` is tested to repeat."""


class TPE(Protocol):
    """One trial at a time; numbers count up from 0, known trials not among them."""

    def add(self, tokens: Sequence[int], reward: float | None) -> None:
        """A trial known from elsewhere, before the first ask; a reward of None if it failed."""

    def ask(self) -> list[int]:
        """Tokens of the next trial."""

    def tell(self, number: int, reward: float | None) -> None:
        """The reward of a trial; None if it failed."""


class StockTPE:
    """A study in memory under `TPESampler(multivariate=True)`."""

    def __init__(
        self, cardinalities: Sequence[int], seed: int, n_startup_trials: int, n_ei_candidates: int
    ) -> None:
        sampler = optuna.samplers.TPESampler(
            multivariate=True,
            n_startup_trials=n_startup_trials,
            n_ei_candidates=n_ei_candidates,
            seed=seed,
        )
        self._study = MemoryStudy(cardinalities, sampler, ["maximize"])

    def add(self, tokens: Sequence[int], reward: float | None) -> None:
        self._study.add(tokens, None if reward is None else [reward])

    def ask(self) -> list[int]:
        return self._study.ask()

    def tell(self, number: int, reward: float | None) -> None:
        self._study.tell(number, None if reward is None else [reward])


class FastTPE:
    """The proposals of `StockTPE`, bit for bit, from a matrix of tokens kept between asks.

    Stock Optuna reads, splits and converts all trials anew for every ask. Here the tokens of all
    trials stand in one matrix and the finished ones in a list sorted by (loss, number), which has
    the tie rule of Optuna's stable sort. The arithmetic is that of `_ParzenEstimator` and
    `_MixtureOfProductDistribution` of Optuna 5.0.0 (optuna/samplers/_tpe), the same floating-point
    operations in the same order, with three savings that change no bit: the kernel of a trial
    takes one of c + 1 forms at a decision of c values, so logarithms are taken of a small table and
    looked up; equal candidates are scored once; candidates that agree in their first tokens share
    the partial sums of those.

    Failed trials are invisible and running ones count as bad, as in Optuna (constant liar).
    """

    def __init__(
        self, cardinalities: Sequence[int], seed: int, n_startup_trials: int, n_ei_candidates: int
    ) -> None:
        from optuna.samplers._tpe.sampler import default_gamma, default_weights

        self._gamma, self._weights = default_gamma, default_weights
        counts = np.asarray(cardinalities)
        self._total = len(counts)
        self._free = np.flatnonzero(counts > 1)  # Optuna draws nothing where there is no choice
        counts = counts[self._free]
        self._groups = [(int(c), np.flatnonzero(counts == c)) for c in np.unique(counts)]
        self._n_startup_trials = n_startup_trials
        self._n_candidates = n_ei_candidates
        self._rng = np.random.RandomState(seed)
        self._startup_rng = np.random.RandomState(seed)
        # One row per free decision, one column per trial and a spare one for the prior.
        self._tokens: Ints = np.zeros((len(counts), 1024), dtype=np.intp)
        self._bad = np.zeros(1024, dtype=bool)  # finished outside the best, or running
        self._finished: list[tuple[float, int]] = []  # (loss, number), best first
        self._n_below = 0
        self._asked = 0
        self._known = 0

    def add(self, tokens: Sequence[int], reward: float | None) -> None:
        self._record(np.asarray(tokens, dtype=np.intp)[self._free])
        self._finish(self._known, reward)
        self._known += 1

    def ask(self) -> list[int]:
        if not len(self._free):
            free = np.empty(0, dtype=np.intp)
        elif len(self._finished) < self._n_startup_trials:
            free = self._startup()
        else:
            free = self._relative()
        self._record(free)
        tokens = np.zeros(self._total, dtype=np.intp)
        tokens[self._free] = free
        return [int(token) for token in tokens]

    def tell(self, number: int, reward: float | None) -> None:
        self._finish(self._known + number, reward)

    def _finish(self, number: int, reward: float | None) -> None:
        """`number` is that of the column."""
        self._bad[number] = False
        if reward is not None:
            insort(self._finished, (-reward, number))
            self._bad[number] = True
            wanted = min(self._gamma(len(self._finished)), len(self._finished))
            # The best are the first of the list: at most one trial enters and one leaves.
            for _, other in self._finished[: self._n_below + 1]:
                self._bad[other] = True
            for _, other in self._finished[:wanted]:
                self._bad[other] = False
            self._n_below = wanted

    def _record(self, free: Ints) -> None:
        if self._asked + 1 >= self._tokens.shape[1]:
            self._tokens = np.concatenate([self._tokens, np.zeros_like(self._tokens)], axis=1)
            self._bad = np.concatenate([self._bad, np.zeros_like(self._bad)])
        self._tokens[:, self._asked] = free
        self._bad[self._asked] = True
        self._asked += 1

    def _startup(self) -> Ints:
        """`RandomSampler`: the largest of c uniform numbers, decision by decision."""
        counts = np.zeros(len(self._free), dtype=np.intp)
        for cardinality, places in self._groups:
            counts[places] = cardinality
        draws = self._startup_rng.rand(int(counts.sum()))
        pieces = np.split(draws, np.cumsum(counts)[:-1])
        return np.array([piece.argmax() for piece in pieces], dtype=np.intp)

    def _relative(self) -> Ints:
        """`TPESampler._sample`: the candidate with the largest ratio of the two densities."""
        below = _Mixture(
            self._kernels(np.sort([n for _, n in self._finished[: self._n_below]])),
            self._groups,
            self._weights,
        )
        above = _Mixture(
            self._kernels(np.flatnonzero(self._bad[: self._asked])), self._groups, self._weights
        )
        candidates = below.sample(self._rng, self._n_candidates)
        distinct, inverse = np.unique(candidates, axis=0, return_inverse=True)
        gain = below.log_pdf(distinct) - above.log_pdf(distinct)
        # Over all candidates, for the first of equals to win as in Optuna.
        best: Ints = candidates[int(np.argmax(gain[inverse.reshape(-1)]))]
        return best

    def _kernels(self, numbers: NDArray[np.integer]) -> Ints:
        """Tokens of the trials, (free decisions, trials), in the order of their numbers."""
        return self._tokens.take(numbers, axis=1)


class _Mixture:
    """A weighted mixture of one kernel per trial and one uniform prior kernel, the last.

    `tokens` is (decisions, trials); `groups` has each cardinality with the decisions that have it.
    """

    def __init__(
        self,
        tokens: Ints,
        groups: Sequence[tuple[int, Ints]],
        weights: Callable[[int], Floats],
    ) -> None:
        decisions, trials = tokens.shape
        self._groups = groups
        self._weights = _normalised(weights, trials)
        self._kernels = np.empty((decisions, trials + 1), dtype=np.intp)
        self._kernels[:, :-1] = tokens
        for cardinality, places in groups:
            self._kernels[places, -1] = cardinality  # the prior's form is the table's last row
        self._tables = [_kernel_forms(cardinality, trials + 1) for cardinality, _ in groups]

    def sample(self, rng: np.random.RandomState, size: int) -> Ints:
        """Tokens (size, decisions): a kernel each, then a value of each decision from it."""
        active = rng.choice(len(self._weights), p=self._weights, size=size)
        quantiles = rng.rand(len(self._kernels), size)  # the stream of one draw per decision
        samples = np.empty((size, len(self._kernels)), dtype=np.intp)
        for (_, places), table in zip(self._groups, self._tables, strict=True):
            cumulated = np.cumsum(table, axis=1)
            cumulated[:, -1] = 1
            forms = self._kernels[places][:, active]
            samples[:, places] = np.sum(
                cumulated[forms] < quantiles[places][:, :, np.newaxis], axis=2
            ).T
        return samples

    def log_pdf(self, samples: Ints) -> Floats:
        """Log-density of each of `samples` (count, decisions), which must be sorted."""
        rows = self._log_rows()
        sums = np.empty((len(rows), len(self._weights)))  # after each decision, one sample at once
        totals = np.empty((len(samples), len(self._weights)))
        for k, (sample, shared) in enumerate(zip(samples, _shared_prefixes(samples), strict=True)):
            for place in range(shared, len(rows) - 1):
                row = rows[place][sample[place]]
                if place == 0:
                    sums[0] = row
                else:
                    np.add(sums[place - 1], row, out=sums[place])
            last = rows[-1][sample[-1]]
            if len(rows) > 1:
                np.add(sums[len(rows) - 2], last, out=totals[k])
            else:
                totals[k] = last
        totals += np.log(self._weights[np.newaxis])
        highest = totals.max(axis=1)
        totals -= highest[:, np.newaxis]
        densities: Floats = np.log(np.exp(totals, out=totals).sum(axis=1)) + highest
        return densities

    def _log_rows(self) -> list[Floats]:
        """For each decision (values, kernels): the log-probability of a value under a kernel."""
        rows: list[Floats] = [np.empty(0)] * len(self._kernels)
        for (_, places), table in zip(self._groups, self._tables, strict=True):
            forms = np.ascontiguousarray(np.log(table).T)
            for place, kernels in zip(places, self._kernels[places], strict=True):
                rows[place] = forms.take(kernels, axis=1)
        return rows


def _kernel_forms(cardinality: int, n_kernels: int) -> Floats:
    """Probabilities (form, value): form k < c of a trial with value k, form c of the prior.

    As in `_ParzenEstimator._calculate_categorical_distributions` with a prior weight of 1.
    """
    if n_kernels == 1:
        return np.full((cardinality + 1, cardinality), 1.0 / cardinality)
    table = np.full((cardinality + 1, cardinality), fill_value=1.0 / n_kernels)
    each = np.arange(cardinality)
    table[each, each] += 1
    table /= table.sum(axis=1, keepdims=True)
    return table


def _normalised(weights: Callable[[int], Floats], trials: int) -> Floats:
    """The mixture's weights, the prior's (1) last: newer trials weigh more."""
    if trials == 0:
        return np.array([1.0])
    values: Floats = np.append(weights(trials), [1.0])
    values /= values.sum()
    return values


def _shared_prefixes(rows: Ints) -> list[int]:
    """How many leading values each row shares with the row before it (the first: none)."""
    differ = rows[1:] != rows[:-1]
    return [0, *(int(place) for place in differ.argmax(axis=1))]
