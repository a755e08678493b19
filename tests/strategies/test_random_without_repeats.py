"""A permutation of the space, uniform over permutations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import chisquare

from nasbench_mobile.strategies._shuffle import Shuffle
from nasbench_mobile.strategies.random_without_repeats import RandomWithoutRepeats
from nasbench_mobile.types import Decision, Tokens

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((2, 3, 7))]
EVERY = set(itertools.product(range(2), range(3), range(7)))


@pytest.mark.parametrize("cut", [1, 5, 64])
def test_the_whole_space_once_and_then_nothing(cut: int) -> None:
    search, rows = RandomWithoutRepeats(DECISIONS, 3, 100), []
    while proposals := search.ask(cut):
        rows += [proposal.tokens for proposal in proposals]
    assert len(rows) == 42
    assert set(rows) == EVERY
    assert search.ask(cut) == []
    assert rows == [p.tokens for p in RandomWithoutRepeats(DECISIONS, 3, 100).ask(50)]


def test_every_permutation_is_equally_likely() -> None:
    orders: list[tuple[Tokens, ...]] = list(
        itertools.permutations(itertools.product(range(2), range(2)))
    )
    counts = np.zeros(len(orders))
    for seed in range(4800):
        counts[orders.index(tuple(Shuffle([2, 2], seed)))] += 1
    assert chisquare(counts).pvalue > 1e-4


def test_spaces_beyond_64_bits() -> None:
    search = RandomWithoutRepeats([Decision(f"d{k}", 5) for k in range(60)], 0, 300)
    rows = np.array([proposal.tokens for proposal in search.ask(300)])
    assert len(np.unique(rows, axis=0)) == 300
    assert chisquare(np.bincount(rows.ravel(), minlength=5)).pvalue > 1e-4
