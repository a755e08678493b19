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
    """Optuna's TPE, one trial at a time; trials count up from 0, known ones not among them."""

    def add(self, tokens: Sequence[int], reward: float | None) -> None:
        """Take a trial known from elsewhere, before the first ask; reward None means that it
        failed.
        """

    def ask(self) -> list[int]:
        """The tokens of the next trial."""

    def tell(self, number: int, reward: float | None) -> None:
        """Take the reward of a trial; None means that it failed."""


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
    operations in the same order, with three savings that change no proposal: the kernel of a trial
    takes one of c + 1 forms at a decision of c values, so logarithms are taken of a small table and
    looked up; equal candidates are scored once; and of the bad trials' density, which costs the
    most, an estimate in single precision rules out all candidates that its error cannot make best,
    so that it is mostly not computed in full.

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
        # One row per trial, one column per value of each decision: 1 where the trial has it.
        self._offsets = np.cumsum(counts) - counts
        self._hot = np.zeros((1024, int(counts.sum())), dtype=np.float32)
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
            self._hot = np.concatenate([self._hot, np.zeros_like(self._hot)])
            self._bad = np.concatenate([self._bad, np.zeros_like(self._bad)])
        self._tokens[:, self._asked] = free
        self._hot[self._asked, self._offsets + free] = 1.0
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
        good = np.sort([number for _, number in self._finished[: self._n_below]])
        below = _Mixture(self._kernels(good), self._groups, self._weights)
        candidates = below.sample(self._rng, self._n_candidates)
        firsts = {row.tobytes(): k for k, row in reversed([*enumerate(candidates)])}
        distinct = candidates[sorted(firsts.values())]  # the first of equals wins, as in Optuna
        densities = below.log_pdf(distinct)
        bad = np.flatnonzero(self._bad[: self._asked])
        likely = self._likely(distinct, densities, bad)
        if len(likely) > 1:
            above = _Mixture(self._kernels(bad), self._groups, self._weights)
            gains = densities[likely] - above.log_pdf(distinct[likely])
            likely = likely[[int(np.argmax(gains))]]
        best: Ints = distinct[likely[0]]
        return best

    def _likely(self, samples: Ints, densities: Floats, bad: Ints) -> Ints:
        """The indices of the `samples` (count, decisions) that may have the largest ratio.

        `densities` (count,) are their log-densities among the good trials. Those among the bad
        ones are summed up in single precision by one matrix product over all trials.
        """
        weights = np.log(_normalised(self._weights, len(bad)))
        lookup = np.empty((len(samples), self._hot.shape[1]), dtype=np.float32)
        prior = np.full(len(samples), weights[-1])
        for cardinality, places in self._groups:
            table = np.log(_kernel_forms(cardinality, len(bad) + 1))[:, samples[:, places]]
            columns = self._offsets[places][:, np.newaxis] + np.arange(cardinality)
            lookup[:, columns] = table[:-1].transpose(1, 2, 0)
            prior += table[-1].sum(axis=1)
        of_trials = np.full(self._asked, -np.inf, dtype=np.float32)
        of_trials[bad] = weights[:-1]
        sums = lookup @ self._hot[: self._asked].T
        sums += of_trials
        highest = np.maximum(sums.max(axis=1), prior.astype(np.float32))
        sums -= highest[:, np.newaxis]
        total = np.exp(sums, out=sums).sum(axis=1) + np.exp(prior - highest)
        gains = densities - (np.log(total) + highest)
        # A sum of n terms is off by at most n roundings of n times the largest: twice that, twice.
        decisions = samples.shape[1]
        largest = max(float(np.abs(lookup).max()), 1.0)
        margin = 4.0 * decisions * float(np.finfo(np.float32).eps) * decisions * largest
        likely: Ints = np.flatnonzero(~(gains < gains.max() - margin))
        return likely

    def _kernels(self, numbers: NDArray[np.integer]) -> Ints:
        """The tokens of the trials, (free decisions, trials), in the order of their numbers."""
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
        """Log-density of each of `samples` (count, decisions)."""
        forms: list[Floats] = [np.empty(0)] * len(self._kernels)
        for (_, places), table in zip(self._groups, self._tables, strict=True):
            logs = np.log(table).T
            for place in places:
                forms[place] = logs[samples[:, place]]
        totals = np.zeros((len(samples), len(self._weights)))
        for kernels, form in zip(self._kernels, forms, strict=True):  # in Optuna's order
            totals += form.take(kernels, axis=1)
        totals += np.log(self._weights[np.newaxis])
        highest = totals.max(axis=1)
        totals -= highest[:, np.newaxis]
        densities: Floats = np.log(np.exp(totals, out=totals).sum(axis=1)) + highest
        return densities


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
