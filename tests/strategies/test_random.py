"""Uniform, and the same however asks are cut."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from nasbench_mobile.strategies.random import RandomSearch
from nasbench_mobile.types import Decision, Proposal

DECISIONS = [Decision(f"d{k}", cardinality) for k, cardinality in enumerate((2, 3, 7))]


@pytest.mark.parametrize("cut", [1, 7, 50])
def test_proposals_do_not_depend_on_how_asks_are_cut(cut: int) -> None:
    whole = RandomSearch(DECISIONS, 3, 100).ask(100)
    search = RandomSearch(DECISIONS, 3, 100)
    pieces: list[Proposal] = []
    while len(pieces) < 100:
        pieces += search.ask(min(cut, 100 - len(pieces)))
    assert pieces == whole


def test_every_token_list_is_equally_likely() -> None:
    rows = np.array([proposal.tokens for proposal in RandomSearch(DECISIONS, 0, 1).ask(42_000)])
    counts = np.bincount(np.ravel_multi_index(tuple(rows.T), (2, 3, 7)), minlength=42)
    assert chisquare(counts).pvalue > 1e-4
