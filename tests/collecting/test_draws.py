"""Which architectures are drawn: pinned, as tables grow by the same seed; and how they change."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench_mobile.collecting import sampling
from nasbench_mobile.collecting.sampling import draw
from nasbench_mobile.errors import UsageError
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.types import Tokens

SPACE, COARSE = MnasNetSpace(), MnasNetCoarseSpace()
CENTRES = [SPACE.canonical((k, 0, 0, 1, k % 3, 1) * 7) for k in (1, 3)]


def changed(tokens: Tokens) -> int:
    """In how many tokens it differs from the nearer centre."""
    return min(sum(a != b for a, b in zip(tokens, one, strict=True)) for one in CENTRES)


def test_the_i_th_is_of_seed_and_i_alone() -> None:
    samples = draw(SPACE, 4, 11)
    for index, sample in enumerate(samples):
        rng = np.random.default_rng([11, index])
        assert sample.tokens == SPACE.canonical(SPACE.sample(rng))
    assert {sample.origin for sample in samples} == {"uniform"}


def test_a_known_network_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a space listed by draws alone, all 108 are found, each once."""
    monkeypatch.setattr(sampling, "ENUMERABLE", 107)
    samples = draw(COARSE, 1000, 3)
    assert len(samples) == len({sample.tokens for sample in samples}) == 108
    assert {sample.origin for sample in samples} == {"uniform"}


def test_the_largest_space_that_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "ENUMERABLE", 108)
    assert {sample.origin for sample in draw(COARSE, 5, 3)} == {"all"}


def test_a_share_is_at_most_all() -> None:
    with pytest.raises(UsageError, match="a share in"):
        draw(SPACE, 3, 0, CENTRES, 1.01)


def test_a_small_space_is_a_permutation_by_seed() -> None:
    every = [sample.tokens for sample in draw(COARSE, 108, 5)]
    order = np.random.default_rng(5).permutation(108)
    assert every == [sorted(every)[place] for place in order]
    assert [sample.tokens for sample in draw(COARSE, 7, 5)] == every[:7]


@pytest.mark.parametrize(("share", "near"), [(1.0, range(8)), (0.25, [3, 7]), (0.4, [2, 4, 7])])
def test_the_share_around_is_spread_evenly(share: float, near: object) -> None:
    samples = draw(SPACE, 8, 0, CENTRES, share)
    assert [k for k, s in enumerate(samples) if s.origin == "around"] == list(near)  # type: ignore[call-overload]


def test_around_a_network_three_tokens_are_drawn_anew_on_average() -> None:
    """One at least; one in 42 otherwise drawn with a chance of 3 in 42."""
    rng = np.random.default_rng(0)
    count = 4000
    mutants = [sampling._mutated(SPACE, rng, [CENTRES[0]]) for _ in range(count)]
    differ = np.array([[a != b for a, b in zip(t, CENTRES[0], strict=True)] for t in mutants])
    # A token is drawn anew with chance 1 - (1 - 3/42)(1 - 1/42), and then another with 1 - 1/c.
    drawn = 1 - (1 - 3 / 42) * (1 - 1 / 42)
    wanted = np.array([drawn * (1 - 1 / d.cardinality) for d in SPACE.decisions])
    assert np.abs(differ.mean(axis=0) - wanted).max() < 6 * np.sqrt(0.1 * 0.9 / count)
    assert differ.sum(axis=1).mean() == pytest.approx(wanted.sum(), abs=0.15)
    values = {t[4] for t in mutants}
    assert values == {0, 1, 2}


def test_every_given_network_is_drawn_around() -> None:
    samples = draw(SPACE, 40, 1, CENTRES, 1.0)
    nearest = [
        min(range(2), key=lambda k: sum(a != b for a, b in zip(s.tokens, CENTRES[k], strict=True)))
        for s in samples
    ]
    assert min(nearest.count(0), nearest.count(1)) >= 5
    assert max(changed(sample.tokens) for sample in samples) < 15


def test_it_gives_up_where_no_new_network_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_mutated", lambda space, rng, around: around[0])
    with pytest.raises(UsageError, match="1000 draws found no network .* among the 1 drawn"):
        draw(SPACE, 2, 0, CENTRES[:1], 1.0)
